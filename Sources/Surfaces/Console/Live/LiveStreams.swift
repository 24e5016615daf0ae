import OpenAPI
import Synchronization

/// Counts the open event streams of the pages, so that none can exhaust the server.
final class LiveStreams: Sendable {
  private struct Counts {
    var all = 0
    var ofPrincipal: [String: Int] = [:]
  }

  private let counts = Mutex(Counts())

  /// - Returns: false when the principal or the server has as many as it may.
  func open(_ principal: String) -> Bool {
    counts.withLock { counts in
      guard counts.all < Limits.streamsMax,
        counts.ofPrincipal[principal, default: 0] < Limits.streamsOfPrincipalMax
      else { return false }
      counts.all += 1
      counts.ofPrincipal[principal, default: 0] += 1
      return true
    }
  }

  func close(_ principal: String) {
    counts.withLock { counts in
      counts.all -= 1
      let left = counts.ofPrincipal[principal, default: 1] - 1
      counts.ofPrincipal[principal] = left > 0 ? left : nil
    }
  }

  /// How many are open.
  var count: Int { counts.withLock { $0.all } }
}
