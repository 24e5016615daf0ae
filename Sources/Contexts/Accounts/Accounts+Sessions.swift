import Audit
package import Kernel

extension Accounts {
  /// The sessions of an account that have not ended, newest first. One's own, or another's with `accounts.read`.
  ///
  /// - Throws: `.accountUnknown`.
  package func sessions(of account: ID<Principal>, by principal: Principal) async throws(AccountsError) -> [Session] {
    if account != principal.id { try principal.mayDo(.accountsRead) } else { try principal.mustBeComplete() }
    let (now, limits) = (work.time.now(), limits)
    return try await work.read(AccountsError.self) { sql in
      let account = try sql.account(account, of: principal.organisation)
      let time = limits.time(of: account.roles(at: now))
      return try sql.sessions(of: account).filter { $0.isValid(at: now, time) }
    }
  }

  /// The session of a token.
  ///
  /// - Throws: `.sessionUnknown`.
  package func session(token: String, by principal: Principal) async throws(AccountsError) -> Session {
    let hash = Secrets.hash(token)
    let found = try await work.read(AccountsError.self) { try $0.session(tokenHash: hash)?.0 }
    guard let found, found.account == principal.id else { throw .sessionUnknown }
    return found
  }

  /// Ends a session at once. One's own, or another's with `accounts.write`: ending one is never made hard.
  ///
  /// - Throws: `.sessionUnknown`.
  package func revokeSession(_ id: ID<Session>, by principal: Principal) async throws(AccountsError) {
    try await work.run(AccountsError.self) { unit in
      guard let session = try unit.sql.session(id, of: principal.organisation) else {
        throw AccountsError.sessionUnknown
      }
      if session.account == principal.id {
        try principal.mustBeComplete()
      } else {
        do { try principal.require(.accountsOfficers) } catch { try principal.require(.accountsWrite) }
      }
      try unit.sql.delete(session)
      try unit.record(
        SessionEnded(session: session.id, account: session.account), organisation: session.organisation)
      try unit.audit(.delete, "account.session", session.account, by: principal, .plain("count", "1"))
    }
  }

  /// Ends all one's own sessions but the one of `token`.
  ///
  /// - Returns: how many.
  package func revokeOtherSessions(keeping token: String, by principal: Principal) async throws(AccountsError) -> Int {
    try principal.mustBeComplete()
    let kept = Secrets.hash(token)
    return try await work.run(AccountsError.self) { unit in
      let account = try unit.sql.account(principal.id, of: principal.organisation)
      let mine = try unit.sql.session(tokenHash: kept)?.0
      for session in try unit.sql.sessions(of: account) where session.id != mine?.id {
        try unit.record(
          SessionEnded(session: session.id, account: session.account), organisation: session.organisation)
      }
      let count = try unit.sql.deleteSessions(of: account, exceptTokenHash: kept)
      if count > 0 {
        try unit.audit(.delete, "account.session", account.id, by: principal, .plain("count", "\(count)"))
      }
      return count
    }
  }
}

extension Principal {
  /// - Throws: `.notAPerson`, `.signInIncomplete`.
  func mustBeComplete() throws(AccountsError) {
    guard kind == .person else { throw .notAPerson }
    guard isComplete else { throw .signInIncomplete }
  }
}
