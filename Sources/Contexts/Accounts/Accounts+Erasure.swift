package import Kernel
import SQLStore

extension AccountHoldings {
  /// The account stays as an empty shell under its id, to which other records point: without names, contacts and
  /// credentials, and nobody can sign in with it.
  package func erase(_ subject: DataSubject, in unit: Unit) throws -> ErasedPart {
    guard let account = try unit.sql.holder(subject) else { return ErasedPart(rows: 0) }
    // Contacts are sealed with the person's record key, which goes too.
    let contacts = try unit.sql.deleteContacts(of: account.id, account.organisation)
    if try isLastAdministrator(account, in: unit) {
      return ErasedPart(rows: contacts, kept: ["accounts.lastAdministrator"])
    }
    let (organisation, id) = (subject.organisation, account.id)
    var rows = try contacts + unit.sql.execute(
      "DELETE FROM session WHERE organisation = \(organisation) AND account = \(id)")
    for table in ["second_factor", "recovery_code", "password_history", "password_reset"] {
      rows += try unit.sql.execute(
        "DELETE FROM \(raw: table) WHERE organisation = \(organisation) AND account = \(id)")
    }
    for key in try unit.sql.keys(madeBy: subject) where key.revokedAt == nil {
      try unit.sql.revoke(key, at: unit.now)
      rows += 1
    }
    rows += try unit.sql.execute(
      """
      UPDATE account SET name = \("erased-\(account.id)"), display_name = \("—"), is_active = 0, password_hash = \(""),
        failures = 0, locks = 0, locked_until = NULL, version = version + 1
      WHERE organisation = \(organisation) AND id = \(id) AND display_name <> \("—")
      """)
    return ErasedPart(rows: rows)
  }

  private func isLastAdministrator(_ account: Account, in unit: Unit) throws -> Bool {
    guard account.duty == .systemAdministrator, account.isActive else { return false }
    return try unit.sql.holdersCount(of: .systemAdministrator, account.organisation, at: unit.now) <= 1
  }

  package func expire(
    _ task: RetentionTask, in unit: Unit, isHeld: (ID<DataSubject>) throws -> Bool
  ) throws -> RetentionStep {
    guard task.retention == "session" else { return RetentionStep() }
    let after = task.cursor.flatMap { ID<Session>($0) } ?? ID(high: 0, low: 0)
    let found = try unit.sql.rows(
      """
      SELECT id, account FROM session WHERE organisation = \(task.organisation) AND expires_at < \(task.before)
        AND id > \(after) ORDER BY id LIMIT \(task.limit)
      """)
    var step = RetentionStep(due: found.count)
    for row in found {
      if try isHeld(row.id("account")) {
        step.held += 1
      } else if !task.isDry {
        try unit.sql.execute(
          "DELETE FROM session WHERE organisation = \(task.organisation) AND id = \(try row.id("id", Session.self))")
      }
    }
    if found.count == task.limit { step.next = try found.last?.id("id", Session.self).description }
    return step
  }
}
