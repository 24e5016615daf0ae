package import Kernel
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: Sendable {
  private struct State {
    var now: Instant
    var next: UInt64 = 0
    var sleepers: [UInt64: Sleeper] = [:]
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private struct Sleeper {
    let until: Instant
    let continuation: CheckedContinuation<Void, any Error>
  }

  private let state: Mutex<State>

  /// - Parameter now: 2026-11-23T06:32:08Z unless told otherwise.
  package init(now: Instant = Instant(milliseconds: 1_795_415_528_000)) {
    state = Mutex(State(now: now))
  }

  package var now: Instant { state.withLock { $0.now } }

  /// What the code under test is given.
  package var timekeeper: Timekeeper {
    Timekeeper(now: { self.now }, sleep: { try await self.sleep(for: $0) })
  }

  /// How many sleep now.
  package var sleepersCount: Int { state.withLock { $0.sleepers.count } }

  /// Moves the time on and wakes whoever's time has come.
  package func advance(by duration: Duration) {
    let woken = state.withLock { state in
      state.now = state.now.advanced(by: duration)
      let due = state.sleepers.filter { $0.value.until <= state.now }
      for key in due.keys { state.sleepers[key] = nil }
      return due.values.sorted { $0.until < $1.until }
    }
    for sleeper in woken { sleeper.continuation.resume() }
  }

  /// Sets the time, also back; nobody wakes.
  package func set(_ now: Instant) {
    state.withLock { $0.now = now }
  }

  /// Waits until at least `count` sleep on this clock, so that moving it cannot come too early.
  package func waitForSleepers(_ count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.sleepers.count >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  private func sleep(for duration: Duration) async throws {
    let key = state.withLock { state in
      state.next += 1
      return state.next
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let (result, ready) = state.withLock { state in add(key, duration, continuation, &state) }
        for watcher in ready { watcher.resume() }
        if let result { continuation.resume(with: result) }
      }
    } onCancel: {
      state.withLock { $0.sleepers.removeValue(forKey: key) }?.continuation.resume(throwing: CancellationError())
    }
  }

  /// - Returns: how the sleep ends at once, if it does, and the watchers that have what they waited for.
  private func add(
    _ key: UInt64, _ duration: Duration, _ continuation: CheckedContinuation<Void, any Error>, _ state: inout State
  ) -> (Result<Void, any Error>?, [CheckedContinuation<Void, Never>]) {
    // The cancellation handler may have run before: then it found nothing to end.
    if Task.isCancelled { return (.failure(CancellationError()), []) }
    let until = state.now.advanced(by: duration)
    if until <= state.now { return (.success(()), []) }
    state.sleepers[key] = Sleeper(until: until, continuation: continuation)
    let count = state.sleepers.count
    let ready = state.watchers.filter { $0.count <= count }.map(\.continuation)
    state.watchers.removeAll { $0.count <= count }
    return (nil, ready)
  }
}
