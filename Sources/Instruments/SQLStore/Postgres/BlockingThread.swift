import Dispatch
import Foundation
import Synchronization

/// A thread for calls that block, so that they block nobody else. Jobs run one after the other on state that never
/// leaves the thread. The thread ends, after the jobs it was given, when this goes.
final class BlockingThread<Local>: Sendable {
  private let mailbox = Mailbox()

  /// - Parameter local: makes the thread's state, on the thread.
  init(name: String, local: @escaping @Sendable () -> Local) {
    let mailbox = mailbox
    let thread = Thread {
      var state = local()
      while let job = mailbox.next() { job(&state) }
    }
    thread.name = name
    thread.start()
  }

  deinit {
    mailbox.put(nil)
  }

  /// Lets the thread do a job after those it already has. Who calls bounds how many there are.
  func post(_ job: @escaping @Sendable (inout Local) -> Void) {
    mailbox.put(job)
  }

  /// Waits for a job's result without blocking.
  func run<T: Sendable>(_ body: @escaping @Sendable (inout Local) throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      post { local in continuation.resume(with: Result { try body(&local) }) }
    }
  }

  private final class Mailbox: Sendable {
    typealias Job = @Sendable (inout Local) -> Void

    private let jobs = Mutex<[Job?]>([])
    private let filled = DispatchSemaphore(value: 0)

    /// - Parameter job: nil ends the thread.
    func put(_ job: Job?) {
      jobs.withLock { $0.append(job) }
      filled.signal()
    }

    func next() -> Job? {
      filled.wait()
      return jobs.withLock { $0.removeFirst() }
    }
  }
}
