import Kernel
import SQLStore

extension SQLConnection {
  private static let requestColumns: SQL =
    "organisation, id, subject, kind, state, received_at, deadline_at, done_at, reason, progress, version"

  /// - Throws: `.requestUnknown`, also for another organisation's.
  func request(_ id: ID<PrivacyRequest>, of organisation: ID<Organisation>) throws -> PrivacyRequest {
    let row = try row(
      "SELECT \(Self.requestColumns) FROM privacy_request WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw PrivacyError.requestUnknown }
    return try PrivacyRequest(row)
  }

  func request(key: String, of subject: DataSubject) throws -> PrivacyRequest? {
    try row(
      """
      SELECT \(Self.requestColumns) FROM privacy_request WHERE organisation = \(subject.organisation)
        AND subject = \(subject.id) AND idempotency_key = \(key)
      """
    ).map { try PrivacyRequest($0) }
  }

  /// Newest first.
  func requests(_ query: PrivacyRequestQuery, of organisation: ID<Organisation>, at now: Instant) throws
    -> [PrivacyRequest]
  {
    var sql: SQL = "SELECT \(Self.requestColumns) FROM privacy_request WHERE organisation = \(organisation)"
    if let subject = query.subject { sql += " AND subject = \(subject)" }
    if !query.kinds.isEmpty { sql += " AND kind IN \(list: query.kinds.map(\.rawValue).sorted())" }
    if !query.states.isEmpty { sql += " AND state IN \(list: query.states.map(\.rawValue).sorted())" }
    if query.isLate { sql += " AND done_at IS NULL AND deadline_at <= \(now)" }
    if let before = query.page.cursor.flatMap({ ID<PrivacyRequest>($0) }) { sql += " AND id < \(before)" }
    return try rows(sql + " ORDER BY id DESC LIMIT \(query.page.limit + 1)").map { try PrivacyRequest($0) }
  }

  /// Of all organisations, oldest first: for the platform's own work.
  func requests(_ kind: PrivacyRequest.Kind, in state: PrivacyRequest.State, limit: Int) throws -> [PrivacyRequest] {
    try rows(
      """
      SELECT \(Self.requestColumns) FROM privacy_request
      WHERE kind = \(kind.rawValue) AND state = \(state.rawValue) AND done_at IS NULL ORDER BY id LIMIT \(limit)
      """
    ).map { try PrivacyRequest($0) }
  }

  func requestSteps(_ request: PrivacyRequest) throws -> [PrivacyRequestStep] {
    try rows(
      """
      SELECT act, at, by_name, note FROM privacy_request_step
      WHERE organisation = \(request.subject.organisation) AND request = \(request.id) ORDER BY number LIMIT 1000
      """
    ).map { row in
      PrivacyRequestStep(
        act: try row.text("act"), at: try row.instant("at"), by: try row.optionalText("by_name"),
        note: try row.text("note"))
    }
  }

  func requestContent(_ request: PrivacyRequest) throws -> [UInt8]? {
    try row(
      """
      SELECT sealed FROM privacy_request_content
      WHERE organisation = \(request.subject.organisation) AND request = \(request.id)
      """)?.blob("sealed")
  }

  func erasures(_ request: PrivacyRequest) throws -> [ErasedContext] {
    try rows(
      """
      SELECT context, row_count, kept, done_at FROM privacy_erasure
      WHERE organisation = \(request.subject.organisation) AND request = \(request.id) ORDER BY position
      """
    ).map { row in
      ErasedContext(
        context: try row.text("context"), doneAt: try row.optionalInstant("done_at"), rows: try row.int("row_count"),
        kept: try row.text("kept").split(separator: ",").map(String.init))
    }
  }

  /// The holds that stand on a person.
  func holds(on subject: DataSubject, at now: Instant) throws -> [LegalHold] {
    try rows(
      """
      SELECT id, subject, reason, basis, placed_by, placed_at, until_at, released_at FROM privacy_hold
      WHERE organisation = \(subject.organisation) AND subject = \(subject.id) AND released_at IS NULL
        AND (until_at IS NULL OR until_at > \(now)) ORDER BY id LIMIT 100
      """
    ).map { try LegalHold($0) }
  }

  func hold(_ id: ID<LegalHold>, of organisation: ID<Organisation>) throws -> LegalHold {
    let row = try row(
      """
      SELECT id, subject, reason, basis, placed_by, placed_at, until_at, released_at FROM privacy_hold
      WHERE organisation = \(organisation) AND id = \(id)
      """)
    guard let row else { throw PrivacyError.holdUnknown }
    return try LegalHold(row)
  }
}

extension Unit {
  func insert(_ request: PrivacyRequest, key: String?) throws {
    do {
      try sql.execute(
        """
        INSERT INTO privacy_request (organisation, id, subject, kind, state, received_at, deadline_at, done_at, reason,
          progress, version, idempotency_key)
        VALUES (\(request.subject.organisation), \(request.id), \(request.subject.id), \(request.kind.rawValue),
          \(request.state.rawValue), \(request.receivedAt), \(request.deadlineAt), \(request.doneAt), \(request.reason),
          \(request.progress), \(request.version), \(key))
        """)
    } catch {
      if error == .unique(constraint: "privacy_request_open") { throw PrivacyError.requestOpen }
      throw error
    }
  }

