import Kernel

extension Accounts {
  /// What a sealed secret is bound to.
  static func place(of account: Account, _ use: String) -> String {
    "\(account.organisation)|account|\(account.id)|\(use)"
  }

  func seal(_ secret: [UInt8], _ place: String) async throws(AccountsError) -> [UInt8] {
    do { return try await box.seal(secret, for: place) } catch { throw AccountsError(error) }
  }

  func open(_ sealed: [UInt8], _ place: String) async throws(AccountsError) -> [UInt8] {
    do { return try await box.open(sealed, for: place) } catch { throw AccountsError(error) }
  }

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

  /// Checks a code against the factor; the attempt is counted first.
  ///
  /// - Throws: `.codeWrong`, `.locked`, `.factorMissing`.
  func check(
    _ code: String, of account: Account, _ isMeant: @escaping @Sendable (SecondFactor) -> Bool
  ) async throws(AccountsError) -> (SecondFactor, step: Int64) {
    let factor = try await countFactorAttempt(account, isMeant)
    let secret = try await open(factor.sealed, Self.place(of: account, "second-factor"))
    let digits = code.filter { !$0.isWhitespace }
    guard let step = TOTP.step(of: digits, secret, factor.algorithm, at: work.time.now()), step > factor.lastStep
    else {
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
