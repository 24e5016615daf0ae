import GRDBSQLite

/// The SQLite connection below a `FlashFile`: one table of cells, every commit synced to the disk before it returns.
struct FlashConnection: ~Copyable {
  private let database: OpaquePointer
  private let put: OpaquePointer
  private let delete: OpaquePointer

  private init(database: OpaquePointer, put: OpaquePointer, delete: OpaquePointer) {
    self.database = database
    self.put = put
    self.delete = delete
  }

  /// Opens or creates the file and makes sure that it writes synchronously.
  static func open(path: String) throws(FlashError) -> FlashConnection {
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    let result = sqlite3_open_v2(path, &opened, flags, nil)
    guard result == SQLITE_OK, let database = opened else {
      sqlite3_close_v2(opened)
      throw FlashError(description: "can not open \(path): \(String(cString: sqlite3_errstr(result)))")
    }
    do throws(FlashError) {
      try prepareFile(database)
      let put = try statement(
        database, "INSERT INTO cell (drive, key, value) VALUES (?1, ?2, ?3) "
          + "ON CONFLICT (drive, key) DO UPDATE SET value = excluded.value")
      let delete = try statement(database, "DELETE FROM cell WHERE drive = ?1 AND key = ?2")
      return FlashConnection(database: database, put: put, delete: delete)
    } catch {
      sqlite3_close_v2(database)
      throw error
    }
  }

  deinit {
    sqlite3_finalize(put)
    sqlite3_finalize(delete)
    sqlite3_close_v2(database)
  }

  /// Every cell of one device.
  func load(_ drive: String) throws(FlashError) -> [String: [UInt8]] {
    let query = try Self.statement(database, "SELECT key, value FROM cell WHERE drive = ?1")
    defer { sqlite3_finalize(query) }
    try bind(drive, 1, query)
    var cells: [String: [UInt8]] = [:]
    while true {
      switch sqlite3_step(query) {
      case SQLITE_ROW:
        guard let key = sqlite3_column_text(query, 0) else { continue }
        let count = Int(sqlite3_column_bytes(query, 1))
        cells[String(cString: key)] = sqlite3_column_blob(query, 1).map {
          Array(UnsafeRawBufferPointer(start: $0, count: count))
        } ?? []
      case SQLITE_DONE: return cells
      default: throw Self.failure(database)
      }
    }
  }

  /// Writes all commits as one transaction.
  func write(_ commits: some Sequence<(String, [FlashChange])>) throws(FlashError) {
    try Self.run(database, "BEGIN IMMEDIATE")
    do throws(FlashError) {
      for (drive, changes) in commits {
        for change in changes { try apply(change, drive) }
      }
      try Self.run(database, "COMMIT")
    } catch {
      _ = sqlite3_exec(database, "ROLLBACK", nil, nil, nil)
      throw error
    }
  }

  private func apply(_ change: FlashChange, _ drive: String) throws(FlashError) {
    switch change {
    case .put(let key, let value):
      try bind(drive, 1, put)
      try bind(key, 2, put)
      let result = value.withUnsafeBytes { bytes in
        bytes.isEmpty
          ? sqlite3_bind_zeroblob(put, 3, 0)
          : sqlite3_bind_blob(put, 3, bytes.baseAddress, Int32(bytes.count), Self.copied)
      }
      guard result == SQLITE_OK else { throw Self.failure(database) }
      try finish(put)
    case .delete(let key):
      try bind(drive, 1, delete)
      try bind(key, 2, delete)
      try finish(delete)
    }
  }

  private func bind(_ text: String, _ index: Int32, _ statement: OpaquePointer) throws(FlashError) {
    guard sqlite3_bind_text(statement, index, text, -1, Self.copied) == SQLITE_OK else {
      throw Self.failure(database)
    }
  }

  private func finish(_ statement: OpaquePointer) throws(FlashError) {
    let result = sqlite3_step(statement)
    sqlite3_reset(statement)
    guard result == SQLITE_DONE else { throw Self.failure(database) }
  }

  /// SQLITE_TRANSIENT: SQLite copies what it is given before the call returns.
  private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

  private static func prepareFile(_ database: OpaquePointer) throws(FlashError) {
    sqlite3_busy_timeout(database, 5_000)
    for sql in [
      "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA secure_delete = OFF",
      "PRAGMA wal_autocheckpoint = 1000", "PRAGMA journal_size_limit = 4194304", "PRAGMA cache_size = -512",
      "CREATE TABLE IF NOT EXISTS cell (drive TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, "
        + "PRIMARY KEY (drive, key)) WITHOUT ROWID",
    ] {
      try run(database, sql)
    }
    let query = try statement(database, "PRAGMA synchronous")
    defer { sqlite3_finalize(query) }
    guard sqlite3_step(query) == SQLITE_ROW, sqlite3_column_int(query, 0) == 2 else {
      throw FlashError(description: "the file does not write synchronously")
    }
  }

  private static func run(_ database: OpaquePointer, _ sql: String) throws(FlashError) {
    guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else { throw failure(database) }
  }

  private static func statement(_ database: OpaquePointer, _ sql: String) throws(FlashError) -> OpaquePointer {
    var prepared: OpaquePointer?
    guard sqlite3_prepare_v2(database, sql, -1, &prepared, nil) == SQLITE_OK, let prepared else {
      throw failure(database)
    }
    return prepared
  }

  private static func failure(_ database: OpaquePointer) -> FlashError {
    FlashError(description: String(cString: sqlite3_errmsg(database)))
  }
}
