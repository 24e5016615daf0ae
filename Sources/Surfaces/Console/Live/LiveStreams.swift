import Kernel
import OpenAPI
import Synchronization

/// Counts the open event streams of the pages, so that none can exhaust the server.
final class LiveStreams: Sendable {
  private struct Counts {
    var all = 0
    var ofPrincipal: [ID<Principal>: Int] = [:]
  }

  /// One stream's place; given back when the last reference goes, however the stream ends.
  final class Seat: Sendable {
    private let streams: LiveStreams
    private let principal: ID<Principal>

    fileprivate init(_ streams: LiveStreams, _ principal: ID<Principal>) {
      self.streams = streams
      self.principal = principal
    }

    deinit { streams.give(principal) }
  }

  private let counts = Mutex(Counts())

  /// - Throws: `Problem.limited` when the principal or the server has as many as it may.
  func take(_ principal: ID<Principal>) throws(Problem) -> Seat {
    let isFree = counts.withLock { counts -> Bool in
      let own = counts.ofPrincipal[principal, default: 0]
      guard counts.all < Limits.streamsMax, own < Limits.streamsOfPrincipalMax else { return false }
      counts.all += 1
      counts.ofPrincipal[principal] = own + 1
      return true
    }
    guard isFree else { throw .limited(retryAfterSeconds: 30) }
    return Seat(self, principal)
  }

  /// How many are open.
  var count: Int { counts.withLock { $0.all } }

  private func give(_ principal: ID<Principal>) {
    counts.withLock { counts in
      counts.all -= 1
      let own = counts.ofPrincipal[principal, default: 1] - 1
      counts.ofPrincipal[principal] = own > 0 ? own : nil
    }
  }
}
