import Kernel
import SQLStore

extension SQLConnection {
  private static let assignmentColumns: SQL =
    "organisation, id, account, role, scope, place, from_at, until_at, granted_by, granted_at"

  /// Those that were not taken back, also those to come and those that are over; oldest first.
  func assignments(of account: ID<Principal>, _ organisation: ID<Organisation>) throws -> [RoleAssignment] {
    try rows(
      """
      SELECT \(Self.assignmentColumns) FROM role_assignment
      WHERE organisation = \(organisation) AND account = \(account) AND revoked_at IS NULL ORDER BY id
      """
    ).map { try RoleAssignment($0) }
  }

  /// Of several accounts, by account.
  func assignments(
    of accounts: [ID<Principal>], _ organisation: ID<Organisation>
  ) throws -> [ID<Principal>: [RoleAssignment]] {
    guard !accounts.isEmpty else { return [:] }
    let found = try rows(
      """
      SELECT \(Self.assignmentColumns) FROM role_assignment
      WHERE organisation = \(organisation) AND account IN \(list: accounts) AND revoked_at IS NULL ORDER BY id
      """
    ).map { try RoleAssignment($0) }
    return Dictionary(grouping: found, by: \.account)
  }

  /// - Throws: `.assignmentUnknown`, also for one that was taken back.
  func assignment(_ id: ID<RoleAssignment>, of organisation: ID<Organisation>) throws -> RoleAssignment {
    let row = try row(
      """
      SELECT \(Self.assignmentColumns) FROM role_assignment
      WHERE organisation = \(organisation) AND id = \(id) AND revoked_at IS NULL
      """)
    guard let row else { throw AccountsError.assignmentUnknown }
    return try RoleAssignment(row)
  }

  /// Writes the assignment and the account's duty. The table's foreign key holds them together: whatever else is
  /// committed at the same time, no account has assignments of two duties.
  ///
  /// - Throws: `.dutiesExclude`.
  func insert(_ assignment: RoleAssignment) throws {
    do {
      try execute(
        """
        UPDATE account SET duty = \(assignment.role.duty.rawValue)
        WHERE organisation = \(assignment.organisation) AND id = \(assignment.account)
          AND (duty IS NULL OR duty <> \(assignment.role.duty.rawValue))
        """)
      try execute(
        """
        INSERT INTO role_assignment (\(Self.assignmentColumns), duty) VALUES (
          \(assignment.organisation), \(assignment.id), \(assignment.account), \(assignment.role.rawValue),
          \(assignment.scope.kind), \(assignment.scope.place), \(assignment.from), \(assignment.until),
          \(assignment.grantedBy), \(assignment.grantedAt), \(assignment.role.duty.rawValue))
        """)
    } catch {
      if case .foreignKey = error { throw AccountsError.dutiesExclude(assignment.role) }
      throw error
    }
  }

  /// Takes an assignment back; its duty no longer binds the account.
  func revoke(_ assignment: RoleAssignment, by principal: ID<Principal>, at now: Instant) throws {
    try execute(
      """
      UPDATE role_assignment SET revoked_by = \(principal), revoked_at = \(now), duty = NULL
      WHERE organisation = \(assignment.organisation) AND id = \(assignment.id) AND revoked_at IS NULL
      """)
  }

  /// How many active accounts hold an office now.
  func holdersCount(of office: Role, _ organisation: ID<Organisation>, at now: Instant) throws -> Int {
    try row(
      """
      SELECT count(DISTINCT a.id) AS count FROM role_assignment r
      JOIN account a ON a.organisation = r.organisation AND a.id = r.account
      WHERE r.organisation = \(organisation) AND r.role = \(office.rawValue) AND r.revoked_at IS NULL
        AND r.from_at <= \(now) AND (r.until_at IS NULL OR r.until_at > \(now)) AND a.is_active = 1
      """)?.int("count") ?? 0
  }
}

extension RoleAssignment {
  init(_ row: SQLRow) throws {
    guard let role = Role(rawValue: try row.text("role")) else {
      throw SQLError.column(name: "role", message: "is not a role")
    }
    guard let scope = Scope(kind: try row.text("scope"), place: try row.optionalBlob("place")) else {
      throw SQLError.column(name: "scope", message: "is not a scope")
    }
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), account: try row.id("account"), role: role,
      scope: scope, from: try row.instant("from_at"), until: try row.optionalInstant("until_at"),
      grantedBy: try row.id("granted_by"), grantedAt: try row.instant("granted_at"))
  }
}
