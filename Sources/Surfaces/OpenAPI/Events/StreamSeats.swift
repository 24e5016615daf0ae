import Kernel
import Synchronization

/// Counts the open event streams, of each principal and in all.
final class StreamSeats: Sendable {
  private struct Taken {
    var all = 0
    var ofPrincipal: [ID<Principal>: Int] = [:]
  }

  private let taken = Mutex(Taken())

  /// One stream's place; given back when the last reference goes, however the stream ends.
  final class Seat: Sendable {
    private let seats: StreamSeats
    private let principal: ID<Principal>

    fileprivate init(_ seats: StreamSeats, _ principal: ID<Principal>) {
      self.seats = seats
      self.principal = principal
    }

    deinit { seats.give(principal) }
  }

  /// - Throws: `Problem.limited` when the principal, or the server, has as many as it may.
  func take(_ principal: ID<Principal>) throws(Problem) -> Seat {
    let isFree = taken.withLock { taken -> Bool in
      let own = taken.ofPrincipal[principal, default: 0]
      guard taken.all < Limits.streamsMax, own < Limits.streamsOfPrincipalMax else { return false }
      taken.all += 1
      taken.ofPrincipal[principal] = own + 1
      return true
    }
    guard isFree else { throw .limited(retryAfterSeconds: 10) }
    return Seat(self, principal)
  }

  /// How many are open.
  var count: Int { taken.withLock { $0.all } }

  private func give(_ principal: ID<Principal>) {
    taken.withLock { taken in
      taken.all -= 1
      let own = taken.ofPrincipal[principal, default: 1] - 1
      taken.ofPrincipal[principal] = own == 0 ? nil : own
    }
  }
}
