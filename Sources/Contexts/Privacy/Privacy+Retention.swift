import Audit
package import Kernel
import SQLStore

/// What one class came to in one context.
package struct RetentionLine: Sendable, Hashable {
  package let context: String
  package let retention: String
  /// What ended before this moment has had its time.
  package let before: Instant
  /// Rows whose time was over.
  package let due: Int
  /// Of these, rows that a legal hold kept.
  package let held: Int
  package let isDone: Bool
}

/// One run over all classes: for show, or for real.
package struct RetentionRun: Sendable, Hashable {
  package let id: ID<RetentionRun>
  package let isDry: Bool
  package let startedAt: Instant
  package let doneAt: Instant?
  package let lines: [RetentionLine]
}

extension Privacy {
  /// Rows looked at in one step, one transaction.
  static let retentionRowsOfStep = 200
  /// How many days later the next run begins by itself.
  static let retentionEverySeconds: Int64 = 86_400

  /// Begins a run, which a `PrivacyKeeper` works off; the one that is under way when there is one. A dry run counts and
  /// changes nothing. Needs `privacy.erase`, and the second factor shown just now unless it is dry.
  package func beginRetention(isDry: Bool, by principal: Principal) async throws(PrivacyError) -> RetentionRun {
    try principal.mayDo(.privacyErase)
    if !isDry { try principal.mustBeFresh(.privacyErase, at: work.time.now()) }
    let id = try await beginRetention(isDry: isDry, of: principal.organisation, by: principal)
    return try await retentionRun(id, by: principal)
  }

  /// Runs, newest first; needs `privacy.read`.
  package func retentionRuns(
    _ page: PageRequest, by principal: Principal
  ) async throws(PrivacyError) -> Page<RetentionRun> {
    try principal.mayDo(.privacyRead)
    if let cursor = page.cursor, ID<RetentionRun>(cursor) == nil { throw .cursorInvalid }
    return try await work.read(PrivacyError.self) { sql in
      var query: SQL =
        "SELECT id, is_dry, started_at, done_at FROM privacy_run WHERE organisation = \(principal.organisation)"
      if let before = page.cursor.flatMap({ ID<RetentionRun>($0) }) { query += " AND id < \(before)" }
      let found = try sql.rows(query + " ORDER BY id DESC LIMIT \(page.limit + 1)")
      let items = try found.prefix(page.limit).map { try sql.retentionRun($0, of: principal.organisation) }
      return Page(items: items, next: found.count > page.limit ? items.last?.id.description : nil)
    }
  }

  /// One run; needs `privacy.read`.
  package func retentionRun(
    _ id: ID<RetentionRun>, by principal: Principal
  ) async throws(PrivacyError) -> RetentionRun {
    try principal.mayDo(.privacyRead)
    return try await work.read(PrivacyError.self) { sql in
      let row = try sql.row(
        """
        SELECT id, is_dry, started_at, done_at FROM privacy_run
        WHERE organisation = \(principal.organisation) AND id = \(id)
        """)
      guard let row else { throw PrivacyError.requestUnknown }
      return try sql.retentionRun(row, of: principal.organisation)
    }
  }

  @discardableResult
  func beginRetention(
    isDry: Bool, of organisation: ID<Organisation>, by principal: Principal
  ) async throws(PrivacyError) -> ID<RetentionRun> {
    let names = providers.map(\.name)
    // What lives as long as its use ends with the use, not with a date.
    let classes = policy.retention.filter { $0.days > 0 }
    return try await work.run(PrivacyError.self) { unit in
      let open = try unit.sql.row(
        """
        SELECT id FROM privacy_run
        WHERE organisation = \(organisation) AND is_dry = \(isDry) AND done_at IS NULL
        """)
      if let open { return try open.id("id") }
      let id: ID<RetentionRun> = unit.newID()
      try unit.sql.execute(
        """
        INSERT INTO privacy_run (organisation, id, is_dry, started_at)
        VALUES (\(organisation), \(id), \(isDry), \(unit.now))
        """)
      var position = 0
      for name in names {
        for retention in classes {
          let before = unit.now.advanced(by: .seconds(-retention.days * 86_400))
          try unit.sql.execute(
            """
            INSERT INTO privacy_run_task (organisation, run, position, context, retention, before_at, due, held)
            VALUES (\(organisation), \(id), \(position), \(name), \(retention.key), \(before), \(0), \(0))
            """)
          position += 1
        }
      }
      try unit.audit(
        AuditEvent(
          .act, "privacy.retention", id.description, by: principal, organisation: organisation,
          details: [.plain("dry", String(isDry))]))
      return id
    }
  }

