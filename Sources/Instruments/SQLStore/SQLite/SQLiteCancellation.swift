import GRDBSQLite
import Synchronization

/// One access's wish to be stopped.
///
/// `sqlite3_interrupt`, which GRDB calls, stops only what runs at that moment: a statement that begins an instant later
/// would run on. So SQLite also asks here while it works.
final class SQLiteCancellation: Sendable {
  /// How many steps of its machine SQLite takes between two questions: some tens of microseconds.
  private static let stepsBetween: Int32 = 2_000

  private let flag = Atomic<Bool>(false)

  var isCancelled: Bool { flag.load(ordering: .acquiring) }

  func mark() {
    flag.store(true, ordering: .releasing)
  }

  /// Must be followed by `unwatch` before this goes: the connection keeps the bare address.
  func watch(_ connection: OpaquePointer) {
    let address = Unmanaged.passUnretained(self).toOpaque()
    sqlite3_progress_handler(
      connection, Self.stepsBetween,
      { address in
        guard let address else { return 0 }
        return Unmanaged<SQLiteCancellation>.fromOpaque(address).takeUnretainedValue().isCancelled ? 1 : 0
      }, address)
  }

  func unwatch(_ connection: OpaquePointer) {
    sqlite3_progress_handler(connection, 0, nil, nil)
  }
}
