import Kernel
import SQLStore

extension SQLConnection {
  private static let sessionColumns: SQL =
    "organisation, id, account, address, agent, opened_at, used_at, expires_at, second_factor_at"

  /// The session of a token, ended or not, and its account.
  func session(tokenHash: [UInt8]) throws -> (Session, Account)? {
    let row = try row("SELECT \(Self.sessionColumns) FROM session WHERE token_hash = \(tokenHash)")
    guard let session = try row.map({ try Session($0) }) else { return nil }
    return (session, try account(session.account, of: session.organisation))
  }

  func session(_ id: ID<Session>, of organisation: ID<Organisation>) throws -> Session? {
    try row("SELECT \(Self.sessionColumns) FROM session WHERE organisation = \(organisation) AND id = \(id)")
      .map { try Session($0) }
  }

  /// Newest first.
  func sessions(of account: Account) throws -> [Session] {
    try rows(
      """
      SELECT \(Self.sessionColumns) FROM session
      WHERE organisation = \(account.organisation) AND account = \(account.id) ORDER BY opened_at DESC, id DESC
      """
    ).map { try Session($0) }
  }

  func insert(_ session: Session, tokenHash: [UInt8]) throws {
    try execute(
      """
      INSERT INTO session (\(Self.sessionColumns), token_hash) VALUES (
        \(session.organisation), \(session.id), \(session.account), \(session.address), \(session.agent),
        \(session.openedAt), \(session.usedAt), \(session.expiresAt), \(session.secondFactorAt), \(tokenHash))
      """)
  }

  func markUsed(_ session: Session, at now: Instant) throws {
    try execute(
      """
      UPDATE session SET used_at = \(now)
      WHERE organisation = \(session.organisation) AND id = \(session.id) AND used_at < \(now)
      """)
  }

  /// - Returns: false when the session has ended meanwhile.
  func markVerified(_ session: Session, at now: Instant) throws -> Bool {
    try execute(
      """
      UPDATE session SET second_factor_at = \(now)
      WHERE organisation = \(session.organisation) AND id = \(session.id)
      """) == 1
  }

  func delete(_ session: Session) throws {
    try execute("DELETE FROM session WHERE organisation = \(session.organisation) AND id = \(session.id)")
  }

  /// Ends all of an account's sessions but that of one token.
  @discardableResult
  func deleteSessions(of account: Account, exceptTokenHash kept: [UInt8]?) throws -> Int {
    try execute(
      """
      DELETE FROM session WHERE organisation = \(account.organisation) AND account = \(account.id)
        AND token_hash <> \(kept ?? [])
      """)
  }

  /// Removes what has ended, and the oldest beyond the limit, so that one more finds room.
  func makeRoomForSession(of account: Account, at now: Instant, _ limits: AccountsLimits) throws {
    let time = limits.time(of: account.roles(at: now))
    let all = try sessions(of: account)
    let valid = all.filter { $0.isValid(at: now, time) }
    let kept = Set(valid.prefix(max(0, limits.sessionsMax - 1)).map(\.id))
    for session in all where !kept.contains(session.id) { try delete(session) }
  }
}

extension Session {
  init(_ row: SQLRow) throws {
    self.init(
      id: try row.id("id"), account: try row.id("account"), organisation: try row.id("organisation"),
      openedAt: try row.instant("opened_at"), usedAt: try row.instant("used_at"),
      expiresAt: try row.instant("expires_at"), address: try row.text("address"), agent: try row.text("agent"),
      secondFactorAt: try row.optionalInstant("second_factor_at"))
  }
}
