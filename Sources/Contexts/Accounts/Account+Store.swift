import Kernel
import SQLStore

extension SQLConnection {
  private static let accountColumns: SQL =
    """
    organisation, id, name, display_name, role, is_active, password_hash, failures, locks, locked_until, created_at,
    version
    """

  func account(name: String) throws -> Account? {
    try row("SELECT \(Self.accountColumns) FROM account WHERE name = \(name)").map { try Account($0) }
  }

  /// - Throws: `.accountUnknown`, also for another organisation's.
  func account(_ id: ID<Principal>, of organisation: ID<Organisation>) throws -> Account {
    let row = try row(
      "SELECT \(Self.accountColumns) FROM account WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw AccountsError.accountUnknown }
    return try Account(row)
  }

  func accounts(of organisation: ID<Organisation>, after name: String, limit: Int) throws -> [Account] {
    try rows(
      """
      SELECT \(Self.accountColumns) FROM account WHERE organisation = \(organisation) AND name > \(name)
      ORDER BY name LIMIT \(limit)
      """
    ).map { try Account($0) }
  }

  func accountsCount(of organisation: ID<Organisation>) throws -> Int {
    try row("SELECT count(*) AS count FROM account WHERE organisation = \(organisation)")?.int("count") ?? 0
  }

  func administratorsCount(of organisation: ID<Organisation>) throws -> Int {
    try row(
      """
      SELECT count(*) AS count FROM account
      WHERE organisation = \(organisation) AND role = \(Role.administrator.rawValue) AND is_active = 1
      """)?.int("count") ?? 0
  }

  /// - Throws: `.nameTaken`.
  func insert(_ account: Account) throws {
    do {
      try execute(
        """
        INSERT INTO account (\(Self.accountColumns)) VALUES (
          \(account.organisation), \(account.id), \(account.name), \(account.displayName), \(account.role.rawValue),
          \(account.isActive), \(account.passwordHash), \(account.lockout.failures), \(account.lockout.locks),
          \(account.lockout.lockedUntil), \(account.createdAt), \(account.version))
        """)
    } catch {
      if error == .unique(constraint: "account_name") { throw AccountsError.nameTaken(account.name) }
      throw error
    }
  }

  func update(_ account: Account) throws {
    try execute(
      """
      UPDATE account SET display_name = \(account.displayName), role = \(account.role.rawValue),
        is_active = \(account.isActive), version = \(account.version)
      WHERE organisation = \(account.organisation) AND id = \(account.id)
      """)
  }

  func update(lockoutOf account: Account) throws {
    try execute(
      """
      UPDATE account SET failures = \(account.lockout.failures), locks = \(account.lockout.locks),
        locked_until = \(account.lockout.lockedUntil)
      WHERE organisation = \(account.organisation) AND id = \(account.id)
      """)
  }

  func update(passwordOf account: Account) throws {
    try execute(
      """
      UPDATE account SET password_hash = \(account.passwordHash)
      WHERE organisation = \(account.organisation) AND id = \(account.id)
      """)
  }
}

extension Account {
  init(_ row: SQLRow) throws {
    guard let role = Role(rawValue: try row.text("role")) else {
      throw SQLError.column(name: "role", message: "is not a role")
    }
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), name: try row.text("name"),
      displayName: try row.text("display_name"), role: role, isActive: try row.bool("is_active"),
      createdAt: try row.instant("created_at"), version: try row.integer("version"),
      passwordHash: try row.text("password_hash"),
      lockout: Lockout(
        failures: try row.int("failures"), locks: try row.int("locks"),
        lockedUntil: try row.optionalInstant("locked_until")))
  }
}
