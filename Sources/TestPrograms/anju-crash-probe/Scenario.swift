import Glibc
import Kernel
import Logging
import SQLStore
import Synchronization

/// One thing that a process does, with the places where it may die.
protocol Scenario {
  /// As the test names it.
  static var name: String { get }
  static func run(address: String, crash: CrashPoint) async throws
}

/// Counts the steps and ends the process at the chosen one, as a power cut would: without any farewell.
final class CrashPoint: Sendable {
  /// The one it dies at; a scenario that is killed from outside may use it as a number of its own.
  let step: Int
  private let reached = Atomic<Int>(0)

  init(step: Int) {
    self.step = step
  }

  /// Call between any two effects.
  func reach() {
    let (_, count) = reached.add(1, ordering: .sequentiallyConsistent)
    if count == step { kill(getpid(), SIGKILL) }
  }
}

extension Work {
  /// The store at an address: a path, or what libpq reads.
  static func open(_ address: String) async throws -> Work {
    let store =
      address.contains("host=")
      ? try await SQLStore.postgres(address, connectionsMax: 2) : try SQLStore.sqlite(path: address)
    let time = Timekeeper(
      now: { Instant(milliseconds: 1_795_415_528_000) }, sleep: { try await Task.sleep(for: $0) })
    // Each process gives other ids, as in life.
    let process = UInt64(getpid())
    let counter = Counter()
    let ids = IDSource(time: time) { (process, counter.next()) }
    return Work(store: store, time: time, ids: ids, logger: Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() })
  }
}

private final class Counter: Sendable {
  private let value = Atomic<UInt64>(0)

  func next() -> UInt64 {
    value.add(1, ordering: .relaxed).newValue
  }
}
