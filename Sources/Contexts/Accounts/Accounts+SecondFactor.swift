import Audit
import Guomi
package import Kernel
import Vault

extension Accounts {
  /// How many recovery codes an account gets.
  package static let recoveryCodesCount = 10

  /// How one's own second factor stands.
  package func secondFactor(by principal: Principal) async throws(AccountsError) -> SecondFactorState {
    guard principal.kind == .person else { throw .notAPerson }
    return try await work.read(AccountsError.self) { sql in
      let account = try sql.account(principal.id, of: principal.organisation)
      let factor = try sql.secondFactor(of: account)
      return SecondFactorState(since: factor?.confirmedAt, recoveryCodesLeft: try sql.recoveryCodesLeft(of: account))
    }
  }

  /// Begins to set up a second factor: a new secret, which counts once `confirmSecondFactor` was given a code of it.
  /// Whoever has one already must have shown it not long ago; it stays until the new one is confirmed by `replacing`.
  ///
  /// - Parameter password: one's own, so that a stolen session cannot bind a thief's phone.
  /// - Throws: `.notAPerson`, `.passwordWrong`, `.locked`, `.factorExists`, `.signInIncomplete`.
  package func offerSecondFactor(
    _ algorithm: TOTP.Algorithm = .sha1, password: String, by principal: Principal
  ) async throws(AccountsError) -> SecondFactorOffer {
    try principal.mustBeComplete()
    let account = try await proven(password, of: principal)
    let sealer = try await sealer(Sensitive.self, account.organisation)
    var bytes = random(algorithm.secretBytes)
    let secret = SecretBytes(taking: &bytes)
    let sealed = try AccountsError.reading { () throws(VaultError) in
      try sealer.seal(secret, at: Self.factorPlace(account.id, account.organisation))
    }
    try await work.run(AccountsError.self) { unit in
      if let there = try unit.sql.secondFactor(of: account), there.confirmedAt != nil {
        throw AccountsError.factorExists
      }
      try unit.sql.put(
        SecondFactor(
          account: account.id, organisation: account.organisation, algorithm: algorithm, sealed: sealed,
          madeAt: unit.now, confirmedAt: nil, lastStep: 0, lockout: Lockout()))
    }
    return secret.withUnsafeBytes { secret in
      SecondFactorOffer(
        address: TOTP.address(secret, algorithm, account: account.name), secret: TOTP.base32(secret))
    }
  }

  /// Ends setting up: the code proves that the phone has the secret. All other sessions end, this one counts as
  /// verified.
  ///
  /// - Returns: the recovery codes, shown this once.
  /// - Throws: `.codeWrong`, `.locked`, `.factorExists`, `.sessionUnknown`.
  package func confirmSecondFactor(
    code: String, session token: String, by principal: Principal
  ) async throws(AccountsError) -> [String] {
    try principal.mustBeComplete()
    let account = try await own(principal)
    let (factor, step) = try await check(code, of: account) { $0.confirmedAt == nil }
    let (codes, hash) = (recoveryCodes(), Secrets.hash(token))
    try await work.run(AccountsError.self) { unit in
      guard let session = try unit.sql.session(tokenHash: hash)?.0 else { throw AccountsError.sessionUnknown }
      guard try unit.sql.use(step, of: factor, at: unit.now) else { throw AccountsError.codeWrong }
      try unit.sql.deleteRecoveryCodes(of: account)
      try unit.sql.insert(recoveryCodes: codes.map(RecoveryCode.hash), of: account)
      try unit.sql.deleteSessions(of: account, exceptTokenHash: hash)
      _ = try unit.sql.markVerified(session, at: unit.now)
      try unit.record(
        SecondFactorChanged(account: account.id, change: .setUp, by: principal.id),
        organisation: account.organisation)
      try unit.audit(.create, "account.secondFactor", account.id, by: principal)
    }
    return codes
  }

