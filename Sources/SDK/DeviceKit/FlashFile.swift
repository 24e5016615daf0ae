import Dispatch
import GRDBSQLite
import Synchronization

/// Durable memory in one SQLite file, shared by any number of devices of a process (a gateway's sub-devices, a test
/// bench's hundreds). Commits that arrive while the disk is busy become durable together, in their order.
///
/// ```swift
/// let file = try FlashFile(path: "/var/lib/lock/flash.db")
/// let memory = file.drive("LK-0803")
/// ```
public final class FlashFile: Sendable {
  /// Commits that may wait for the disk before `commit` reports an error instead of taking more.
  public static let waitingCommitsMax = 65_536

  private struct Waiting: Sendable {
    let drive: String
    let changes: [FlashChange]
    let whenDurable: @Sendable (FlashError?) -> Void
  }

  private struct Line: Sendable {
    var waiting: [Waiting] = []
    var isDraining = false
  }

  private let connection: Mutex<FlashConnection>
  private let line = Mutex(Line())
  private let queue = DispatchQueue(label: "anju.flash")

  /// Opens or creates the file. Blocks while it does.
  /// - Throws: `FlashError` when the file can not be opened, is no such file, or does not honour synchronous writes.
  public init(path: String) throws(FlashError) {
    connection = Mutex(try FlashConnection.open(path: path))
  }

  /// The memory of one device within the file.
  public func drive(_ name: String) -> FlashDrive { FlashDrive(name: name, file: self) }

  func load(_ drive: String) throws(FlashError) -> [String: [UInt8]] {
    try connection.withLock { connection throws(FlashError) in try connection.load(drive) }
  }

  func commit(_ drive: String, _ changes: [FlashChange], whenDurable: @escaping @Sendable (FlashError?) -> Void) {
    let (isTaken, mustStart) = line.withLock { line -> (Bool, Bool) in
      guard line.waiting.count < Self.waitingCommitsMax else { return (false, false) }
      line.waiting.append(Waiting(drive: drive, changes: changes, whenDurable: whenDurable))
      defer { line.isDraining = true }
      return (true, !line.isDraining)
    }
    if !isTaken { return whenDurable(FlashError(description: "the disk is too slow: too many commits wait")) }
    if mustStart { queue.async { self.drain() } }
  }

  /// Waits until everything handed over so far is durable or has failed.
  public func flush() async {
    await withCheckedContinuation { continuation in
      commit("", []) { _ in continuation.resume() }
    }
  }

  private func drain() {
    while true {
      let batch = line.withLock { line in
        defer { line.waiting = [] }
        if line.waiting.isEmpty { line.isDraining = false }
        return line.waiting
      }
      if batch.isEmpty { return }
      let error = connection.withLock { connection -> FlashError? in
        do throws(FlashError) {
          try connection.write(batch.lazy.map { ($0.drive, $0.changes) })
          return nil
        } catch {
          return error
        }
      }
      for commit in batch { commit.whenDurable(error) }
    }
  }
}

/// One device's memory within a `FlashFile`.
public struct FlashDrive: Flash {
  let name: String
  let file: FlashFile

  public func load() throws(FlashError) -> [String: [UInt8]] { try file.load(name) }

  public func commit(_ changes: [FlashChange], whenDurable: @escaping @Sendable (FlashError?) -> Void) {
    file.commit(name, changes, whenDurable: whenDurable)
  }
}
