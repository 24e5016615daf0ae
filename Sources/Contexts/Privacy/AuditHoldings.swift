import Audit
import Kernel
import SQLStore

/// What the audit log knows of a person: what they did, from where. It is read through the log itself.
struct AuditHoldings: HoldingsProvider {
  let work: Work
  let log: AuditLog
  let name = "audit"

  func holdings(of subject: DataSubject, in sql: SQLConnection) throws -> [Holding] {
    let known = try sql.auditPersonal(of: subject.id.description, organisation: subject.organisation)
    guard let since = known.since else { return [] }
    return [
      Holding(
        category: "audit",
        fields: [
          Holding.Field("audit.did", String(known.entries)), Holding.Field("audit.address", "***"),
          Holding.Field("audit.reason", "***"),
        ], source: .platform, since: since, count: known.entries, retention: "securityLog", retentionFrom: since,
        purposes: ["security"])
    ]
  }

  func records(of subject: DataSubject, cursor: String?, limit: Int) async throws -> Page<HeldRecord> {
    let query = AuditQuery(
      principal: subject.id.tagged(), page: PageRequest(cursor: cursor, limit: min(limit, 200)))
    return try await log.search(query, of: subject.organisation).map { entry in
      HeldRecord(
        category: "audit",
        fields: [
          "audit.did": "\(entry.body.verb.rawValue) \(entry.body.kind)", "audit.resource": entry.body.resource,
          "audit.address": entry.field("from.address").value ?? "", "audit.reason": entry.field("why").value ?? "",
        ], since: entry.at)
    }
  }

  func erase(_ subject: DataSubject, in unit: Unit) throws -> ErasedPart {
    let rows = try unit.eraseInAudit(subject: subject.id.description, organisation: subject.organisation)
    return ErasedPart(rows: rows, kept: rows > 0 ? ["audit.proof"] : [])
  }

  func expire(
    _ task: RetentionTask, in unit: Unit, isHeld: (ID<DataSubject>) throws -> Bool
  ) throws -> RetentionStep {
    guard task.retention == "securityLog" else { return RetentionStep() }
    let after = task.cursor.flatMap { Int64($0) } ?? 0
    var found = try unit.sql.auditPersonal(
      before: task.before, organisation: task.organisation, after: after, limit: task.limit)
    var step = RetentionStep()
    // A step ends between two entries; one entry has fewer values than a step.
    if found.count == task.limit, let last = found.last, found[0].entry < last.entry {
      found.removeAll { $0.entry == last.entry }
      step.next = found.last.map { String($0.entry) }
    }
    step.due = found.count
    for value in found {
      if let subject = value.subject.flatMap({ ID<DataSubject>($0) }), try isHeld(subject) {
        step.held += 1
      } else if !task.isDry {
        try unit.eraseInAudit(entry: value.entry, field: value.field, organisation: task.organisation)
      }
    }
    return step
  }
}
