import CLibpq
import Glibc

/// One connection to the server. Lives and ends on one thread.
final class PostgresConnection {
  /// The most statements the server keeps prepared for a connection.
  private static let statementsMax = 256

  private let handle: OpaquePointer
  /// Can be used from another thread while a statement runs.
  let canceller: PostgresCanceller
  var statements = StatementCache<String>(countMax: statementsMax)
  private var statementNumber = 0
  private var cursorNumber = 0

  /// Connects and makes the settings that the facade relies on.
  init(conninfo: String, options: PostgresOptions) throws(SQLError) {
    // What comes later goes before: the caller's own settings win over these.
    let settings = [
      ("application_name", "anju"),
      ("connect_timeout", "\(options.connectTimeoutSeconds)"),
      ("keepalives_idle", "30"),
      ("keepalives_interval", "10"),
      ("keepalives_count", "3"),
      ("tcp_user_timeout", "30000"),
      ("dbname", conninfo),
      ("client_encoding", "UTF8"),
    ]
    guard let handle = Self.connect(settings) else { throw .other(code: "libpq", message: "out of memory") }
    guard PQstatus(handle) == CONNECTION_OK else {
      let message = Self.trimmed(PQerrorMessage(handle))
      PQfinish(handle)
      throw SQLError(postgresConnecting: message)
    }
    guard let cancel = PQgetCancel(handle) else {
      PQfinish(handle)
      throw .other(code: "libpq", message: "out of memory")
    }
    self.handle = handle
    self.canceller = PostgresCanceller(cancel)
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    try setUp(options)
  }

  deinit {
    PQfinish(handle)
  }

  /// Whether the server still answered at the last call.
  var isAlive: Bool { PQstatus(handle) == CONNECTION_OK }

  private func setUp(_ options: PostgresOptions) throws(SQLError) {
    guard PQserverVersion(handle) >= 150_000 else {
      throw .other(code: "version", message: "PostgreSQL 15 or later is needed, this is \(PQserverVersion(handle))")
    }
    try run(
      """
      SET standard_conforming_strings = on;
      SET client_min_messages = error;
      SET TIME ZONE 'UTC';
      SET search_path = public;
      SET extra_float_digits = 1;
      SET lock_timeout = '\(options.lockTimeoutSeconds)s';
      SET statement_timeout = '\(options.statementTimeoutSeconds)s';
      SET idle_in_transaction_session_timeout = '\(options.statementTimeoutSeconds)s';
      """)
    // A commit that returns before it is on the disk would break every promise made upon it.
    let settings = try rows(
      "SELECT current_setting('synchronous_commit'), current_setting('server_encoding')", [], max: 1)
    if try settings.first?.text(0) == "off" { try run("SET synchronous_commit = on") }
    guard try settings.first?.text(1) == "UTF8" else {
      throw .other(code: "encoding", message: "the database's encoding must be UTF8")
    }
  }

  private static func connect(_ settings: [(String, String)]) -> OpaquePointer? {
    let keys = settings.map { strdup($0.0) }
    let values = settings.map { strdup($0.1) }
    defer { for text in keys + values { free(text) } }
    return PQconnectdbParams(keys.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
  }

  // MARK: Statements

  /// Runs statements without parameters and answers.
  func run(_ text: String) throws(SQLError) {
    try check(PostgresResult(PQexec(handle, text)))
  }

  /// Runs one prepared statement, preparing it when it is new.
  func execute(prepared text: String, _ values: [SQLValue]) throws(SQLError) -> PostgresResult {
    let parameters = PostgresParameters(values)
    let key = parameters.signature + text
    let name: String
    if let known = statements.take(key) {
      name = known
    } else {
      statementNumber += 1
      name = "anju_\(statementNumber)"
      try check(PostgresResult(PQprepare(handle, name, text, Int32(values.count), parameters.types)))
    }
    let result = PostgresResult(
      parameters.withPointers { pointers in
        PQexecPrepared(handle, name, Int32(values.count), pointers, parameters.lengths, parameters.formats, 1)
      })
    // A statement that the server has forgotten, or whose table was altered, is prepared anew the next time.
    if !result.isPlanStale { keep(key, name) }
    try check(result)
    return result
  }

  /// Runs one statement with parameters once.
  func execute(once text: String, _ values: [SQLValue]) throws(SQLError) -> PostgresResult {
    let parameters = PostgresParameters(values)
    let result = PostgresResult(
      parameters.withPointers { pointers in
        PQexecParams(
          handle, text, Int32(values.count), parameters.types, pointers, parameters.lengths, parameters.formats, 1)
      })
    try check(result)
    return result
  }

  /// A new name for a cursor.
  func nextCursor() -> String {
    cursorNumber += 1
    return "anju_cursor_\(cursorNumber)"
  }

  private func keep(_ key: String, _ name: String) {
    guard let evicted = statements.put(key, name) else { return }
    // In a failed transaction this is refused; the server then keeps one statement more until the connection ends.
    _ = PostgresResult(PQexec(handle, "DEALLOCATE \(evicted)"))
  }

  private func check(_ result: borrowing PostgresResult) throws(SQLError) {
    guard !result.isSuccess else { return }
    var report = result.report
    if report.message.isEmpty { report.message = Self.trimmed(PQerrorMessage(handle)) }
    if !isAlive { throw .connectionLost(message: report.message) }
    // An answer without a code that did not end the connection is libpq's own: out of memory.
    if report.state.isEmpty { report.state = "53200" }
    throw SQLError(postgres: report)
  }

  private static func trimmed(_ text: UnsafePointer<CChar>?) -> String {
    guard let text else { return "" }
    return String(cString: text).split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}

/// Asks the server to stop the statement that runs on a connection.
final class PostgresCanceller: @unchecked Sendable {
  // Sendable: libpq documents PQcancel as safe from any thread, and the object never changes.
  private let handle: OpaquePointer

  init(_ handle: OpaquePointer) {
    self.handle = handle
  }

  deinit {
    PQfreeCancel(handle)
  }

  /// Blocks until the server has taken the request; what runs then ends with an error, or was done before.
  func cancel() {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
      _ = PQcancel(handle, message.baseAddress, 256)
    }
  }
}
