import GRDB
import GRDBSQLite

/// One access to one SQLite connection, on that connection's queue.
final class SQLiteDriver: SQLDriver {
  let dialect = SQLDialect.sqlite
  private let connection: OpaquePointer
  private let statements: SQLiteStatements

  private init(connection: OpaquePointer, statements: SQLiteStatements) {
    self.connection = connection
    self.statements = statements
  }

  /// Runs the body and makes its failure that of the transaction.
  static func run<T>(
    _ database: Database, _ statements: SQLiteStatements, _ cancellation: SQLiteCancellation,
    _ body: (SQLConnection) throws -> T
  ) throws -> T {
    guard let handle = database.sqliteConnection else { throw SQLError.closed }
    cancellation.watch(handle)
    defer { cancellation.unwatch(handle) }
    let driver = SQLiteDriver(connection: handle, statements: statements)
    let connection = SQLConnection(driver) { cancellation.isCancelled }
    let result = try body(connection)
    if let failure = connection.failure { throw failure }
    return result
  }

  func execute(_ text: String, _ values: [SQLValue]) throws(SQLError) -> Int {
    let before = sqlite3_total_changes64(connection)
    let statement = try prepare(text)
    defer { giveBack(text, statement) }
    try bind(values, to: statement)
    while try step(statement) {}
    return sqlite3_total_changes64(connection) == before ? 0 : Int(sqlite3_changes64(connection))
  }

  func rows(_ text: String, _ values: [SQLValue], max: Int) throws(SQLError) -> [SQLRow] {
    let statement = try prepare(text)
    defer { giveBack(text, statement) }
    try bind(values, to: statement)
    let columns = Self.columns(statement)
    var rows: [SQLRow] = []
    while try step(statement) {
      guard rows.count < max else { throw .tooManyRows(max: max) }
      rows.append(SQLRow(columns: columns, values: Self.values(statement)))
    }
    return rows
  }

  func each(_ text: String, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
    let statement = try prepare(text)
    defer { giveBack(text, statement) }
    try bind(values, to: statement)
    let columns = Self.columns(statement)
    while try step(statement) {
      try body(SQLRow(columns: columns, values: Self.values(statement)))
    }
  }

  func script(_ text: String) throws(SQLError) {
    let code = sqlite3_exec(connection, text, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code) }
  }

  // MARK: Statements

  private func prepare(_ text: String) throws(SQLError) -> OpaquePointer {
    if let statement = statements.take(text, of: connection) { return statement }
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v3(connection, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard code == SQLITE_OK else { throw error(code) }
    guard let statement else { throw .syntax(message: "empty statement") }
    return statement
  }

  private func giveBack(_ text: String, _ statement: OpaquePointer) {
    sqlite3_reset(statement)
    // Bound values may be large or personal; they are not kept.
    sqlite3_clear_bindings(statement)
    statements.put(text, statement, of: connection)
  }

  private func bind(_ values: [SQLValue], to statement: OpaquePointer) throws(SQLError) {
    guard Int(sqlite3_bind_parameter_count(statement)) == values.count else {
      throw .syntax(message: "\(values.count) values for \(sqlite3_bind_parameter_count(statement)) parameters")
    }
    for (offset, value) in values.enumerated() {
      let code = Self.bind(value, to: statement, at: Int32(offset + 1))
      guard code == SQLITE_OK else { throw error(code) }
    }
  }

  private static func bind(_ value: SQLValue, to statement: OpaquePointer, at index: Int32) -> Int32 {
    // SQLITE_TRANSIENT, which C spells as a cast of -1: SQLite copies the bytes before the call returns.
    let copy = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch value {
    case .null:
      return sqlite3_bind_null(statement, index)
    case .integer(let value):
      return sqlite3_bind_int64(statement, index, value)
    case .real(let value):
      return sqlite3_bind_double(statement, index, value)
    case .text(var value):
      // An empty string's buffer may have no address, which SQLite would take for NULL.
      guard !value.isEmpty else { return sqlite3_bind_text(statement, index, "", 0, copy) }
      return value.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          sqlite3_bind_text64(statement, index, $0.baseAddress, UInt64($0.count), copy, UInt8(SQLITE_UTF8))
        }
      }
    case .blob(let value):
      guard !value.isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
      return value.withUnsafeBytes { sqlite3_bind_blob64(statement, index, $0.baseAddress, UInt64($0.count), copy) }
    }
  }

  /// - Returns: false at the end.
  private func step(_ statement: OpaquePointer) throws(SQLError) -> Bool {
    switch sqlite3_step(statement) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw error(code)
    }
  }

  private static func columns(_ statement: OpaquePointer) -> SQLColumns {
    SQLColumns((0..<sqlite3_column_count(statement)).map { String(cString: sqlite3_column_name(statement, $0)) })
  }

  private static func values(_ statement: OpaquePointer) -> [SQLValue] {
    (0..<sqlite3_column_count(statement)).map { column in
      switch sqlite3_column_type(statement, column) {
      case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
      case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, column))
      case SQLITE_TEXT:
        let start = sqlite3_column_text(statement, column)
        let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
        return .text(String(decoding: bytes, as: UTF8.self))
      case SQLITE_BLOB:
        let start = sqlite3_column_blob(statement, column)
        return .blob(
          Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))))
      default: return .null
      }
    }
  }

  private func error(_ code: Int32) -> SQLError {
    let message = String(cString: sqlite3_errmsg(connection))
    return SQLError(sqliteCode: sqlite3_extended_errcode(connection), message: message) { self.unique($0) }
  }
}
