/// The clock that is passed to whoever needs the time, so that a test can hold it still.
///
/// Only programs make the real one.
package struct Timekeeper: Sendable {
  private let read: @Sendable () -> Instant
  private let wait: @Sendable (Duration) async throws -> Void

  /// - Parameters:
  ///   - now: the wall clock.
  ///   - sleep: returns after the duration, or throws `CancellationError` when cancelled.
  package init(now: @escaping @Sendable () -> Instant, sleep: @escaping @Sendable (Duration) async throws -> Void) {
    self.read = now
    self.wait = sleep
  }

  /// The wall clock's moment.
  package func now() -> Instant { read() }

  /// Waits; throws `CancellationError` when cancelled.
  package func sleep(for duration: Duration) async throws { try await wait(duration) }
}
