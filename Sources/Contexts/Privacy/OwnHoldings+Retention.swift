import Kernel
import SQLStore

extension OwnHoldings {
  func expire(
    _ task: RetentionTask, in unit: Unit, isHeld: (ID<DataSubject>) throws -> Bool
  ) throws -> RetentionStep {
    switch task.retention {
    case "export": try expireExports(task, unit)
    case "request": try expireRequests(task, unit, isHeld)
    case "consent": try expireConsents(task, unit, isHeld)
    default: RetentionStep()
    }
  }

  /// Copies are copies: a hold on the person does not need them.
  private func expireExports(_ task: RetentionTask, _ unit: Unit) throws -> RetentionStep {
    let found = try unit.sql.rows(
      """
      SELECT request, max(made_at) AS made_at FROM privacy_export_part WHERE organisation = \(task.organisation)
        AND request > \(Self.after(task))
      GROUP BY request HAVING max(made_at) < \(task.before) ORDER BY request LIMIT \(task.limit)
      """)
    for row in found where !task.isDry {
      let id: ID<PrivacyRequest> = try row.id("request")
      for table in ["privacy_export_part", "privacy_link"] {
        try unit.sql.execute(
          "DELETE FROM \(SQL(raw: table)) WHERE organisation = \(task.organisation) AND request = \(id)")
      }
    }
    return RetentionStep(due: found.count, next: try next(found, "request", task))
  }

  /// Who decided and in what words goes; that there was a request of a kind, and when, stays.
  private func expireRequests(
    _ task: RetentionTask, _ unit: Unit, _ isHeld: (ID<DataSubject>) throws -> Bool
  ) throws -> RetentionStep {
    let found = try unit.sql.rows(
      """
      SELECT id, subject FROM privacy_request r WHERE organisation = \(task.organisation)
        AND done_at < \(task.before) AND id > \(Self.after(task))
        AND EXISTS (SELECT 1 FROM privacy_request_step s WHERE s.organisation = r.organisation AND s.request = r.id)
      ORDER BY id LIMIT \(task.limit)
      """)
    var held = 0
    for row in found {
      guard try !isHeld(row.id("subject")) else {
        held += 1
        continue
      }
      guard !task.isDry else { continue }
      let id: ID<PrivacyRequest> = try row.id("id")
      for table in ["privacy_request_step", "privacy_request_content"] {
        try unit.sql.execute(
          "DELETE FROM \(SQL(raw: table)) WHERE organisation = \(task.organisation) AND request = \(id)")
      }
      try unit.sql.execute(
        """
        UPDATE privacy_request SET reason = \(""), idempotency_key = NULL
        WHERE organisation = \(task.organisation) AND id = \(id)
        """)
    }
    return RetentionStep(due: found.count, held: held, next: try next(found, "id", task))
  }

  /// Lines that a later one of the same purpose has replaced, and withdrawals, once their time is over; a grant that
  /// holds stays.
  private func expireConsents(
    _ task: RetentionTask, _ unit: Unit, _ isHeld: (ID<DataSubject>) throws -> Bool
  ) throws -> RetentionStep {
    // A person a row: the ledger of one is short.
    let found = try unit.sql.rows(
      """
      SELECT DISTINCT subject FROM privacy_consent WHERE organisation = \(task.organisation)
        AND at < \(task.before) AND subject > \(Self.after(task)) ORDER BY subject LIMIT \(min(task.limit, 50))
      """)
    var step = RetentionStep()
    for row in found {
      let subject = DataSubject(organisation: task.organisation, id: try row.id("subject"))
      let entries = try unit.sql.consents(of: subject)
      let due = Self.over(entries, before: task.before)
      guard !due.isEmpty else { continue }
      step.due += due.count
      guard try !isHeld(subject.id) else {
        step.held += due.count
        continue
      }
      guard !task.isDry else { continue }
      for table in ["privacy_consent_origin", "privacy_consent"] {
        try unit.sql.execute(
          """
          DELETE FROM \(SQL(raw: table)) WHERE organisation = \(subject.organisation) AND subject = \(subject.id)
            AND number IN \(list: due)
          """)
      }
    }
    step.next = found.count == min(task.limit, 50) ? try found.last?.id("subject", DataSubject.self).description : nil
    return step
  }

  /// Whose time is over: replaced or withdrawn before that moment. The newest line is kept while any is, since numbers
  /// go on from it.
  static func over(_ entries: [ConsentEntry], before moment: Instant) -> [Int64] {
    var due: [Int64] = []
    for (index, entry) in entries.enumerated() {
      let replaced = entries[(index + 1)...].first { $0.purpose == entry.purpose }
      let endedAt = replaced?.at ?? (entry.act == .withdraw ? entry.at : nil)
      if let endedAt, endedAt < moment { due.append(entry.number) }
    }
    if let last = entries.last, due.count < entries.count { due.removeAll { $0 == last.number } }
    return due
  }

  private static func after(_ task: RetentionTask) -> ID<DataSubject> {
    task.cursor.flatMap { ID($0) } ?? ID(high: 0, low: 0)
  }

  private func next(_ found: [SQLRow], _ column: String, _ task: RetentionTask) throws -> String? {
    found.count == task.limit ? try found.last?.id(column, DataSubject.self).description : nil
  }
}
