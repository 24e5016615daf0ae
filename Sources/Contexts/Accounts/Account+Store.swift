package import Kernel
import SQLStore

extension SQLConnection {
  private static let accountColumns: SQL =
    """
    organisation, id, name, display_name, is_active, must_change_password, password_hash, failures, locks,
    locked_until, created_at, version, duty
    """

  func account(name: String) throws -> Account? {
    guard let row = try row("SELECT \(Self.accountColumns) FROM account WHERE name = \(name)") else { return nil }
    return try withAssignments(Account(row))
  }

  /// - Throws: `.accountUnknown`, also for another organisation's.
  func account(_ id: ID<Principal>, of organisation: ID<Organisation>) throws -> Account {
    let row = try row(
      "SELECT \(Self.accountColumns) FROM account WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw AccountsError.accountUnknown }
    return try withAssignments(Account(row))
  }

  private func withAssignments(_ account: Account) throws -> Account {
    var account = account
    account.assignments = try assignments(of: account.id, account.organisation)
    return account
  }

  /// By name, one more than asked for when there are more.
  func accounts(_ query: AccountQuery, of organisation: ID<Organisation>) throws -> [Account] {
    var sql: SQL = "SELECT \(Self.accountColumns) FROM account WHERE organisation = \(organisation)"
    if let cursor = query.page.cursor { sql += " AND name > \(cursor)" }
    if let isActive = query.isActive { sql += " AND is_active = \(isActive)" }
    if let text = query.text?.lowercased(), !text.isEmpty {
      let pattern = Self.pattern(text)
      sql += " AND (name LIKE \(pattern) ESCAPE '!' OR LOWER(display_name) LIKE \(pattern) ESCAPE '!')"
    }
    if let role = query.role {
      sql += """
         AND EXISTS (SELECT 1 FROM role_assignment r WHERE r.organisation = account.organisation
          AND r.account = account.id AND r.role = \(role.rawValue) AND r.revoked_at IS NULL)
        """
    }
    let found = try rows(sql + " ORDER BY name LIMIT \(query.page.limit + 1)").map { try Account($0) }
    let assignments = try assignments(of: found.map(\.id), organisation)
    return found.map { account in
      var account = account
      account.assignments = assignments[account.id] ?? []
      return account
    }
  }

  /// A LIKE pattern that finds the text anywhere, its own wildcards taken literally.
  private static func pattern(_ text: String) -> String {
    "%" + text.map { "%_!".contains($0) ? "!\($0)" : String($0) }.joined() + "%"
  }

  func accountsCount(of organisation: ID<Organisation>) throws -> Int {
    try row("SELECT count(*) AS count FROM account WHERE organisation = \(organisation)")?.int("count") ?? 0
  }

  /// Without its assignments.
  ///
  /// - Throws: `.nameTaken`.
  func insert(_ account: Account) throws {
    do {
      try execute(
        """
        INSERT INTO account (\(Self.accountColumns)) VALUES (
          \(account.organisation), \(account.id), \(account.name), \(account.displayName), \(account.isActive),
          \(account.mustChangePassword), \(account.passwordHash), \(account.lockout.failures),
          \(account.lockout.locks), \(account.lockout.lockedUntil), \(account.createdAt), \(account.version),
          \(account.duty?.rawValue))
        """)
    } catch {
      if error == .unique(constraint: "account_name") { throw AccountsError.nameTaken(account.name) }
      throw error
    }
  }

  func update(_ account: Account) throws {
    try execute(
      """
      UPDATE account SET display_name = \(account.displayName), is_active = \(account.isActive),
        version = \(account.version)
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
      UPDATE account SET password_hash = \(account.passwordHash),
        must_change_password = \(account.mustChangePassword)
      WHERE organisation = \(account.organisation) AND id = \(account.id)
      """)
  }

  // MARK: Former passwords

  /// The hashes that may not come back, newest first, the present one among them.
  func formerHashes(of account: Account) throws -> [String] {
    let former = try rows(
      """
      SELECT hash FROM password_history WHERE organisation = \(account.organisation) AND account = \(account.id)
      ORDER BY set_at DESC LIMIT \(PasswordRules.historyMax)
      """
    ).map { try $0.text("hash") }
    let all = account.passwordHash.isEmpty || former.contains(account.passwordHash)
      ? former : [account.passwordHash] + former
    return Array(all.prefix(PasswordRules.historyMax))
  }

  /// Keeps the hash among the former ones, and no more of them than are needed.
  func remember(passwordOf account: Account, at now: Instant) throws {
    guard !account.passwordHash.isEmpty else { return }
    try execute(
      """
      INSERT INTO password_history (organisation, account, set_at, hash)
      VALUES (\(account.organisation), \(account.id), \(now), \(account.passwordHash)) ON CONFLICT DO NOTHING
      """)
    try execute(
      """
      DELETE FROM password_history WHERE organisation = \(account.organisation) AND account = \(account.id)
        AND set_at <= (
          SELECT set_at FROM password_history WHERE organisation = \(account.organisation)
            AND account = \(account.id) ORDER BY set_at DESC LIMIT 1 OFFSET \(PasswordRules.historyMax))
      """)
  }
}

extension Account {
  /// Without its assignments.
  init(_ row: SQLRow) throws {
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), name: try row.text("name"),
      displayName: try row.text("display_name"), isActive: try row.bool("is_active"),
      mustChangePassword: try row.bool("must_change_password"), createdAt: try row.instant("created_at"),
      version: try row.integer("version"), duty: try row.optionalText("duty").flatMap(Duty.init(rawValue:)),
      assignments: [], passwordHash: try row.text("password_hash"),
      lockout: Lockout(
        failures: try row.int("failures"), locks: try row.int("locks"),
        lockedUntil: try row.optionalInstant("locked_until")))
  }
}

/// Which accounts to list.
package struct AccountQuery: Sendable, Hashable {
  /// A part of the name or of what others see; nil or empty for all. At most 64 characters.
  package var text: String?
  /// Only those with the role, wherever and whenever.
  package var role: Role?
  package var isActive: Bool?
  package var page: PageRequest

  package init(text: String? = nil, role: Role? = nil, isActive: Bool? = nil, page: PageRequest = PageRequest()) {
    self.text = text
    self.role = role
    self.isActive = isActive
    self.page = page
  }
}