  func update(_ request: PrivacyRequest) throws {
    try sql.execute(
      """
      UPDATE privacy_request SET state = \(request.state.rawValue), done_at = \(request.doneAt),
        reason = \(request.reason), progress = \(request.progress), version = \(request.version)
      WHERE organisation = \(request.subject.organisation) AND id = \(request.id)
      """)
  }

  /// Adds a step to a request's life.
  func step(_ act: String, _ request: PrivacyRequest, by name: String?, note: String = "") throws {
    try sql.execute(
      """
      INSERT INTO privacy_request_step (organisation, request, number, act, at, by_name, note)
      SELECT \(request.subject.organisation), \(request.id), coalesce(max(number), 0) + 1, \(act), \(now),
        CAST(\(name) AS TEXT), \(note)
      FROM privacy_request_step WHERE organisation = \(request.subject.organisation) AND request = \(request.id)
      """)
  }

  func deleteContent(_ request: PrivacyRequest) throws {
    try sql.execute(
      """
      DELETE FROM privacy_request_content
      WHERE organisation = \(request.subject.organisation) AND request = \(request.id)
      """)
  }

  func insert(_ hold: LegalHold, of organisation: ID<Organisation>) throws {
    try sql.execute(
      """
      INSERT INTO privacy_hold (organisation, id, subject, reason, basis, placed_by, placed_at, until_at)
      VALUES (\(organisation), \(hold.id), \(hold.subject), \(hold.reason), \(hold.basis), \(hold.placedBy),
        \(hold.placedAt), \(hold.until))
      """)
  }
}

extension PrivacyRequest {
  init(_ row: SQLRow) throws {
    guard let kind = Kind(rawValue: try row.text("kind")), let state = State(rawValue: try row.text("state")) else {
      throw SQLError.column(name: "kind", message: "is no kind of request")
    }
    self.init(
      id: try row.id("id"), subject: DataSubject(organisation: try row.id("organisation"), id: try row.id("subject")),
      kind: kind, state: state, receivedAt: try row.instant("received_at"),
      deadlineAt: try row.instant("deadline_at"), doneAt: try row.optionalInstant("done_at"),
      reason: try row.text("reason"), progress: try row.int("progress"), version: try row.integer("version"))
  }
}

extension LegalHold {
  init(_ row: SQLRow) throws {
    self.init(
      id: try row.id("id"), subject: try row.id("subject"), reason: try row.text("reason"),
      basis: try row.text("basis"), placedBy: try row.text("placed_by"), placedAt: try row.instant("placed_at"),
      until: try row.optionalInstant("until_at"), releasedAt: try row.optionalInstant("released_at"))
  }
}
