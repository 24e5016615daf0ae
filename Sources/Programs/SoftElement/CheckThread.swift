import CLinux
import Glibc
import Synchronization

/// Checks the randomness beside the element's work, on a thread of the lowest priority: at power-on all fifteen tests,
/// then the periodic ones, for ever.
///
/// It is begun before the process is confined, since a confined one makes no threads.
package enum CheckThread {
  private final class Order: Sendable {
    let randomness: Randomness
    let periodSeconds: Int
    let delaySeconds: Int
    let isBegun = Atomic(false)

    init(_ randomness: Randomness, _ periodSeconds: Int, _ delaySeconds: Int) {
      self.randomness = randomness
      self.periodSeconds = periodSeconds
      self.delaySeconds = delaySeconds
    }
  }

  /// Begins the thread, which lives as long as the process.
  ///
  /// - Parameters:
  ///   - periodSeconds: between two periodic checks; GM/T 0062 asks for at most twelve hours.
  ///   - delaySeconds: before the power-on check.
  /// - Returns: false when the system gives no thread.
  package static func begin(_ randomness: Randomness, periodSeconds: Int, delaySeconds: Int = 0) -> Bool {
    let shared = Order(randomness, periodSeconds, delaySeconds)
    let order = Unmanaged.passRetained(shared)
    var thread = pthread_t()
    let answer = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let order = Unmanaged<Order>.fromOpaque(argument).takeRetainedValue()
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
        order.isBegun.store(true, ordering: .releasing)
        let delay = timespec(tv_sec: order.delaySeconds, tv_nsec: 0)
        while clock_nanosleep(CLOCK_MONOTONIC, 0, [delay], nil) == EINTR {}
        order.randomness.checkAtPowerOn { true }
        while true {
          let rest = timespec(tv_sec: order.periodSeconds, tv_nsec: 0)
          // Woken by a signal it waits anew: a check that comes late is better than one that never ends its wait.
          while clock_nanosleep(CLOCK_MONOTONIC, 0, [rest], nil) == EINTR {}
          order.randomness.checkUntilSettled()
        }
      }, order.toOpaque())
    guard answer == 0 else {
      order.release()
      return false
    }
    pthread_detach(thread)
    // A thread makes calls of its own at its beginning, which a confined process may not.
    while !shared.isBegun.load(ordering: .acquiring) { sched_yield() }
    return true
  }
}
