import Audit
package import Kernel

extension Accounts {
  /// The organisation's accounts by name; needs `accounts.read`.
  ///
  /// - Throws: `.cursorInvalid`, `.fieldInvalid`.
  package func accounts(_ query: AccountQuery, by principal: Principal) async throws(AccountsError) -> Page<Account> {
    try principal.mayDo(.accountsRead)
    if let cursor = query.page.cursor, (try? AccountRules.name(cursor)) != cursor { throw .cursorInvalid }
    guard (query.text ?? "").count <= 64 else {
      throw .fieldInvalid(field: "text", problem: "must have at most 64 characters")
    }
    return try await work.read(AccountsError.self) { sql in
      let found = try sql.accounts(query, of: principal.organisation)
      let items = Array(found.prefix(query.page.limit))
      return Page(items: items, next: found.count > query.page.limit ? items.last?.name : nil)
    }
  }

  /// One account: one's own, or another with `accounts.read`.
  ///
  /// - Throws: `.accountUnknown`.
  package func account(_ id: ID<Principal>, by principal: Principal) async throws(AccountsError) -> Account {
    if id != principal.id { try principal.mayDo(.accountsRead) }
    return try await work.read(AccountsError.self) { try $0.account(id, of: principal.organisation) }
  }

  /// Makes an account; needs `accounts.write` and a second verification, and for an office what `assign` needs.
  ///
  /// With a password, its owner must change it at the first sign-in; without one, `invite` says how they choose it.
  /// - Throws: `.nameTaken`, `.fieldInvalid`, `.passwordWeak`, `.dutiesExclude`, `.officeHeld`, `.tooMany`.
  package func create(_ new: NewAccount, by principal: Principal) async throws(AccountsError) -> Account {
    try principal.mayDo(.accountsWrite, freshAt: work.time.now())
    let name = try AccountRules.name(new.name)
    let displayName = try AccountRules.displayName(new.displayName)
    for role in new.roles { try role.check(at: work.time.now()) }
    var chosen = ""
    if let password = new.password {
      try rules.check(password, name: name, displayName: displayName)
      chosen = try await hasher.hash(password)
    }
    let (hash, countMax) = (chosen, limits.accountsMax)
    return try await work.run(AccountsError.self) { unit in
      guard try unit.sql.accountsCount(of: principal.organisation) < countMax else {
        throw AccountsError.tooMany("accounts", max: countMax)
      }
      let account = Account(
        id: unit.newID(), organisation: principal.organisation, name: name, displayName: displayName, isActive: true,
        mustChangePassword: !hash.isEmpty, createdAt: unit.now, version: 1, duty: nil, assignments: [],
        passwordHash: hash, lockout: Lockout())
      try unit.sql.insert(account)
      try unit.sql.remember(passwordOf: account, at: unit.now)
      try unit.record(AccountCreated(account: account.id, by: principal.id), organisation: account.organisation)
      try unit.audit(.create, "account", account.id, by: principal, account.auditedName)
      for role in Set(new.roles.map(\.role)) { try unit.mayAssign(role, principal) }
      return try unit.assign(new.roles, to: account, by: principal)
    }
  }

  /// Changes what others see, or whether it may sign in; needs `accounts.write` and a second verification, for an
  /// officer's account `accounts.officers`. Nil leaves as it is. Deactivating ends its sessions.
  ///
  /// - Parameter version: the one that was read; nil to change whatever is there.
  /// - Throws: `.accountUnknown`, `.stale`, `.fieldInvalid`, `.ownAccount`, `.lastAdministrator`.
  package func change(
    _ id: ID<Principal>, displayName: String? = nil, isActive: Bool? = nil, expecting version: Int64? = nil,
    by principal: Principal
  ) async throws(AccountsError) -> Account {
    let checked: String? = if let displayName { try AccountRules.displayName(displayName) } else { nil }
    return try await work.run(AccountsError.self) { unit in
      var account = try unit.account(id, toBeManagedBy: principal)
      if let version, version != account.version { throw AccountsError.stale(current: account.version) }
      if isActive != nil, id == principal.id { throw AccountsError.ownAccount }
      account.displayName = checked ?? account.displayName
      account.isActive = isActive ?? account.isActive
      account.version += 1
      try unit.sql.update(account)
      try unit.requireAnAdministrator(after: account)
      if !account.isActive { try unit.sql.deleteSessions(of: account, exceptTokenHash: nil) }
      try unit.record(
        AccountChanged(account: id, isActive: account.isActive, by: principal.id), organisation: account.organisation)
      try unit.audit(
        .update, "account", id, by: principal, account.auditedName, .plain("active", "\(account.isActive)"))
      return account
    }
  }

