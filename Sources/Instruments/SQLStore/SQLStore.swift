/// One facade over SQLite and PostgreSQL 15: the same statements, migrations and tests run on both.
///
/// A write is one transaction, as if all writes ran one after the other: SQLite has one writer, PostgreSQL runs at
/// SERIALIZABLE and repeats the body when two contradict each other. So a body may run more than once: it must touch
/// nothing but its connection and its own values. Reads see one moment.
public struct SQLStore: Sendable {
  let backend: any SQLBackend

  /// Which store this is.
  public var dialect: SQLDialect { backend.dialect }

  init(backend: any SQLBackend) {
    self.backend = backend
  }

  /// Opens or creates a SQLite file.
  public static func sqlite(path: String, options: SQLiteOptions = SQLiteOptions()) throws(SQLError) -> SQLStore {
    SQLStore(backend: try SQLiteBackend(path: path, options: options))
  }

  /// A SQLite database of its own in memory, for tests: one connection, so that a read waits for a write.
  public static func inMemory(options: SQLiteOptions = SQLiteOptions()) throws(SQLError) -> SQLStore {
    SQLStore(backend: try SQLiteBackend(path: nil, options: options))
  }

  /// Connects to a PostgreSQL 15 server.
  ///
  /// - Parameter conninfo: as libpq reads it: `host=/run/postgresql dbname=anju`, or a `postgresql://` address.
  /// - Throws: `.connectionLost` when nobody answers, `.access` when the server refuses.
  public static func postgres(
    _ conninfo: String, options: PostgresOptions = PostgresOptions()
  ) async throws(SQLError) -> SQLStore {
    do {
      return SQLStore(backend: try await PostgresBackend(conninfo: conninfo, options: options))
    } catch let error as SQLError {
      throw error
    } catch {
      throw .other(code: "connect", message: "\(error)")
    }
  }

  /// `postgres` with nothing but the number of connections said.
  public static func postgres(_ conninfo: String, connectionsMax: Int) async throws(SQLError) -> SQLStore {
    var options = PostgresOptions()
    options.connectionsMax = connectionsMax
    return try await postgres(conninfo, options: options)
  }

  /// Runs the body on a snapshot of one moment. Errors of the body pass through; the store's own are `SQLError`.
  public func read<T: Sendable>(_ body: @escaping @Sendable (SQLConnection) throws -> T) async throws -> T {
    try await backend.transaction(.read, body)
  }

  /// Runs the body in one transaction: committed and on the disk when this returns, rolled back when the body throws.
  @discardableResult
  public func write<T: Sendable>(_ body: @escaping @Sendable (SQLConnection) throws -> T) async throws -> T {
    try await backend.transaction(.write, body)
  }

  /// Waits for running transactions and closes every connection. Calls after it throw `.closed`.
  public func close() async {
    await backend.close()
  }
}

/// Limits of a SQLite file.
public struct SQLiteOptions: Sendable {
  /// How long to wait for a lock that another process holds.
  public var busyTimeoutSeconds: Double = 5
  /// The most readers at once.
  public var readersMax: Int = 4
  /// The most bytes a connection may cache.
  public var cacheBytesMax: Int = 16 << 20
  /// The most pages of 4,096 bytes the file may have; nil for SQLite's own limit. Beyond it writes throw `.full`.
  public var pagesMax: Int?
  /// Whether its writes give way to everything else that wants a processor: for work that nobody waits for.
  public var writesGiveWay = false

  public init() {}
}
