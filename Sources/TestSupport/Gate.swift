import Dispatch

/// Holds a thread back until it is opened: for bodies that run on a store's own thread and cannot await.
package final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  package init() {}

  /// Blocks until `open`, as long as a test's patience goes.
  ///
  /// - Returns: false when the time was up.
  @discardableResult
  package func wait() -> Bool {
    semaphore.wait(timeout: .now() + .seconds(Patience.seconds)) == .success
  }

  package func open() {
    semaphore.signal()
  }
}
