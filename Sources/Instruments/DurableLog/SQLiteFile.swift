import GRDBSQLite

/// One connection to one SQLite file with its prepared statements. Used by one thread at a time: its owner sees to it.
struct SQLiteFile: ~Copyable {
  let handle: OpaquePointer
  private var statements: [String: OpaquePointer] = [:]

  /// - Throws: `.io` or `.full` when the file cannot be opened.
  init(path: String) throws(DurableLogError) {
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE
    let code = sqlite3_open_v2(path, &opened, flags, nil)
    guard code == SQLITE_OK, let opened else {
      let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close_v2(opened)
      throw .io(code: code, message: message)
    }
    handle = opened
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, 5_000)
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  /// Keeps the `-wal` file when the last connection closes.
  func keepWAL() {
    var on: Int32 = 1
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on)
  }

  /// Runs statements that answer no rows.
  func execute(_ sql: String) throws(DurableLogError) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// The first column of the first row, or nil when there is none or it is null.
  mutating func integer(_ sql: String, _ arguments: Int64...) throws(DurableLogError) -> Int64? {
    let statement = try prepared(sql)
    defer { sqlite3_reset(statement) }
    for (index, argument) in arguments.enumerated() { sqlite3_bind_int64(statement, Int32(index + 1), argument) }
    guard try step(statement) else { return nil }
    return sqlite3_column_type(statement, 0) == SQLITE_NULL ? nil : sqlite3_column_int64(statement, 0)
  }

  /// A cached statement, reset.
  mutating func prepared(_ sql: String) throws(DurableLogError) -> OpaquePointer {
    if let statement = statements[sql] { return statement }
    var statement: OpaquePointer?
    try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
    guard let statement else { throw .io(code: SQLITE_MISUSE, message: "no statement") }
    statements[sql] = statement
    return statement
  }

  /// - Returns: true for a row, false at the end.
  func step(_ statement: OpaquePointer) throws(DurableLogError) -> Bool {
    let code = sqlite3_step(statement)
    if code == SQLITE_ROW { return true }
    if code == SQLITE_DONE { return false }
    throw failure(code)
  }

  func check(_ code: Int32) throws(DurableLogError) {
    guard code == SQLITE_OK else { throw failure(code) }
  }

  private func failure(_ code: Int32) -> DurableLogError {
    code & 0xff == SQLITE_FULL ? .full : .io(code: code, message: String(cString: sqlite3_errmsg(handle)))
  }
}
