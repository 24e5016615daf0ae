import Kernel
import Vault

extension Accounts {
  /// Proves one's own password, counted as a sign-in is.
  func proven(_ password: String, of principal: Principal) async throws(AccountsError) -> Account {
    let account = try await work.run(AccountsError.self) { unit in
      var account = try unit.sql.account(principal.id, of: principal.organisation)
      if let until = account.lockout.attempt(at: unit.now) {
        throw AccountsError.locked(retryAfterSeconds: until.secondsAfter(unit.now))
      }
      try unit.sql.update(lockoutOf: account)
      return account
    }
    guard password.utf8.count <= PasswordRules.bytesMax, try await hasher.verify(password, account.passwordHash)
    else { throw .passwordWrong }
    try await work.run(AccountsError.self) { unit in
      var cleared = account
      cleared.lockout = Lockout()
      try unit.sql.update(lockoutOf: cleared)
    }
    return account
  }

  func recoveryCodes() -> [String] {
    (0..<Self.recoveryCodesCount).map { _ in RecoveryCode.make(random) }
  }

  /// Checks a code against the factor; the attempt is counted before it is compared, and after the secret was opened: a
  /// key service that is down locks nobody out.
  ///
  /// - Throws: `.codeWrong`, `.locked`, `.factorMissing`, `.factorSealed`.
  func check(
    _ code: String, of account: Account, _ isMeant: @escaping @Sendable (SecondFactor) -> Bool
  ) async throws(AccountsError) -> (SecondFactor, step: Int64) {
    let known = try await work.read(AccountsError.self) { try $0.secondFactor(of: account) }
    guard let known, isMeant(known) else { throw .factorMissing }
    let now = work.time.now()
    if let until = known.lockout.lockedUntil, until > now { throw .locked(retryAfterSeconds: until.secondsAfter(now)) }
    let secret = try await open(known)
    let factor = try await countFactorAttempt(account, isMeant)
    let digits = code.filter { !$0.isWhitespace }
    let shown = secret.withBytes { TOTP.step(of: digits, $0, factor.algorithm, at: now) }
    guard factor.sealed == known.sealed, let step = shown, step > factor.lastStep else {
      try await failed(account)
      throw .codeWrong
    }
    return (factor, step)
  }

  @discardableResult
  func countFactorAttempt(
    _ account: Account, _ isMeant: @escaping @Sendable (SecondFactor) -> Bool
  ) async throws(AccountsError) -> SecondFactor {
    try await work.run(AccountsError.self) { unit in
      guard var factor = try unit.sql.secondFactor(of: account), isMeant(factor) else {
        throw AccountsError.factorMissing
      }
      if let until = factor.lockout.attempt(at: unit.now) {
        throw AccountsError.locked(retryAfterSeconds: until.secondsAfter(unit.now))
      }
      try unit.sql.update(lockoutOf: factor)
      if factor.lockout.hasJustLocked, let until = factor.lockout.lockedUntil {
        try unit.record(AccountLocked(account: account.id, until: until), organisation: account.organisation)
      }
      return factor
    }
  }

  /// - Throws: `.codeWrong`, always.
  func failed(_ account: Account) async throws(AccountsError) {
    try await work.run(AccountsError.self) { unit in
      try unit.record(SecondFactorFailed(account: account.id), organisation: account.organisation)
    }
    throw .codeWrong
  }
}

extension Accounts {
  /// The principal's own account.
  func own(_ principal: Principal) async throws(AccountsError) -> Account {
    try await work.read(AccountsError.self) { try $0.account(principal.id, of: principal.organisation) }
  }
}
