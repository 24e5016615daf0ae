import Kernel
import SQLStore
import Vault

extension SQLConnection {
  private static let factorColumns: SQL =
    "organisation, account, algorithm, secret, made_at, confirmed_at, last_step, failures, locks, locked_until"

  /// Whether the account has one that counts.
  func hasSecondFactor(_ account: Account) throws -> Bool {
    try row(
      """
      SELECT 1 FROM second_factor WHERE organisation = \(account.organisation) AND account = \(account.id)
        AND confirmed_at IS NOT NULL
      """) != nil
  }

  /// Confirmed or not.
  func secondFactor(of account: Account) throws -> SecondFactor? {
    try row(
      """
      SELECT \(Self.factorColumns) FROM second_factor
      WHERE organisation = \(account.organisation) AND account = \(account.id)
      """
    ).map { try SecondFactor($0) }
  }

  func put(_ factor: SecondFactor) throws {
    try execute(
      "DELETE FROM second_factor WHERE organisation = \(factor.organisation) AND account = \(factor.account)")
    try execute(
      """
      INSERT INTO second_factor (\(Self.factorColumns)) VALUES (
        \(factor.organisation), \(factor.account), \(factor.algorithm.rawValue), \(factor.sealed), \(factor.madeAt),
        \(factor.confirmedAt), \(factor.lastStep), \(factor.lockout.failures), \(factor.lockout.locks),
        \(factor.lockout.lockedUntil))
      """)
  }

  func update(lockoutOf factor: SecondFactor) throws {
    try execute(
      """
      UPDATE second_factor SET failures = \(factor.lockout.failures), locks = \(factor.lockout.locks),
        locked_until = \(factor.lockout.lockedUntil)
      WHERE organisation = \(factor.organisation) AND account = \(factor.account)
      """)
  }

  /// Uses a step up. The secret is compared too: it may have been replaced since the code was checked.
  ///
  /// - Returns: false when the step, or a later one, was used before.
  func use(_ step: Int64, of factor: SecondFactor, at now: Instant) throws -> Bool {
    try execute(
      """
      UPDATE second_factor SET last_step = \(step), confirmed_at = COALESCE(confirmed_at, \(now)),
        failures = 0, locks = 0, locked_until = NULL
      WHERE organisation = \(factor.organisation) AND account = \(factor.account) AND last_step < \(step)
        AND secret = \(factor.sealed)
      """) == 1
  }

  /// - Returns: false when there was none.
  func deleteSecondFactor(of account: Account) throws -> Bool {
    try deleteRecoveryCodes(of: account)
    return try execute(
      "DELETE FROM second_factor WHERE organisation = \(account.organisation) AND account = \(account.id)") == 1
  }

  // MARK: Recovery codes

  func deleteRecoveryCodes(of account: Account) throws {
    try execute(
      "DELETE FROM recovery_code WHERE organisation = \(account.organisation) AND account = \(account.id)")
  }

  func insert(recoveryCodes hashes: [[UInt8]], of account: Account) throws {
    for hash in hashes {
      try execute(
        """
        INSERT INTO recovery_code (organisation, account, hash)
        VALUES (\(account.organisation), \(account.id), \(hash))
        """)
    }
  }

  /// - Returns: false for a wrong one, or one that was used before.
  func use(recoveryCode hash: [UInt8], of account: Account, at now: Instant) throws -> Bool {
    try execute(
      """
      UPDATE recovery_code SET used_at = \(now)
      WHERE organisation = \(account.organisation) AND account = \(account.id) AND hash = \(hash) AND used_at IS NULL
      """) == 1
  }

  /// Whether it is one that was not used.
  func hasRecoveryCode(_ hash: [UInt8], of account: Account) throws -> Bool {
    try row(
      """
      SELECT 1 FROM recovery_code
      WHERE organisation = \(account.organisation) AND account = \(account.id) AND hash = \(hash) AND used_at IS NULL
      """) != nil
  }

  func recoveryCodesLeft(of account: Account) throws -> Int {
    try row(
      """
      SELECT count(*) AS count FROM recovery_code
      WHERE organisation = \(account.organisation) AND account = \(account.id) AND used_at IS NULL
      """)?.int("count") ?? 0
  }
}

extension SecondFactor {
  init(_ row: SQLRow) throws {
    guard let algorithm = TOTP.Algorithm(rawValue: try row.text("algorithm")) else {
      throw SQLError.column(name: "algorithm", message: "is not known")
    }
    self.init(
      account: try row.id("account"), organisation: try row.id("organisation"), algorithm: algorithm,
      sealed: try row.sealed("secret"), madeAt: try row.instant("made_at"),
      confirmedAt: try row.optionalInstant("confirmed_at"), lastStep: try row.integer("last_step"),
      lockout: Lockout(
        failures: try row.int("failures"), locks: try row.int("locks"),
        lockedUntil: try row.optionalInstant("locked_until")))
  }
}
