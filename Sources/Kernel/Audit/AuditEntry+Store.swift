import Kernel
import MerkleLog
import SQLStore

extension SQLConnection {
  /// Entries, newest first, with what is still kept of their committed values.
  func auditEntries(
    _ query: AuditQuery, of organisation: ID<Organisation>?, before: Int64?, limit: Int
  ) throws -> [AuditEntry] {
    var condition = query.condition(organisation)
    if let before { condition += " AND e.sequence < \(before)" }
    return try auditEntries(where: condition, limit: limit)
  }

  /// One entry.
  ///
  /// - Throws: `AuditError.entryUnknown`.
  func auditEntry(_ number: Int64, of organisation: ID<Organisation>?) throws -> AuditEntry {
    var condition: SQL = "e.sequence = \(number)"
    if let organisation { condition += " AND e.organisation = \(organisation)" }
    guard let entry = try auditEntries(where: condition, limit: 1).first else { throw AuditError.entryUnknown }
    return entry
  }

  private func auditEntries(where condition: SQL, limit: Int) throws -> [AuditEntry] {
    let found = try rows(
      """
      SELECT e.sequence, e.body, l.leaf FROM audit_entry e LEFT JOIN audit_leaf l ON l.sequence = e.sequence
      WHERE \(condition) ORDER BY e.sequence DESC LIMIT \(limit)
      """)
    let openings = try auditOpenings(try found.map { row in try row.integer("sequence") })
    return try found.map { row in
      let number = try row.integer("sequence")
      let text = try row.text("body")
      guard let body = try? AuditBody(text: text) else { throw AuditError.damaged("entry \(number) cannot be read") }
      return AuditEntry(
        number: number, body: body, text: text, openings: openings[number] ?? [],
        leaf: try row.optionalInteger("leaf").map { Int($0) })
    }
  }

  /// What is still kept of the committed values of entries, by their numbers.
  private func auditOpenings(_ numbers: [Int64]) throws -> [Int64: [AuditOpening]] {
    var openings: [Int64: [AuditOpening]] = [:]
    for start in stride(from: 0, to: numbers.count, by: 500) {
      let part = numbers[start..<min(start + 500, numbers.count)]
      for row in try rows(
        """
        SELECT entry, field, subject, salt, value FROM audit_personal WHERE entry IN \(list: part)
        ORDER BY entry, field
        """)
      {
        openings[try row.integer("entry"), default: []].append(try AuditOpening(row))
      }
    }
    return openings
  }
}

extension AuditOpening {
  init(_ row: SQLRow) throws(SQLError) {
    self.init(
      field: try row.text("field"), subject: try row.optionalText("subject"), salt: try row.blob("salt"),
      value: try row.text("value"))
  }
}
