extension PostgresConnection: SQLDriver {
  /// How many rows a cursor brings at once.
  private static let cursorRows = 256

  var dialect: SQLDialect { .postgres }

  func execute(_ text: String, _ values: [SQLValue]) throws(SQLError) -> Int {
    try execute(prepared: text, values).changed
  }

  func rows(_ text: String, _ values: [SQLValue], max: Int) throws(SQLError) -> [SQLRow] {
    let result = try execute(prepared: text, values)
    guard result.count <= max else { throw .tooManyRows(max: max) }
    return try Self.rows(result)
  }

  func each(_ text: String, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
    let cursor = nextCursor()
    _ = try execute(once: "DECLARE \(cursor) NO SCROLL CURSOR FOR \(text)", values)
    do {
      while true {
        let page = try fetch(cursor)
        for row in page { try body(row) }
        if page.count < Self.cursorRows { break }
      }
    } catch {
      // After a statement of the body failed the transaction can only be rolled back, which closes the cursor.
      try? run("CLOSE \(cursor)")
      throw error
    }
    try run("CLOSE \(cursor)")
  }

  func script(_ text: String) throws(SQLError) {
    try run(text)
  }

  private func fetch(_ cursor: String) throws(SQLError) -> [SQLRow] {
    try Self.rows(execute(once: "FETCH \(Self.cursorRows) FROM \(cursor)", []))
  }

  private static func rows(_ result: borrowing PostgresResult) throws(SQLError) -> [SQLRow] {
    let columns = result.columns
    var rows: [SQLRow] = []
    rows.reserveCapacity(result.count)
    for row in 0..<result.count {
      rows.append(SQLRow(columns: columns, values: try result.values(row, columns)))
    }
    return rows
  }

  // MARK: Transactions

  func begin(_ mode: SQLTransactionMode) throws(SQLError) {
    switch mode {
    case .read: try run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    case .write: try run("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE")
    case .migration: try run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    }
  }

  /// - Throws: `.commitUncertain` when the connection broke before the answer came.
  func commit() throws(SQLError) {
    do throws(SQLError) {
      let result = try execute(once: "COMMIT", [])
      if result.isRollback { throw .aborted }
    } catch {
      guard case .connectionLost(let message) = error else { throw error }
      throw .commitUncertain(message: message)
    }
  }

  func rollback() throws(SQLError) {
    try run("ROLLBACK")
  }
}
