import Dispatch

/// Holds a thread back until it is opened: for bodies that run on a store's own thread and cannot await.
package final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  package init() {}

  /// Blocks until `open`, at most ten seconds.
  ///
  /// - Returns: false when the time was up.
  @discardableResult
  package func wait() -> Bool {
    semaphore.wait(timeout: .now() + 10) == .success
  }

  package func open() {
    semaphore.signal()
  }
}
