import GRDB
import Synchronization

/// SQLite through GRDB: one writer, readers on WAL snapshots, each connection on its own queue.
final class SQLiteBackend: SQLBackend {
  let dialect = SQLDialect.sqlite
  private let database: any DatabaseWriter
  private let statements = SQLiteStatements()

  /// - Parameter path: nil for a database of its own in memory.
  init(path: String?, options: SQLiteOptions) throws(SQLError) {
    do {
      let configuration = Self.configuration(options)
      if let path {
        database = try DatabasePool(path: path, configuration: configuration)
      } else {
        database = try DatabaseQueue(configuration: configuration)
      }
      try database.writeWithoutTransaction { try Self.makeDurable($0) }
    } catch {
      throw SQLError(sqlite: error)
    }
  }

  private static func configuration(_ options: SQLiteOptions) -> Configuration {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(options.busyTimeoutSeconds)
    configuration.maximumReaderCount = options.readersMax
    configuration.prepareDatabase { database in
      // Deleted personal data shall not stay behind in free pages, whatever this build of SQLite does by itself.
      try database.execute(sql: "PRAGMA secure_delete = ON")
      try database.execute(sql: "PRAGMA trusted_schema = OFF")
      try database.execute(sql: "PRAGMA cache_size = -\(options.cacheBytesMax >> 10)")
      if let pagesMax = options.pagesMax, !database.configuration.readonly {
        _ = try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(pagesMax)")
      }
    }
    return configuration
  }

  /// GRDB sets synchronous to NORMAL after `prepareDatabase`, with which a power cut loses what was committed. This
  /// sets it back to FULL and makes sure of it.
  private static func makeDurable(_ database: Database) throws {
    try database.execute(sql: "PRAGMA synchronous = FULL")
    // Keeps the log's file at a size it has had, so that a commit need not extend it, but gives back what a burst took.
    _ = try Int.fetchOne(database, sql: "PRAGMA journal_size_limit = 67108864")
    let synchronous = try Int.fetchOne(database, sql: "PRAGMA synchronous")
    let foreignKeys = try Int.fetchOne(database, sql: "PRAGMA foreign_keys")
    let secureDelete = try Int.fetchOne(database, sql: "PRAGMA secure_delete")
    guard synchronous == 2, foreignKeys == 1, secureDelete == 1 else {
      throw SQLError.io(message: "this build of SQLite does not keep synchronous, foreign_keys or secure_delete")
    }
  }

  func transaction<T: Sendable>(
    _ mode: SQLTransactionMode, _ body: @escaping @Sendable (SQLConnection) throws -> T
  ) async throws -> T {
    let statements = statements
    do {
      switch mode {
      case .read:
        return try await database.read { database in
          try SQLiteDriver.run(database, statements, body)
        }
      case .write, .migration:
        return try await database.writeWithoutTransaction { database in
          var result: T?
          try database.inTransaction(.immediate) {
            result = try SQLiteDriver.run(database, statements, body)
            return .commit
          }
          guard let result else { throw SQLError.aborted }
          return result
        }
      }
    } catch let error as DatabaseError {
      throw SQLError(sqlite: error)
    } catch is CancellationError {
      throw SQLError.cancelled
    }
  }

  func close() async {
    do {
      // Runs after all writes; the statements must end before their connections can.
      try await database.barrierWriteWithoutTransaction { [statements] _ in statements.finalizeAll() }
      try database.close()
    } catch {
      // Closed before, or a reader is still open: its file closes when that ends.
    }
  }
}

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
