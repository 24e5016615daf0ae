package import Kernel
import SQLStore

extension Unit {
  /// Writes what somebody answers for into the audit log, in this transaction: when the entry cannot be written,
  /// nothing else of the unit happens either.
  ///
  /// - Throws: `AuditError.reasonMissing`, `.eventInvalid`, or the store's error.
  package func audit(_ event: AuditEvent) throws {
    try event.check()
    try lockOrder()
    // 74 bits of an id are random: two hold 148.
    let openings = event.openings { newID(AuditEntry.self).bytes + newID(AuditEntry.self).bytes }
    let body = AuditBody(event, id: newID(), at: now, openings: openings)
    let row = try sql.row(
      """
      INSERT INTO audit_entry (organisation, id, at, principal, verb, kind, resource, outcome, words, body)
      VALUES (\(body.organisation), \(body.id), \(now), \(body.principal), \(body.verb.rawValue), \(body.kind),
        \(body.resource), \(body.outcome.rawValue), \(body.words), \(try body.text()))
      RETURNING sequence
      """)
    guard let number = try row?.integer(0) else { throw StoreFailure.broken }
    for opening in openings {
      try sql.execute(
        """
        INSERT INTO audit_personal (organisation, entry, field, subject, salt, value)
        VALUES (\(body.organisation), \(number), \(opening.field), \(opening.subject), \(opening.salt),
          \(opening.value))
        """)
    }
  }

  /// `audit` of something done to one thing with an id.
  package func audit<Thing>(
    _ verb: AuditVerb, _ kind: String, _ id: ID<Thing>, by principal: Principal, because reason: String? = nil,
    _ details: AuditDetail...
  ) throws {
    try audit(AuditEvent(verb, kind, id.description, by: principal, reason: reason, details: details))
  }

  /// Erases what the audit log knows of a person besides its proofs: the values and salts behind the commitments.
  /// Whoever calls it audits that.
  ///
  /// - Parameter subject: as `AuditDetail.personal` named it; a principal's own name and addresses go by its id's text.
  /// - Returns: how many values there were.
  @discardableResult
  package func eraseInAudit(subject: String, organisation: ID<Organisation>) throws -> Int {
    try sql.execute("DELETE FROM audit_personal WHERE organisation = \(organisation) AND subject = \(subject)")
  }

  /// Erases one committed value of one entry: a reason that tells too much.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  package func eraseInAudit(entry: Int64, field: String, organisation: ID<Organisation>) throws -> Bool {
    try sql.execute(
      """
      DELETE FROM audit_personal
      WHERE organisation = \(organisation) AND entry = \(entry) AND field = \(field)
      """) > 0
  }
}
