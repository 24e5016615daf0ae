import Synchronization

/// Tells those who wait that the journal grew. Holds nothing back: each waiter keeps the newest number only.
final class JournalSignal: Sendable {
  /// The most waiters at once; a later one gets a stream that has ended, and goes on by polling.
  static let waitersMax = 10_000

  private struct State {
    var last: Int64 = 0
    var next: UInt64 = 0
    var waiters: [UInt64: AsyncStream<Int64>.Continuation] = [:]
  }

  private let state = Mutex(State())

  func changes() -> AsyncStream<Int64> {
    let (stream, continuation) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
    let key = state.withLock { state -> UInt64? in
      guard state.waiters.count < Self.waitersMax else { return nil }
      state.next += 1
      state.waiters[state.next] = continuation
      return state.next
    }
    guard let key else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.waiters.removeValue(forKey: key) }
    }
    return stream
  }

  /// Says that the journal has reached a number. Two commits may tell in the wrong order; the higher one stands.
  func send(_ sequence: Int64) {
    let (last, waiters) = state.withLock { state in
      state.last = max(state.last, sequence)
      return (state.last, Array(state.waiters.values))
    }
    for waiter in waiters { waiter.yield(last) }
  }

  /// The highest number told so far.
  var last: Int64 { state.withLock { $0.last } }
}
