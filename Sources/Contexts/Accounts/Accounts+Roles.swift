import Audit
package import Kernel

extension Accounts {
  /// How many assignments an account may have that were not taken back.
  package static let assignmentsMax = 64

  /// Gives an account a role somewhere; needs a second verification and:
  /// - for a business role `accounts.write`;
  /// - for an office `accounts.officers`, or, while the office is vacant, `accounts.write`: so the first system
  ///   administrator appoints the other three officers once, and nobody becomes two of them.
  ///
  /// Nobody gives a role to themselves.
  /// - Throws: `.accountUnknown`, `.ownAccount`, `.dutiesExclude`, `.officeHeld`, `.fieldInvalid`, `.tooMany`.
  /// - Source: clause 9.2.2 c.
  package func assign(
    _ new: NewAssignment, to id: ID<Principal>, by principal: Principal
  ) async throws(AccountsError) -> Account {
    try principal.mayManage(freshAt: work.time.now())
    return try await work.run(AccountsError.self) { unit in
      guard id != principal.id else { throw AccountsError.ownAccount }
      try unit.mayAssign(new.role, principal)
      let account = try unit.sql.account(id, of: principal.organisation)
      try new.check(at: unit.now)
      return try unit.assign([new], to: account, by: principal)
    }
  }

  /// Takes a role back at once; needs what giving it needs, but an office always `accounts.officers`.
  ///
  /// - Throws: `.assignmentUnknown`, `.ownAccount`, `.lastAdministrator`.
  package func revoke(
    _ id: ID<RoleAssignment>, by principal: Principal
  ) async throws(AccountsError) -> Account {
    try principal.mayManage(freshAt: work.time.now())
    return try await work.run(AccountsError.self) { unit in
      let assignment = try unit.sql.assignment(id, of: principal.organisation)
      guard assignment.account != principal.id else { throw AccountsError.ownAccount }
      try principal.mayDo(assignment.role.isOffice ? .accountsOfficers : .accountsWrite, freshAt: unit.now)
      let account = try unit.sql.account(assignment.account, of: principal.organisation)
      try unit.sql.revoke(assignment, by: principal.id, at: unit.now)
      try unit.requireAnAdministrator(after: account)
      try unit.record(RoleRevoked(assignment, by: principal.id), organisation: assignment.organisation)
      try unit.audit(
        .delete, "account.role", assignment.account, by: principal, .plain("role", assignment.role.rawValue))
      return try unit.bumped(account)
    }
  }
}

extension Unit {
  /// - Throws: `.denied`, `.unproven`, `.officeHeld`.
  func mayAssign(_ role: Role, _ principal: Principal) throws {
    guard role.isOffice else { return try principal.mayDo(.accountsWrite, freshAt: now) }
    do {
      try principal.mayDo(.accountsOfficers, freshAt: now)
    } catch AccountsError.denied {
      try principal.mayDo(.accountsWrite, freshAt: now)
      guard try sql.holdersCount(of: role, principal.organisation, at: now) == 0 else {
        throw AccountsError.officeHeld(role)
      }
    }
  }

  /// Writes roles; what is over of the account's others is taken back, so that it no longer binds.
  ///
  /// - Returns: the account as it now is.
  /// - Throws: `.dutiesExclude`, `.tooMany`.
  func assign(_ roles: [NewAssignment], to account: Account, by giver: Principal) throws -> Account {
    for old in account.assignments where old.isOver(at: now) { try sql.revoke(old, by: giver.id, at: now) }
    let held = account.assignments.filter { !$0.isOver(at: now) }
    guard held.count + roles.count <= Accounts.assignmentsMax else {
      throw AccountsError.tooMany("roles", max: Accounts.assignmentsMax)
    }
    let duties = Set(held.map(\.role.duty))
    for new in roles {
      guard duties.isSubset(of: [new.role.duty]), Set(roles.map(\.role.duty)).count == 1 else {
        throw AccountsError.dutiesExclude(new.role)
      }
      let assignment = RoleAssignment(
        id: newID(), organisation: account.organisation, account: account.id, role: new.role, scope: new.scope,
        from: new.from ?? now, until: new.until, grantedBy: giver.id, grantedAt: now)
      try sql.insert(assignment)
      try record(RoleAssigned(assignment), organisation: account.organisation)
      try audit(
        .create, "account.role", account.id, by: giver, .plain("role", new.role.rawValue),
        .plain("scope", [new.scope.kind, new.scope.placeText].compactMap(\.self).joined(separator: " ")))
    }
    return roles.isEmpty ? account : try bumped(account)
  }

  /// The account as it is in the store, its version raised.
  fileprivate func bumped(_ account: Account) throws -> Account {
    var account = try sql.account(account.id, of: account.organisation)
    account.version += 1
    try sql.update(account)
    return account
  }
}
