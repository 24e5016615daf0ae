package import Kernel

extension Accounts {
  /// Opens a session for a name and a password. When the account has a second factor, the session may do nothing until
  /// `verify` showed it.
  ///
  /// The attempt is counted before the password is checked, in a unit of work of its own. A name nobody has is counted,
  /// locked and hashed like one that exists, so that neither the answer nor its time tells which do.
  /// - Parameter origin: from where, for the limit of wrong attempts; kept with the session.
  /// - Throws: `.signInFailed`, `.locked`, `.tooManyAttempts`, `.busy`.
  package func signIn(
    name: String, password: String, from origin: Origin
  ) async throws(AccountsError) -> OpenedSession {
    try limiter.check(origin.address, at: work.time.now())
    guard let name = try? AccountRules.name(name), password.utf8.count <= PasswordRules.bytesMax else {
      limiter.failed(origin.address, at: work.time.now())
      throw .signInFailed
    }
    let account = try await countAttempt(name)
    let hash = account.flatMap { $0.isInvited ? nil : $0.passwordHash }
    guard try await hasher.verify(password, hash), let account, account.isActive else {
      limiter.failed(origin.address, at: work.time.now())
      if let account { try await recordFailure(account) }
      throw .signInFailed
    }
    let isOutdated = hasher.isOutdated(account.passwordHash)
    let newHash = isOutdated ? try await hasher.hash(password) : nil
    return try await open(account, origin, newHash: newHash)
  }

  /// Ends the session of a token; an unknown one is no error.
  package func signOut(token: String) async throws(AccountsError) {
    let hash = Secrets.hash(token)
    try await work.run(AccountsError.self) { unit in
      guard let (session, _) = try unit.sql.session(tokenHash: hash) else { return }
      try unit.sql.delete(session)
      try unit.record(
        SessionEnded(session: session.id, account: session.account), organisation: session.organisation)
    }
  }

  /// - Returns: nil for a name nobody has.
  private func countAttempt(_ name: String) async throws(AccountsError) -> Account? {
    let result = try await work.run(AccountsError.self) { unit -> (Account?, Instant?, Instant) in
      guard var account = try unit.sql.account(name: name) else { return (nil, nil, unit.now) }
      let lockedUntil = account.lockout.attempt(at: unit.now)
      if lockedUntil == nil { try unit.sql.update(lockoutOf: account) }
      return (account, lockedUntil, unit.now)
    }
    let now = result.2
    let lockedUntil = result.0 == nil ? limiter.attempt(unknown: name, at: now) : result.1
    if let lockedUntil { throw .locked(retryAfterSeconds: lockedUntil.secondsAfter(now)) }
    return result.0
  }

  private func recordFailure(_ account: Account) async throws(AccountsError) {
    try await work.run(AccountsError.self) { unit in
      try unit.record(SignInFailed(account: account.id), organisation: account.organisation)
      guard account.lockout.hasJustLocked, let until = account.lockout.lockedUntil else { return }
      try unit.record(AccountLocked(account: account.id, until: until), organisation: account.organisation)
    }
  }

  private func open(
    _ checked: Account, _ origin: Origin, newHash: String?
  ) async throws(AccountsError) -> OpenedSession {
    let token = Secrets.base64URL(random(Secrets.tokenBytes))
    let limits = limits
    return try await work.run(AccountsError.self) { unit in
      // It may have been changed while the password was hashed.
      guard let account = try unit.sql.account(name: checked.name), account.isActive,
        account.passwordHash == checked.passwordHash
      else { throw AccountsError.signInFailed }
      var cleared = account
      cleared.lockout = Lockout()
      if let newHash { cleared.passwordHash = newHash }
      try unit.sql.update(lockoutOf: cleared)
      if newHash != nil { try unit.sql.update(passwordOf: cleared) }
      let secondsMax = limits.time(of: account.roles(at: unit.now)).absoluteSeconds
      let session = Session(
        id: unit.newID(), account: account.id, organisation: account.organisation, openedAt: unit.now, usedAt: unit.now,
        expiresAt: unit.now.advanced(by: .seconds(secondsMax)), address: origin.address, agent: origin.agent,
        secondFactorAt: nil)
      try unit.sql.makeRoomForSession(of: account, at: unit.now, limits)
      try unit.sql.insert(session, tokenHash: Secrets.hash(token))
      try unit.record(SignedIn(account: account.id, session: session.id), organisation: account.organisation)
      let assurance = session.assurance(try unit.sql.hasSecondFactor(account))
      return OpenedSession(
        session: session, principal: account.principal(at: unit.now, assurance, origin), token: token,
        secondsMax: Int(secondsMax))
    }
  }
}
