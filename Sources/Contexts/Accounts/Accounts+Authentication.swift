package import Kernel

extension Accounts {
  /// Who a session's token stands for; nil when the session does not exist or has ended.
  package func principal(session token: String) async throws(AccountsError) -> Principal? {
    guard !token.isEmpty, token.utf8.count <= 256 else { return nil }
    let (hash, now, limits) = (Secrets.hash(token), work.time.now(), limits)
    let found = try await work.read(AccountsError.self) { try $0.session(tokenHash: hash) }
    guard let (session, account) = found, account.isActive, session.isValid(at: now, limits) else { return nil }
    if now.microseconds(since: session.usedAt) >= limits.usedEverySeconds * 1_000_000 {
      try await work.run(AccountsError.self) { unit in
        try unit.sql.markUsed(session, at: now)
      }
    }
    return account.principal
  }

  /// Who an API key stands for; nil when it does not exist, has expired or was revoked.
  package func principal(apiKey text: String) async throws(AccountsError) -> Principal? {
    guard let (handle, secret) = Secrets.split(key: text) else { return nil }
    let (now, limits) = (work.time.now(), limits)
    let found = try await work.read(AccountsError.self) { try $0.key(handle: handle) }
    guard let key = found, Secrets.isEqual(Secrets.hash(secret), key.secretHash), key.isValid(at: now) else {
      return nil
    }
    let isDue = key.usedAt.map { now.microseconds(since: $0) >= limits.usedEverySeconds * 1_000_000 } ?? true
    if isDue {
      try await work.run(AccountsError.self) { unit in
        try unit.sql.markUsed(key, at: now)
      }
    }
    return key.principal
  }
}

extension Session {
  func isValid(at now: Instant, _ limits: AccountsLimits) -> Bool {
    expiresAt > now && now.microseconds(since: usedAt) < limits.idleSeconds * 1_000_000
  }
}