  /// Gives an account a new random password, which its owner must change at the next sign-in, unlocks it and ends its
  /// sessions; needs `accounts.write` and a second verification, for an officer's account `accounts.officers`. A
  /// second factor stays.
  ///
  /// - Returns: the password, shown this once.
  /// - Throws: `.accountUnknown`, `.ownAccount`.
  /// - Source: clause 9.3 a, b.
  package func resetPassword(_ id: ID<Principal>, by principal: Principal) async throws(AccountsError) -> String {
    // Before the costly hash.
    try principal.mayManage(freshAt: work.time.now())
    let password = Secrets.password(random)
    let hash = try await hasher.hash(password)
    try await work.run(AccountsError.self) { unit in
      var account = try unit.account(id, toBeManagedBy: principal)
      if id == principal.id { throw AccountsError.ownAccount }
      account.passwordHash = hash
      account.mustChangePassword = true
      account.lockout = Lockout()
      try unit.sql.update(lockoutOf: account)
      try unit.sql.update(passwordOf: account)
      try unit.sql.remember(passwordOf: account, at: unit.now)
      try unit.sql.deleteSessions(of: account, exceptTokenHash: nil)
      try unit.record(PasswordChanged(account: id, by: principal.id), organisation: account.organisation)
      try unit.audit(.update, "account.password", id, by: principal, .plain("act", "reset"))
    }
    return password
  }

  /// Lets an account that is locked after wrong passwords or codes try again; needs `accounts.write` and a second
  /// verification, for an officer's account `accounts.officers`.
  ///
  /// - Throws: `.accountUnknown`.
  package func unlock(_ id: ID<Principal>, by principal: Principal) async throws(AccountsError) {
    try await work.run(AccountsError.self) { unit in
      var account = try unit.account(id, toBeManagedBy: principal)
      account.lockout = Lockout()
      try unit.sql.update(lockoutOf: account)
      if var factor = try unit.sql.secondFactor(of: account) {
        factor.lockout = Lockout()
        try unit.sql.update(lockoutOf: factor)
      }
      try unit.record(AccountUnlocked(account: id, by: principal.id), organisation: account.organisation)
      try unit.audit(.act, "account", id, by: principal, .plain("act", "unlock"))
    }
  }
}

extension Unit {
  /// An account, for somebody who changes it: officers' accounts are changed by who appoints officers, the others by
  /// who makes accounts.
  ///
  /// - Throws: `.denied`, `.unproven`, `.accountUnknown`.
  func account(_ id: ID<Principal>, toBeManagedBy principal: Principal) throws -> Account {
    try principal.mayManage(freshAt: now)
    let account = try sql.account(id, of: principal.organisation)
    let isOffice = account.duty.map { $0 != .business } ?? false
    try principal.mayDo(isOffice ? .accountsOfficers : .accountsWrite, freshAt: now)
    return account
  }

  /// There must be somebody who can make accounts.
  ///
  /// - Throws: `.lastAdministrator`.
  func requireAnAdministrator(after account: Account) throws {
    guard account.duty == .systemAdministrator else { return }
    guard try sql.holdersCount(of: .systemAdministrator, account.organisation, at: now) > 0 else {
      throw AccountsError.lastAdministrator
    }
  }
}

extension Principal {
  /// Whoever manages any accounts.
  func mayManage(freshAt now: Instant) throws(AccountsError) {
    do { try require(.accountsOfficers) } catch { try mayDo(.accountsWrite) }
    do { try requireFresh(.accountsWrite, at: now) } catch { throw AccountsError(error) }
  }
}

extension Account {
  /// Its name as the audit log keeps it: erased with the person, the log's proofs stay whole.
  var auditedName: AuditDetail { .personal("name", name, of: id.description) }
}
