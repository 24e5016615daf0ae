import Synchronization

/// One change of a device's durable memory.
public enum FlashChange: Hashable, Sendable {
  case put(key: String, value: [UInt8])
  case delete(key: String)

  /// The cell that changes.
  public var key: String {
    switch self {
    case .put(let key, _), .delete(let key): key
    }
  }
}

/// A device's durable memory: named cells that survive a power cut.
///
/// What a storage must keep: a commit is whole or not there; commits become durable in the order of the calls (after a
/// power cut the memory holds the first n commits, for some n that includes every commit reported durable).
public protocol Flash: Sendable {
  /// Every cell.
  /// - Throws: `FlashError` when the memory can not be read.
  func load() throws(FlashError) -> [String: [UInt8]]

  /// Writes the changes as one; `whenDurable` is called once, on any thread, after they would survive a power cut.
  func commit(_ changes: [FlashChange], whenDurable: @escaping @Sendable (FlashError?) -> Void)
}

/// Why the durable memory failed.
public struct FlashError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What the storage said, for a log; holds no payload.
  public let description: String

  public init(description: String) { self.description = description }
}

/// Durable memory for tests: remembers the commits in order, so that a test can cut the power after any of them.
public final class MemoryFlash: Flash {
  private struct State {
    var commits: [[FlashChange]] = []
    var isHolding = false
    var waiting: [@Sendable (FlashError?) -> Void] = []
  }

  private let state: Mutex<State>

  /// - Parameter commits: what was written before, in order.
  public init(commits: [[FlashChange]] = []) {
    state = Mutex(State(commits: commits))
  }

  /// The commits so far, in order, durable or not.
  public var commits: [[FlashChange]] { state.withLock { $0.commits } }

  public func load() -> [String: [UInt8]] {
    let commits = commits
    var cells: [String: [UInt8]] = [:]
    for change in commits.joined() {
      switch change {
      case .put(let key, let value): cells[key] = value
      case .delete(let key): cells[key] = nil
      }
    }
    return cells
  }

  public func commit(_ changes: [FlashChange], whenDurable: @escaping @Sendable (FlashError?) -> Void) {
    let now = state.withLock { state in
      state.commits.append(changes)
      if state.isHolding { state.waiting.append(whenDurable) }
      return !state.isHolding
    }
    if now { whenDurable(nil) }
  }

  /// While held, commits are taken but not reported durable.
  public func hold() { state.withLock { $0.isHolding = true } }

  /// Reports every held commit durable, and later ones at once.
  public func release() {
    let waiting = state.withLock { state in
      state.isHolding = false
      defer { state.waiting = [] }
      return state.waiting
    }
    for report in waiting { report(nil) }
  }

  /// The memory as a power cut would leave it when only the first `count` commits had reached it.
  public func cut(keeping count: Int) -> MemoryFlash {
    MemoryFlash(commits: Array(commits.prefix(count)))
  }
}
