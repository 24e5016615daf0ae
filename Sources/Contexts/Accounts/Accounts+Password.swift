import Audit
package import Kernel

extension Accounts {
  /// Gives oneself another password; ends all one's sessions but the one of `token`. Whoever has a second factor must
  /// have shown it not long ago, unless the change was asked of them.
  ///
  /// - Throws: `.notAPerson`, `.passwordWrong`, `.passwordWeak`, `.locked`, `.signInIncomplete`, `.unproven`.
  /// - Source: clauses 9.3 a and c.
  package func changePassword(
    from old: String, to new: String, keeping token: String?, by principal: Principal
  ) async throws(AccountsError) {
    guard principal.kind == .person else { throw .notAPerson }
    if principal.assurance.hasSecondFactor {
      guard principal.assurance.secondFactorAt != nil else { throw .signInIncomplete }
      if !principal.mustChangePassword { try principal.mustBeFresh(at: work.time.now()) }
    }
    // Counted as a sign-in is: a stolen session must not become a place to guess the password.
    let account = try await work.run(AccountsError.self) { unit in
      var account = try unit.sql.account(principal.id, of: principal.organisation)
      if let until = account.lockout.attempt(at: unit.now) {
        throw AccountsError.locked(retryAfterSeconds: until.secondsAfter(unit.now))
      }
      try unit.sql.update(lockoutOf: account)
      return account
    }
    guard old.utf8.count <= PasswordRules.bytesMax, try await hasher.verify(old, account.passwordHash) else {
      throw .passwordWrong
    }
    try await setPassword(new, of: account, keeping: token.map { Secrets.hash($0) }, by: principal) { _ in }
  }

  /// Writes a password that its owner chose: checked, not one of the last, all sessions but one ended.
  ///
  /// - Parameters:
  ///   - account: as it was read when the proof was checked; nothing is written when its password changed since.
  ///   - with: goes into the same unit of work.
  /// - Throws: `.passwordWeak`, `.passwordWrong`.
  func setPassword(
    _ new: String, of account: Account, keeping kept: [UInt8]?, by principal: Principal,
    with more: @escaping @Sendable (Unit) throws -> Void
  ) async throws(AccountsError) {
    try rules.check(new, name: account.name, displayName: account.displayName)
    for former in try await work.read(AccountsError.self, { try $0.formerHashes(of: account) }) {
      if try await hasher.verify(new, former) { throw .passwordWeak(.reused) }
    }
    let hash = try await hasher.hash(new)
    try await work.run(AccountsError.self) { unit in
      var current = try unit.sql.account(account.id, of: account.organisation)
      guard current.passwordHash == account.passwordHash else { throw AccountsError.passwordWrong }
      // One that was there before there was a history.
      try unit.sql.remember(passwordOf: current, at: current.createdAt)
      current.passwordHash = hash
      current.mustChangePassword = false
      current.lockout = Lockout()
      try unit.sql.update(lockoutOf: current)
      try unit.sql.update(passwordOf: current)
      try unit.sql.remember(passwordOf: current, at: unit.now)
      try unit.sql.deleteSessions(of: current, exceptTokenHash: kept)
      try unit.record(PasswordChanged(account: current.id, by: principal.id), organisation: current.organisation)
      try unit.audit(.update, "account.password", current.id, by: principal)
      try more(unit)
    }
  }
}

extension Principal {
  /// For a sensitive act on one's own account, which needs no permission.
  ///
  /// - Throws: `.unproven`.
  func mustBeFresh(at now: Instant) throws(AccountsError) {
    guard !assurance.isFresh(at: now) else { return }
    throw .unproven(
      Denied(permission: .accountsWrite, missing: assurance.hasSecondFactor ? .verification : .secondFactor))
  }
}
