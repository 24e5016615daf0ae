package import Kernel

extension Accounts {
  /// The organisation's accounts by name; needs `accounts.read`.
  ///
  /// - Throws: `.cursorInvalid`.
  package func accounts(_ page: PageRequest, by principal: Principal) async throws(AccountsError) -> Page<Account> {
    try principal.mayDo(.accountsRead)
    if let cursor = page.cursor, (try? AccountRules.name(cursor)) != cursor { throw .cursorInvalid }
    return try await work.read(AccountsError.self) { sql in
      let found = try sql.accounts(of: principal.organisation, after: page.cursor ?? "", limit: page.limit + 1)
      let items = Array(found.prefix(page.limit))
      return Page(items: items, next: found.count > page.limit ? items.last?.name : nil)
    }
  }

  /// One account: one's own, or another with `accounts.read`.
  ///
  /// - Throws: `.accountUnknown`.
  package func account(_ id: ID<Principal>, by principal: Principal) async throws(AccountsError) -> Account {
    if id != principal.id { try principal.mayDo(.accountsRead) }
    return try await work.read(AccountsError.self) { try $0.account(id, of: principal.organisation) }
  }

  /// Makes an account; needs `accounts.write`, and every permission that the new account will have.
  ///
  /// - Throws: `.nameTaken`, `.fieldInvalid`, `.passwordWeak`, `.permissionsExceed`, `.tooMany`.
  package func create(_ new: NewAccount, by principal: Principal) async throws(AccountsError) -> Account {
    try principal.mayDo(.accountsWrite)
    try principal.mayGive(new.role.permissions)
    let name = try AccountRules.name(new.name)
    let displayName = try AccountRules.displayName(new.displayName)
    try AccountRules.password(new.password, for: name)
    let hash = try await hasher.hash(new.password)
    let countMax = limits.accountsMax
    return try await work.run(AccountsError.self) { unit in
      guard try unit.sql.accountsCount(of: principal.organisation) < countMax else {
        throw AccountsError.tooMany("accounts", max: countMax)
      }
      let account = Account(
        id: unit.newID(), organisation: principal.organisation, name: name, displayName: displayName, role: new.role,
        isActive: true, createdAt: unit.now, version: 1, passwordHash: hash, lockout: Lockout())
      try unit.sql.insert(account)
      try unit.record(AccountCreated(account: account.id, role: account.role), organisation: account.organisation)
      return account
    }
  }

  /// Changes what others see, what it may do, or whether it may sign in; needs `accounts.write`, and every permission
  /// of the present and the new role. Nil leaves as it is. Deactivating ends its sessions.
  ///
  /// - Parameter version: the one that was read; nil to change whatever is there.
  /// - Throws: `.accountUnknown`, `.stale`, `.fieldInvalid`, `.permissionsExceed`, `.lastAdministrator`.
  package func change(
    _ id: ID<Principal>, displayName: String? = nil, role: Role? = nil, isActive: Bool? = nil,
    expecting version: Int64? = nil, by principal: Principal
  ) async throws(AccountsError) -> Account {
    try principal.mayDo(.accountsWrite)
    var newName: String?
    if let displayName { newName = try AccountRules.displayName(displayName) }
    let checkedName = newName
    return try await work.run(AccountsError.self) { unit in
      var account = try unit.sql.account(id, of: principal.organisation)
      if let version, version != account.version { throw AccountsError.stale(current: account.version) }
      try principal.mayGive(account.role.permissions.union(role?.permissions ?? []))
      let wasAdministrator = account.role == .administrator && account.isActive
      account.displayName = checkedName ?? account.displayName
      account.role = role ?? account.role
      account.isActive = isActive ?? account.isActive
      account.version += 1
      try unit.sql.update(account)
      if wasAdministrator, try unit.sql.administratorsCount(of: account.organisation) == 0 {
        throw AccountsError.lastAdministrator
      }
      if !account.isActive { try unit.sql.deleteSessions(of: account, exceptTokenHash: nil) }
      try unit.record(
        AccountChanged(account: id, role: account.role, isActive: account.isActive, by: principal.id),
        organisation: account.organisation)
      return account
    }
  }

  /// Gives an account a new random password, unlocks it and ends its sessions; needs `accounts.write`, and every
  /// permission that the account has.
  ///
  /// - Returns: the password, shown this once.
  /// - Throws: `.accountUnknown`, `.permissionsExceed`.
  package func resetPassword(_ id: ID<Principal>, by principal: Principal) async throws(AccountsError) -> String {
    try principal.mayDo(.accountsWrite)
    let password = Secrets.password(random)
    let hash = try await hasher.hash(password)
    try await work.run(AccountsError.self) { unit in
      var account = try unit.sql.account(id, of: principal.organisation)
      try principal.mayGive(account.role.permissions)
      account.passwordHash = hash
      account.lockout = Lockout()
      try unit.sql.update(lockoutOf: account)
      try unit.sql.update(passwordOf: account)
      try unit.sql.deleteSessions(of: account, exceptTokenHash: nil)
      try unit.record(PasswordChanged(account: id, by: principal.id), organisation: account.organisation)
    }
    return password
  }

  /// Lets an account that is locked after wrong passwords try again; needs `accounts.write`.
  ///
  /// - Throws: `.accountUnknown`.
  package func unlock(_ id: ID<Principal>, by principal: Principal) async throws(AccountsError) {
    try principal.mayDo(.accountsWrite)
    try await work.run(AccountsError.self) { unit in
      var account = try unit.sql.account(id, of: principal.organisation)
      account.lockout = Lockout()
      try unit.sql.update(lockoutOf: account)
      try unit.record(AccountUnlocked(account: id, by: principal.id), organisation: account.organisation)
    }
  }
}

extension Principal {
  /// Nobody makes another who may do more.
  func mayGive(_ wanted: Set<Permission>) throws(AccountsError) {
    let excess = wanted.subtracting(permissions)
    guard excess.isEmpty else { throw .permissionsExceed(excess) }
  }
}
