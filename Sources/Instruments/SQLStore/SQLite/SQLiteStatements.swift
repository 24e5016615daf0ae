import GRDBSQLite
import Synchronization

/// The prepared statements of every connection of one database.
final class SQLiteStatements: Sendable {
  /// The most statements a connection keeps prepared.
  private static let countMax = 256

  private let caches = Mutex<[SQLiteHandle: StatementCache<SQLiteHandle>]>([:])

  func take(_ text: String, of connection: OpaquePointer) -> OpaquePointer? {
    caches.withLock { $0[SQLiteHandle(connection)]?.take(text)?.pointer }
  }

  func put(_ text: String, _ statement: OpaquePointer, of connection: OpaquePointer) {
    let key = SQLiteHandle(connection)
    let handle = SQLiteHandle(statement)
    let evicted = caches.withLock { caches in
      caches[key, default: StatementCache(countMax: Self.countMax)].put(text, handle)
    }
    evicted?.finalize()
  }

  /// Only when no connection is in use.
  func finalizeAll() {
    let all = caches.withLock { caches in
      let all = caches.keys.flatMap { key in caches[key]?.removeAll() ?? [] }
      caches = [:]
      return all
    }
    for statement in all { statement.finalize() }
  }
}

/// A statement or connection of SQLite's, as a key and an element of the shared cache.
struct SQLiteHandle: Hashable, @unchecked Sendable {
  // Sendable: only the address is kept. It is used on its connection's own queue, one access at a time, or after the
  // last access has ended.
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
  }

  func finalize() {
    sqlite3_finalize(pointer)
  }
}