  /// Shows the second factor, or a recovery code in its place: ends a sign-in, or verifies a second time before a
  /// sensitive act. The session counts as verified from now on.
  ///
  /// - Throws: `.codeWrong`, `.locked`, `.factorMissing`, `.sessionUnknown`; `.factorSealed` while the key service is
  ///   down, when only recovery codes can be checked.
  /// - Source: clause 9.3 c.
  package func verify(
    code: String, session token: String, by principal: Principal
  ) async throws(AccountsError) {
    guard principal.kind == .person else { throw .notAPerson }
    let (account, hash) = (try await own(principal), Secrets.hash(token))
    if let recovery = RecoveryCode.normalized(code) {
      try await countFactorAttempt(account) { $0.confirmedAt != nil }
      let isRight = try await work.run(AccountsError.self) { unit in
        guard try unit.sql.use(recoveryCode: RecoveryCode.hash(recovery), of: account, at: unit.now) else {
          return false
        }
        if var factor = try unit.sql.secondFactor(of: account) {
          factor.lockout = Lockout()
          try unit.sql.update(lockoutOf: factor)
        }
        try unit.verified(hash, principal, .recoveryCode)
        return true
      }
      if !isRight { try await failed(account) }
      return
    }
    let (factor, step) = try await check(code, of: account) { $0.confirmedAt != nil }
    let isFresh = try await work.run(AccountsError.self) { unit in
      guard try unit.sql.use(step, of: factor, at: unit.now) else { return false }
      try unit.verified(hash, principal, .code)
      return true
    }
    if !isFresh { try await failed(account) }
  }

  /// New recovery codes; the old ones are useless. Needs the second factor, shown not long ago.
  ///
  /// - Returns: shown this once.
  package func renewRecoveryCodes(by principal: Principal) async throws(AccountsError) -> [String] {
    try principal.mustBeComplete()
    try principal.mustBeFresh(at: work.time.now())
    let codes = recoveryCodes()
    try await work.run(AccountsError.self) { unit in
      let account = try unit.sql.account(principal.id, of: principal.organisation)
      try unit.sql.deleteRecoveryCodes(of: account)
      try unit.sql.insert(recoveryCodes: codes.map(RecoveryCode.hash), of: account)
      try unit.record(
        SecondFactorChanged(account: account.id, change: .recoveryCodesRenewed, by: principal.id),
        organisation: account.organisation)
      try unit.audit(.update, "account.secondFactor", account.id, by: principal, .plain("what", "recovery codes"))
    }
    return codes
  }

  /// Takes one's own second factor away: before another phone is set up. Needs the factor, shown not long ago, and
  /// the password; all other sessions end.
  ///
  /// - Throws: `.unproven`, `.passwordWrong`, `.factorMissing`.
  package func removeSecondFactor(
    password: String, session token: String, by principal: Principal
  ) async throws(AccountsError) {
    try principal.mustBeComplete()
    try principal.mustBeFresh(at: work.time.now())
    _ = try await proven(password, of: principal)
    let kept = Secrets.hash(token)
    try await work.run(AccountsError.self) { unit in
      let account = try unit.sql.account(principal.id, of: principal.organisation)
      try unit.removeSecondFactor(of: account, exceptTokenHash: kept, by: principal)
    }
  }

  /// Takes another account's second factor away, whose phone is lost; needs what changing the account needs. All its
  /// sessions end.
  ///
  /// - Throws: `.accountUnknown`, `.ownAccount`, `.factorMissing`.
  package func removeSecondFactor(
    of id: ID<Principal>, by principal: Principal
  ) async throws(AccountsError) {
    try await work.run(AccountsError.self) { unit in
      let account = try unit.account(id, toBeManagedBy: principal)
      guard id != principal.id else { throw AccountsError.ownAccount }
      try unit.removeSecondFactor(of: account, exceptTokenHash: nil, by: principal)
    }
  }
}

extension Unit {
  /// Marks the session; it must be the principal's.
  fileprivate func verified(_ hash: [UInt8], _ principal: Principal, _ means: SecondFactorShown.Means) throws {
    guard let session = try sql.session(tokenHash: hash)?.0, session.account == principal.id,
      try sql.markVerified(session, at: now)
    else { throw AccountsError.sessionUnknown }
    try record(
      SecondFactorShown(account: principal.id, session: session.id, means: means),
      organisation: principal.organisation)
  }

  fileprivate func removeSecondFactor(
    of account: Account, exceptTokenHash kept: [UInt8]?, by principal: Principal
  ) throws {
    guard try sql.deleteSecondFactor(of: account) else { throw AccountsError.factorMissing }
    try sql.deleteSessions(of: account, exceptTokenHash: kept)
    try record(
      SecondFactorChanged(account: account.id, change: .removed, by: principal.id),
      organisation: account.organisation)
    try audit(.delete, "account.secondFactor", account.id, by: principal)
  }
}