  /// Begins a real run where the last one is a day old.
  func beginDueRetention(_ organisations: [ID<Organisation>]) async throws {
    for organisation in organisations {
      let last = try await work.store.read { sql in
        try sql.row(
          "SELECT max(started_at) AS at FROM privacy_run WHERE organisation = \(organisation) AND is_dry = 0")?
          .optionalInstant("at")
      }
      let now = work.time.now()
      if let last, now.microseconds(since: last) < Self.retentionEverySeconds * 1_000_000 { continue }
      try await beginRetention(isDry: false, of: organisation, by: .platform(of: organisation))
    }
  }

  /// One step of one run: a transaction of at most `retentionRowsOfStep` rows.
  ///
  /// - Returns: false when nothing is left to do.
  func retentionStep() async throws -> Bool {
    let (providers, policy) = (providers, policy)
    return try await work.transaction { unit in
      guard let task = try unit.sql.retentionTask() else { return false }
      guard let found = policy.retention(task.retention),
        let provider = providers.first(where: { $0.name == task.context })
      else {
        try unit.worked(task, RetentionStep())
        return true
      }
      let step = try provider.expire(
        RetentionTask(
          organisation: task.organisation, retention: task.retention, action: found.action, before: task.before,
          cursor: task.cursor, limit: Self.retentionRowsOfStep, isDry: task.isDry), in: unit
      ) { id in
        try !unit.sql.holds(on: DataSubject(organisation: task.organisation, id: id), at: unit.now).isEmpty
      }
      try unit.worked(task, step)
      return true
    }
  }
}

/// A task of a run as it stands in the store.
private struct StoredTask {
  let organisation: ID<Organisation>
  let run: ID<RetentionRun>
  let position: Int
  let context: String
  let retention: String
  let before: Instant
  let cursor: String?
  let isDry: Bool
}

extension SQLConnection {
  fileprivate func retentionTask() throws -> StoredTask? {
    try row(
      """
      SELECT t.organisation, t.run, t.position, t.context, t.retention, t.before_at, t.cursor, r.is_dry
      FROM privacy_run_task t JOIN privacy_run r ON r.organisation = t.organisation AND r.id = t.run
      WHERE r.done_at IS NULL AND t.done_at IS NULL ORDER BY t.run, t.position LIMIT 1
      """
    ).map { row in
      StoredTask(
        organisation: try row.id("organisation"), run: try row.id("run"), position: try row.int("position"),
        context: try row.text("context"), retention: try row.text("retention"), before: try row.instant("before_at"),
        cursor: try row.optionalText("cursor"), isDry: try row.bool("is_dry"))
    }
  }

  fileprivate func retentionRun(_ row: SQLRow, of organisation: ID<Organisation>) throws -> RetentionRun {
    let id: ID<RetentionRun> = try row.id("id")
    let lines = try rows(
      """
      SELECT context, retention, before_at, due, held, done_at FROM privacy_run_task
      WHERE organisation = \(organisation) AND run = \(id) ORDER BY position LIMIT 1000
      """
    ).map { row in
      RetentionLine(
        context: try row.text("context"), retention: try row.text("retention"), before: try row.instant("before_at"),
        due: try row.int("due"), held: try row.int("held"), isDone: try row.optionalInstant("done_at") != nil)
    }
    return RetentionRun(
      id: id, isDry: try row.bool("is_dry"), startedAt: try row.instant("started_at"),
      doneAt: try row.optionalInstant("done_at"), lines: lines)
  }
}

extension Unit {
  fileprivate func worked(_ task: StoredTask, _ step: RetentionStep) throws {
    let doneAt: Instant? = step.next == nil ? now : nil
    try sql.execute(
      """
      UPDATE privacy_run_task SET cursor = \(step.next), due = due + \(step.due), held = held + \(step.held),
        done_at = \(doneAt)
      WHERE organisation = \(task.organisation) AND run = \(task.run) AND position = \(task.position)
      """)
    try sql.execute(
      """
      UPDATE privacy_run SET done_at = \(now) WHERE organisation = \(task.organisation) AND id = \(task.run)
        AND NOT EXISTS (SELECT 1 FROM privacy_run_task t WHERE t.organisation = \(task.organisation)
          AND t.run = \(task.run) AND t.done_at IS NULL)
      """)
  }
}
