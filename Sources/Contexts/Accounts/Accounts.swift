import Audit
package import Kernel
package import Vault

/// Who is it, and may they (账号与权限)? Organisations, accounts, roles, sessions, second factors, API keys. The use
/// cases of this context.
package struct Accounts: Sendable {
  let work: Work
  let hasher: PasswordHasher
  let limits: AccountsLimits
  let rules: PasswordRules
  let vault: Vault
  let messenger: any Messenger
  let random: @Sendable (Int) -> [UInt8]
  let limiter = AttemptLimiter()

  /// One a process: its copies share the table of wrong attempts.
  ///
  /// - Parameters:
  ///   - vault: seals the secrets of second factors, and contacts.
  ///   - messenger: takes one-time codes to people.
  ///   - breached: passwords that nobody may choose.
  ///   - random: so many bytes that nobody can guess.
  package init(
    work: Work, hasher: PasswordHasher, vault: Vault, messenger: any Messenger = NoMessenger(),
    breached: BreachList = .none, limits: AccountsLimits = AccountsLimits(),
    random: @escaping @Sendable (Int) -> [UInt8]
  ) {
    self.work = work
    self.hasher = hasher
    self.limits = limits
    self.rules = PasswordRules(breached: breached)
    self.vault = vault
    self.messenger = messenger
    self.random = random
  }

  /// The organisation that a new installation begins with, and its two first accounts: one for the program, one for
  /// the business. See docs/decisions/separation-of-duties.md.
  package struct First: Sendable {
    package let organisation: ID<Organisation>
    /// A system administrator: accounts and roles, no business data.
    package let administrator: Account
    /// Shown this once; only its hash is kept.
    package let administratorPassword: String
    /// An operator: runs the estate.
    package let `operator`: Account
    /// Shown this once; only its hash is kept.
    package let operatorPassword: String
  }

  /// Whether the first accounts have yet to be made.
  package func isEmpty() async throws(AccountsError) -> Bool {
    try await work.read(AccountsError.self) { try !$0.hasAccounts() }
  }

  /// Founds the first organisation with a system administrator and an operator whose passwords are random. Needs
  /// nobody's permission, and works once.
  ///
  /// - Throws: `.alreadySetUp` when there is an account.
  package func found(
    organisation name: String, administrator: String = "admin", operator: String = "operator"
  ) async throws(AccountsError) -> First {
    let organisationName = try AccountRules.displayName(name, field: "organisation")
    let names = (try AccountRules.name(administrator), try AccountRules.name(`operator`))
    let passwords = (Secrets.password(random), Secrets.password(random))
    let hashes = (try await hasher.hash(passwords.0), try await hasher.hash(passwords.1))
    return try await work.run(AccountsError.self) { unit in
      guard try !unit.sql.hasAccounts() else { throw AccountsError.alreadySetUp }
      let organisation: ID<Organisation> = unit.newID()
      try unit.sql.insertOrganisation(organisation, name: organisationName, at: unit.now)
      try unit.record(OrganisationFounded(organisation: organisation), organisation: organisation)
      let platform = Principal(
        id: organisation.tagged(), kind: .platform, organisation: organisation, name: "Anju", permissions: [])
      try unit.audit(.create, "organisation", organisation, by: platform, .plain("name", organisationName))
      let first = try unit.first(names.0, .systemAdministrator, hash: hashes.0, by: platform)
      let second = try unit.first(names.1, .operator, hash: hashes.1, by: platform)
      return First(
        organisation: organisation, administrator: first, administratorPassword: passwords.0, operator: second,
        operatorPassword: passwords.1)
    }
  }

  /// The platform itself, acting in the first organisation: for what a program sets up at its start. Nil before
  /// `found`.
  package func platform() async throws(AccountsError) -> Principal? {
    let found = try await work.read(AccountsError.self) { try $0.firstOrganisation() }
    guard let found else { return nil }
    return Principal(
      id: found.tagged(), kind: .platform, organisation: found, name: "Anju",
      permissions: Set(Permission.allCases))
  }

  /// The name of the principal's organisation.
  package func organisationName(by principal: Principal) async throws(AccountsError) -> String {
    let id = principal.organisation
    return try await work.read(AccountsError.self) { try $0.organisationName(id) }
  }
}

extension Unit {
  /// One of the first accounts: it appoints itself.
  fileprivate func first(
    _ name: String, _ role: Role, hash: String, by platform: Principal
  ) throws -> Account {
    let organisation = platform.organisation
    let account = Account(
      id: newID(), organisation: organisation, name: name, displayName: name, isActive: true,
      mustChangePassword: false, createdAt: now, version: 1, duty: nil, assignments: [], passwordHash: hash,
      lockout: Lockout())
    try sql.insert(account)
    try record(AccountCreated(account: account.id, by: account.id), organisation: organisation)
    try audit(.create, "account", account.id, by: platform, account.auditedName)
    return try assign([NewAssignment(role)], to: account, by: platform)
  }
}

extension Principal {
  /// `require` with this context's error.
  func mayDo(_ permission: Permission) throws(AccountsError) {
    do { try require(permission) } catch { throw AccountsError(error) }
  }

  /// `require` and `requireFresh`: for what is sensitive.
  func mayDo(_ permission: Permission, freshAt now: Instant) throws(AccountsError) {
    do {
      try require(permission)
      try requireFresh(permission, at: now)
    } catch { throw AccountsError(error) }
  }
}
