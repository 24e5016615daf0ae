package import Kernel

/// Who is it, and may they (账号与权限)? Organisations, accounts, sessions, API keys. The use cases of this context.
package struct Accounts: Sendable {
  let work: Work
  let hasher: PasswordHasher
  let limits: AccountsLimits
  let random: @Sendable (Int) -> [UInt8]
  let limiter = AttemptLimiter()

  /// One a process: its copies share the table of wrong attempts.
  ///
  /// - Parameter random: so many bytes that nobody can guess.
  package init(
    work: Work, hasher: PasswordHasher, limits: AccountsLimits = AccountsLimits(),
    random: @escaping @Sendable (Int) -> [UInt8]
  ) {
    self.work = work
    self.hasher = hasher
    self.limits = limits
    self.random = random
  }

  /// The organisation and the administrator that a new installation begins with.
  package struct First: Sendable {
    package let organisation: ID<Organisation>
    package let account: Account
    /// Shown this once; only its hash is kept.
    package let password: String
  }

  /// Whether the first administrator has yet to be made.
  package func isEmpty() async throws(AccountsError) -> Bool {
    try await work.read(AccountsError.self) { try !$0.hasAccounts() }
  }

  /// Founds the first organisation with an administrator whose password is random. Needs nobody's permission, and
  /// works once.
  ///
  /// - Throws: `.alreadySetUp` when there is an account.
  package func found(
    organisation name: String, administrator: String = "admin"
  ) async throws(AccountsError) -> First {
    let organisationName = try AccountRules.displayName(name, field: "organisation")
    let accountName = try AccountRules.name(administrator)
    let password = Secrets.password(random)
    let hash = try await hasher.hash(password)
    return try await work.run(AccountsError.self) { unit in
      guard try !unit.sql.hasAccounts() else { throw AccountsError.alreadySetUp }
      let organisation: ID<Organisation> = unit.newID()
      try unit.sql.insertOrganisation(organisation, name: organisationName, at: unit.now)
      let account = Account(
        id: unit.newID(), organisation: organisation, name: accountName, displayName: accountName,
        role: .administrator, isActive: true, createdAt: unit.now, version: 1, passwordHash: hash, lockout: Lockout())
      try unit.sql.insert(account)
      try unit.record(OrganisationFounded(organisation: organisation), organisation: organisation)
      try unit.record(AccountCreated(account: account.id, role: .administrator), organisation: organisation)
      return First(organisation: organisation, account: account, password: password)
    }
  }

  /// The platform itself, acting in the first organisation: for what a program sets up at its start. Nil before
  /// `found`.
  package func platform() async throws(AccountsError) -> Principal? {
    let found = try await work.read(AccountsError.self) { try $0.firstOrganisation() }
    guard let found else { return nil }
    return Principal(
      id: ID(high: found.high, low: found.low), kind: .platform, organisation: found, name: "Anju",
      permissions: Set(Permission.allCases))
  }

  /// The name of the principal's organisation.
  package func organisationName(by principal: Principal) async throws(AccountsError) -> String {
    let id = principal.organisation
    return try await work.read(AccountsError.self) { try $0.organisationName(id) }
  }
}

extension Principal {
  /// `require` with this context's error.
  func mayDo(_ permission: Permission) throws(AccountsError) {
    do { try require(permission) } catch { throw AccountsError(error) }
  }
}
