import Kernel
import SQLStore

extension SQLConnection {
  private static let resetColumns: SQL =
    """
    organisation, id, account, kind, code_hash, address, attempts, approved_by, approved_at, asked_at, expires_at
    """

  func reset(tokenHash: [UInt8]) throws -> PasswordReset? {
    try row("SELECT \(Self.resetColumns) FROM password_reset WHERE token_hash = \(tokenHash)")
      .map { try PasswordReset($0) }
  }

  /// - Throws: `.resetUnknown`.
  func reset(_ id: ID<PasswordReset>, of organisation: ID<Organisation>) throws -> PasswordReset {
    let row = try row(
      "SELECT \(Self.resetColumns) FROM password_reset WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw AccountsError.resetUnknown }
    return try PasswordReset(row)
  }

  /// Those that wait, oldest first.
  func resets(of organisation: ID<Organisation>, at now: Instant, limit: Int) throws -> [PasswordReset] {
    try rows(
      """
      SELECT \(Self.resetColumns) FROM password_reset WHERE organisation = \(organisation)
        AND kind = 'reset' AND expires_at > \(now) ORDER BY id LIMIT \(limit)
      """
    ).map { try PasswordReset($0) }
  }

  /// Writes it, and takes away what is over of the account's others and the oldest beyond the limit.
  func insert(_ reset: PasswordReset, tokenHash: [UInt8]) throws {
    try execute(
      """
      DELETE FROM password_reset WHERE organisation = \(reset.organisation) AND account = \(reset.account)
        AND (expires_at <= \(reset.askedAt) OR kind = 'invitation' OR id <= (
          SELECT id FROM password_reset WHERE organisation = \(reset.organisation)
            AND account = \(reset.account) ORDER BY id DESC LIMIT 1 OFFSET \(PasswordReset.openMax - 1)))
      """)
    try execute(
      """
      INSERT INTO password_reset (\(Self.resetColumns), token_hash) VALUES (
        \(reset.organisation), \(reset.id), \(reset.account), \(reset.kind.rawValue), \(reset.codeHash),
        \(reset.address), \(reset.attempts), \(reset.approvedBy), \(reset.approvedAt), \(reset.askedAt),
        \(reset.expiresAt), \(tokenHash))
      """)
  }

  /// Counts one try.
  ///
  /// - Returns: false when none is left.
  func countAttempt(of reset: PasswordReset) throws -> Bool {
    try execute(
      """
      UPDATE password_reset SET attempts = attempts + 1
      WHERE organisation = \(reset.organisation) AND id = \(reset.id) AND attempts < \(PasswordReset.attemptsMax)
      """) == 1
  }

  func approve(_ reset: PasswordReset, by principal: ID<Principal>, at now: Instant) throws {
    try execute(
      """
      UPDATE password_reset SET approved_by = \(principal), approved_at = \(now)
      WHERE organisation = \(reset.organisation) AND id = \(reset.id)
      """)
  }

  func deleteResets(of account: Account) throws {
    try execute(
      "DELETE FROM password_reset WHERE organisation = \(account.organisation) AND account = \(account.id)")
  }
}

extension PasswordReset {
  init(_ row: SQLRow) throws {
    guard let kind = Kind(rawValue: try row.text("kind")) else {
      throw SQLError.column(name: "kind", message: "is not known")
    }
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), account: try row.id("account"), kind: kind,
      address: try row.text("address"), askedAt: try row.instant("asked_at"), expiresAt: try row.instant("expires_at"),
      approvedBy: try row.optionalID("approved_by"), approvedAt: try row.optionalInstant("approved_at"),
      attempts: try row.int("attempts"), codeHash: try row.optionalBlob("code_hash"))
  }
}
