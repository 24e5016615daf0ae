import Dispatch
import GRDB
import Synchronization

/// SQLite through GRDB: one writer, readers on WAL snapshots, each connection on its own queue.
final class SQLiteBackend: SQLBackend {
  let dialect = SQLDialect.sqlite
  private let database: any DatabaseWriter
  private let statements = SQLiteStatements()
  private let isClosed = Atomic<Bool>(false)

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
    if options.writesGiveWay {
      configuration.writeTargetQueue = DispatchQueue(label: "anju.sqlstore.behind", qos: .background)
    }
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
    let cancellation = SQLiteCancellation()
    do {
      return try await withTaskCancellationHandler {
        try await run(mode, cancellation, body)
      } onCancel: {
        cancellation.mark()
      }
    } catch let error as DatabaseError {
      if isClosed.load(ordering: .acquiring) { throw SQLError.closed }
      throw SQLError(sqlite: error)
    } catch is CancellationError {
      throw SQLError.cancelled
    }
  }

  private func run<T: Sendable>(
    _ mode: SQLTransactionMode, _ cancellation: SQLiteCancellation,
    _ body: @escaping @Sendable (SQLConnection) throws -> T
  ) async throws -> T {
    let statements = statements
    switch mode {
    case .read:
      return try await database.read { database in
        try SQLiteDriver.run(database, statements, cancellation, body)
      }
    case .write, .migration:
      return try await database.writeWithoutTransaction { database in
        var result: T?
        try database.inTransaction(.immediate) {
          result = try SQLiteDriver.run(database, statements, cancellation, body)
          return .commit
        }
        guard let result else { throw SQLError.aborted }
        return result
      }
    }
  }

  func close() async {
    guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    do {
      // Runs after all writes; the statements must end before their connections can.
      try await database.barrierWriteWithoutTransaction { [statements] database in
        statements.finalizeAll()
        // GRDB closes the readers last, and a reader cannot fold the log into the file.
        _ = try Row.fetchAll(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
      }
      try database.close()
    } catch {
      // A reader is still open: its file closes when that ends.
    }
  }
}
