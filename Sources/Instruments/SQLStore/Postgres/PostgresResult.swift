import CLibpq

/// One answer of the server.
struct PostgresResult: ~Copyable {
  /// Nil when libpq could not even make an answer.
  private let handle: OpaquePointer?

  init(_ handle: OpaquePointer?) {
    self.handle = handle
  }

  deinit {
    PQclear(handle)
  }

  var isSuccess: Bool {
    switch PQresultStatus(handle) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: true
    default: false
    }
  }

  var count: Int { Int(PQntuples(handle)) }

  /// The rows inserted, changed or deleted; 0 for a query.
  var changed: Int {
    guard let status = PQcmdStatus(handle), !String(cString: status).hasPrefix("SELECT"),
      let tuples = PQcmdTuples(handle)
    else { return 0 }
    return Int(String(cString: tuples)) ?? 0
  }

  /// COMMIT of a failed transaction answers ROLLBACK and no error.
  var isRollback: Bool {
    PQcmdStatus(handle).map { String(cString: $0) } == "ROLLBACK"
  }

  var columns: SQLColumns {
    SQLColumns((0..<PQnfields(handle)).map { String(cString: PQfname(handle, $0)) })
  }

  /// The values of one row.
  func values(_ row: Int, _ columns: SQLColumns) throws(SQLError) -> [SQLValue] {
    var values: [SQLValue] = []
    values.reserveCapacity(columns.names.count)
    for (column, name) in columns.names.enumerated() {
      if PQgetisnull(handle, Int32(row), Int32(column)) == 1 {
        values.append(.null)
        continue
      }
      let bytes = UnsafeRawBufferPointer(
        start: PQgetvalue(handle, Int32(row), Int32(column)),
        count: Int(PQgetlength(handle, Int32(row), Int32(column))))
      values.append(try SQLValue(postgres: bytes, type: PQftype(handle, Int32(column)), column: name))
    }
    return values
  }

  /// Whether the prepared statement itself is at fault.
  var isPlanStale: Bool {
    let state = field("C")
    return state == "26000" || state == "0A000"
  }

  var report: SQLError.PostgresReport {
    SQLError.PostgresReport(
      state: field("C"), message: field("M"), table: field("t"), column: field("c"), constraint: field("n"))
  }

  /// - Parameter code: as libpq's PG_DIAG_ macros spell the fields.
  private func field(_ code: Unicode.Scalar) -> String {
    PQresultErrorField(handle, Int32(code.value)).map { String(cString: $0) } ?? ""
  }
}

extension PostgresParameters {
  /// All values are binary.
  var formats: [Int32] { Array(repeating: 1, count: types.count) }

  /// Gives the addresses of the values, valid inside the body only.
  func withPointers<R>(_ body: ([UnsafePointer<CChar>?]) -> R) -> R {
    bytes.withUnsafeBytes { buffer in
      let characters = buffer.bindMemory(to: CChar.self)
      return body(starts.map { start in start.flatMap { offset in characters.baseAddress.map { $0 + offset } } })
    }
  }
}
