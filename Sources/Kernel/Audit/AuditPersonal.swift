package import Kernel
package import SQLStore

/// A committed value that is still kept: whose, and of which entry.
package struct AuditPersonalValue: Sendable, Hashable {
  package let entry: Int64
  package let field: String
  package let subject: String?
}

extension SQLConnection {
  /// How much of a person's the log still keeps, and since when.
  ///
  /// - Parameter subject: as `AuditDetail.personal` named it; a principal's own go by its id's text.
  package func auditPersonal(
    of subject: String, organisation: ID<Organisation>
  ) throws -> (entries: Int, since: Instant?) {
    let row = try row(
      """
      SELECT count(DISTINCT p.entry) AS entries, min(e.at) AS since
      FROM audit_personal p JOIN audit_entry e ON e.sequence = p.entry
      WHERE p.organisation = \(organisation) AND p.subject = \(subject)
      """)
    guard let row else { return (0, nil) }
    return (try row.int("entries"), try row.optionalInstant("since"))
  }

  /// Committed values of entries from before a moment, in order.
  package func auditPersonal(
    before moment: Instant, organisation: ID<Organisation>, after entry: Int64, limit: Int
  ) throws -> [AuditPersonalValue] {
    try rows(
      """
      SELECT p.entry, p.field, p.subject FROM audit_personal p JOIN audit_entry e ON e.sequence = p.entry
      WHERE p.organisation = \(organisation) AND e.organisation = \(organisation) AND e.at < \(moment)
        AND p.entry > \(entry) ORDER BY p.entry, p.field LIMIT \(limit)
      """
    ).map { row in
      AuditPersonalValue(
        entry: try row.integer("entry"), field: try row.text("field"), subject: try row.optionalText("subject"))
    }
  }
}
