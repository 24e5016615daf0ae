package import Kernel

extension Accounts {
  /// Who a session's token stands for; nil when the session does not exist or has ended.
  ///
  /// - Parameter origin: from where it asks now.
  package func principal(session token: String, from origin: Origin) async throws(AccountsError) -> Principal? {
    guard !token.isEmpty, token.utf8.count <= 256 else { return nil }
    let (hash, now, limits) = (Secrets.hash(token), work.time.now(), limits)
    let found = try await work.read(AccountsError.self) { sql -> (Session, Account, Bool)? in
      guard let (session, account) = try sql.session(tokenHash: hash) else { return nil }
      return (session, account, try sql.hasSecondFactor(account))
    }
    guard let (session, account, hasFactor) = found, account.isActive,
      session.isValid(at: now, limits.time(of: account.roles(at: now)))
    else { return nil }
    if now.microseconds(since: session.usedAt) >= limits.usedEverySeconds * 1_000_000 {
      try await work.run(AccountsError.self) { unit in
        try unit.sql.markUsed(session, at: now)
      }
    }
    return account.principal(at: now, session.assurance(hasFactor), origin)
  }

  /// Who an API key stands for; nil when it does not exist, has expired or was revoked.
  ///
  /// - Parameter origin: from where it asks now.
  package func principal(apiKey text: String, from origin: Origin) async throws(AccountsError) -> Principal? {
    guard let (handle, secret) = Secrets.split(key: text) else { return nil }
    let (now, limits) = (work.time.now(), limits)
    let found = try await work.read(AccountsError.self) { try $0.key(handle: handle) }
    guard let key = found, key.isOpened(by: secret, at: now), key.isValid(at: now) else { return nil }
    let isDue = key.usedAt.map { now.microseconds(since: $0) >= limits.usedEverySeconds * 1_000_000 } ?? true
    if isDue {
      try await work.run(AccountsError.self) { unit in
        try unit.sql.markUsed(key, at: now)
      }
    }
    return key.principal(origin)
  }
}

extension Session {
  /// How sure one is of who is behind it. A factor that was removed meanwhile no longer counts.
  func assurance(_ hasFactor: Bool) -> Assurance {
    guard hasFactor, let secondFactorAt else { return .password(hasSecondFactor: hasFactor) }
    return .secondFactor(at: secondFactorAt)
  }
}
