package import Kernel

extension Accounts {
  /// The sessions of an account that have not ended, newest first. One's own, or another's with `accounts.read`.
  ///
  /// - Throws: `.accountUnknown`.
  package func sessions(of account: ID<Principal>, by principal: Principal) async throws(AccountsError) -> [Session] {
    if account != principal.id { try principal.mayDo(.accountsRead) }
    let (now, limits) = (work.time.now(), limits)
    return try await work.read(AccountsError.self) { sql in
      let account = try sql.account(account, of: principal.organisation)
      return try sql.sessions(of: account).filter { $0.isValid(at: now, limits) }
    }
  }

  /// Ends a session at once. One's own, or another's with `accounts.write`.
  ///
  /// - Throws: `.sessionUnknown`.
  package func revokeSession(_ id: ID<Session>, by principal: Principal) async throws(AccountsError) {
    try await work.run(AccountsError.self) { unit in
      guard let session = try unit.sql.session(id, of: principal.organisation) else {
        throw AccountsError.sessionUnknown
      }
      if session.account != principal.id { try principal.require(.accountsWrite) }
      try unit.sql.delete(session)
      try unit.record(
        SessionEnded(session: session.id, account: session.account), organisation: session.organisation)
    }
  }

  /// Gives oneself another password; ends all one's sessions but the one of `token`.
  ///
  /// - Throws: `.notAPerson`, `.passwordWrong`, `.passwordWeak`, `.locked`.
  package func changePassword(
    from old: String, to new: String, keeping token: String?, by principal: Principal
  ) async throws(AccountsError) {
    guard principal.kind == .person else { throw .notAPerson }
    // Counted as a sign-in is: a stolen session must not become a place to guess the password.
    let account = try await work.run(AccountsError.self) { unit in
      var account = try unit.sql.account(principal.id, of: principal.organisation)
      if let until = account.lockout.attempt(at: unit.now) {
        throw AccountsError.locked(retryAfterSeconds: until.secondsAfter(unit.now))
      }
      try unit.sql.update(lockoutOf: account)
      return account
    }
    guard old.utf8.count <= AccountRules.passwordBytesMax, try await hasher.verify(old, account.passwordHash) else {
      throw .passwordWrong
    }
    try AccountRules.password(new, for: account.name)
    let hash = try await hasher.hash(new)
    let kept = token.map { Secrets.hash($0) }
    try await work.run(AccountsError.self) { unit in
      var current = try unit.sql.account(principal.id, of: principal.organisation)
      guard current.passwordHash == account.passwordHash else { throw AccountsError.passwordWrong }
      current.passwordHash = hash
      current.lockout = Lockout()
      try unit.sql.update(lockoutOf: current)
      try unit.sql.update(passwordOf: current)
      try unit.sql.deleteSessions(of: current, exceptTokenHash: kept)
      try unit.record(PasswordChanged(account: current.id, by: principal.id), organisation: current.organisation)
    }
  }
}
