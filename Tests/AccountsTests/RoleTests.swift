import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Accounts

@Suite("Roles")
struct RoleTests {
  private static let offices = Role.allCases.filter(\.isOffice)

  @Test("hold where they were given, and from when until when", .clause("9.2.2c"), arguments: Backend.allCases)
  func placeAndTime(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let now = house.fresh.clock.now
    let building = Scope.building(house.fresh.work.ids.next())
    let project = Scope.project(house.fresh.work.ids.next())
    let made = try await house.add("wang", .guard, in: building)
    let later = NewAssignment(
      .maintenance, in: project, from: now.advanced(by: .seconds(100)), until: now.advanced(by: .seconds(200)))
    _ = try await house.accounts.assign(later, to: made.id, by: house.administrator)
    let opened = try await house.signIn("wang")
    #expect(opened.principal.grants == [Grant(Role.guard.permissions, in: building)])
    house.fresh.clock.advance(by: .seconds(100))
    let during = try await house.principal(opened.token)
    #expect(during?.scopes(of: .devicesCommand) == [project])
    #expect(during?.scopes(of: .alarmsRead) == [building, project])
    house.fresh.clock.advance(by: .seconds(100))
    #expect(try await house.principal(opened.token)?.grants == [Grant(Role.guard.permissions, in: building)])
    let error = await #expect(throws: AccountsError.self) {
      try await house.accounts.assign(
        NewAssignment(.guard, until: now), to: made.id, by: house.administrator)
    }
    #expect(error?.code == "account.fieldInvalid")
  }

  @Test("of the four offices exclude one another and all business, in one account", .clause("9.2.2c"))
  func exclusion() async throws {
    for office in Self.offices {
      let house = try await House.open()
      let all = house.somebody()
      let made = try await house.accounts.create(
        NewAccount(name: "officer", displayName: "Officer", roles: [NewAssignment(office)], password: House.password),
        by: all)
      for role in Role.allCases where role != office {
        await #expect(throws: AccountsError.dutiesExclude(role), "\(office) \(role)") {
          try await house.accounts.assign(NewAssignment(role), to: made.id, by: all)
        }
      }
      // Once it is dismissed, and only then, it may have another duty.
      _ = try await house.add("standby", .viewer)
      if office == .systemAdministrator {
        await #expect(throws: Never.self) { try await house.accounts.revoke(made.assignments[0].id, by: all) }
      } else {
        _ = try await house.accounts.revoke(made.assignments[0].id, by: all)
      }
      let changed = try await house.accounts.assign(NewAssignment(.operator), to: made.id, by: all)
      #expect(changed.duty == .business)
    }
  }

  @Test("exclude one another in the schema too: no statement gives an account two duties", arguments: Backend.allCases)
  func schema(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let (id, organisation) = (house.first.administrator.id, house.first.organisation)
    let now = house.fresh.clock.now
    for (role, duty) in [("operator", "business"), ("auditor", "auditor"), ("operator", "systemAdministrator")] {
      await #expect(throws: (any Error).self, "\(role) \(duty)") {
        try await house.fresh.store.write { sql in
          try sql.execute(
            """
            INSERT INTO role_assignment
              (organisation, id, account, role, duty, scope, from_at, granted_by, granted_at)
            VALUES (\(organisation), \(ID<RoleAssignment>(high: 1, low: 1)), \(id), \(role), \(duty), 'organisation',
              \(now), \(id), \(now))
            """)
        }
      }
    }
    await #expect(throws: (any Error).self) {
      try await house.fresh.store.write { sql in
        try sql.execute("UPDATE account SET duty = 'business' WHERE id = \(id)")
      }
    }
  }

  @Test("given at the same moment do not make one account two officers", .clause("9.2.2c"), arguments: Backend.allCases)
  func concurrent(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let all = house.somebody()
    for round in 0..<5 {
      let made = try await house.accounts.create(
        NewAccount(name: "officer\(round)", displayName: "O", roles: [], password: nil), by: all)
      let wanted = Self.offices + [.operator, .guard, .finance]
      let given = await withTaskGroup { group in
        for role in wanted {
          group.addTask { (try? await house.accounts.assign(NewAssignment(role), to: made.id, by: all)) != nil }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      let account = try await house.accounts.account(made.id, by: all)
      let duties = Set(account.assignments.map(\.role.duty))
      #expect(duties.count == 1)
      #expect(duties.first == account.duty)
      #expect(account.assignments.count == given)
    }
  }

  @Test(
    "let the first system administrator appoint the other three officers, once, and be none of them", .clause("9.2.2c"))
  func bootstrap() async throws {
    let house = try await House.open()
    let accounts = house.accounts
    for office in [Role.securityOfficer, .keyCustodian, .auditor] {
      await #expect(throws: AccountsError.ownAccount) {
        try await accounts.assign(NewAssignment(office), to: house.administrator.id, by: house.administrator)
      }
      let made = try await accounts.create(
        NewAccount(name: "one.\(office.rawValue.lowercased())", displayName: "One", roles: [NewAssignment(office)],
          password: nil), by: house.administrator)
      #expect(made.duty == office.duty)
      let second = try await accounts.create(
        NewAccount(name: "two.\(office.rawValue.lowercased())", displayName: "Two", roles: [], password: nil),
        by: house.administrator)
      await #expect(throws: AccountsError.officeHeld(office)) {
        try await accounts.assign(NewAssignment(office), to: second.id, by: house.administrator)
      }
      // Nor may it make room, take the officer's password, or lock them out.
      await #expect(throws: AccountsError.denied(.accountsOfficers)) {
        try await accounts.revoke(made.assignments[0].id, by: house.administrator)
      }
      await #expect(throws: AccountsError.denied(.accountsOfficers)) {
        try await accounts.resetPassword(made.id, by: house.administrator)
      }
      await #expect(throws: AccountsError.denied(.accountsOfficers)) {
        try await accounts.change(made.id, isActive: false, by: house.administrator)
      }
    }
    let third = try await accounts.create(
      NewAccount(name: "third", displayName: "Third", roles: [], password: nil), by: house.administrator)
    await #expect(throws: AccountsError.officeHeld(.systemAdministrator)) {
      try await accounts.assign(NewAssignment(.systemAdministrator), to: third.id, by: house.administrator)
    }
    let found = try await accounts.accounts(AccountQuery(role: .securityOfficer), by: house.administrator).items
    let officer = house.principal(try #require(found.first), .securityOfficer)
    let appointed = try await accounts.assign(NewAssignment(.auditor), to: third.id, by: officer)
    #expect(appointed.duty == .auditor)
    // Business roles are not the security officer's to give.
    await #expect(throws: AccountsError.denied(.accountsWrite)) {
      try await accounts.assign(NewAssignment(.guard), to: third.id, by: officer)
    }
  }

  @Test("of offices see no business data, and of business no keys and no audit log", .clause("9.2.2c"))
  func separation() {
    let business: Set<Permission> = [
      .alarmsAcknowledge, .alarmsRead, .devicesCommand, .devicesRead, .devicesUnbind, .devicesWrite, .estateWrite,
      .privacyOpen,
    ]
    let trust: Set<Permission> = [
      .accountsOfficers, .accountsWrite, .auditExport, .auditRead, .vaultApprove, .vaultOperate, .vaultRead,
      .privacyErase,
    ]
    for role in Role.allCases {
      #expect(role.permissions.isDisjoint(with: role.isOffice ? business : trust), "\(role)")
    }
    // No two offices can do one thing alone that needs two.
    #expect(Role.allCases.filter { $0.permissions.contains(.accountsOfficers) } == [.securityOfficer])
    #expect(Role.allCases.filter { $0.permissions.contains(.vaultOperate) } == [.keyCustodian])
    #expect(Role.allCases.filter { $0.permissions.contains(.auditExport) } == [.auditor])
    #expect(Role.allCases.filter { $0.permissions.contains(.accountsWrite) } == [.systemAdministrator])
  }

  @Test("of before become roles of the organisation; the former administrator a system administrator",
    arguments: Backend.allCases)
  func migration(_ backend: Backend) async throws {
    let opened = try await backend.open()
    let before = SQLMigrations(context: "accounts", steps: [Accounts.migrations.steps[0]])
    try await opened.store.migrate([Journal.migrations, before])
    let (organisation, now) = (ID<Organisation>(high: 1, low: 1), Instant(microseconds: 1))
    try await opened.store.write { sql in
      try sql.execute("INSERT INTO organisation (id, name, created_at) VALUES (\(organisation), 'x', \(now))")
      for (number, role) in ["administrator", "operator", "guard", "viewer"].enumerated() {
        try sql.execute(
          """
          INSERT INTO account (organisation, id, name, display_name, role, is_active, password_hash, failures, locks,
            created_at, version)
          VALUES (\(organisation), \(ID<Principal>(high: 2, low: UInt64(number))), \(role), \(role), \(role), 1, 'h',
            0, 0, \(now), 1)
          """)
      }
    }
    try await opened.store.migrate([Journal.migrations, Accounts.migrations])
    try await opened.store.migrate([Journal.migrations, Accounts.migrations])
    let accounts = try await opened.store.read { sql in
      try ["administrator", "operator", "guard", "viewer"].compactMap { try sql.account(name: $0) }
    }
    #expect(accounts.map { $0.roles(at: now) } == [[.systemAdministrator], [.operator], [.guard], [.viewer]])
    #expect(accounts.map(\.duty) == [.systemAdministrator, .business, .business, .business])
  }
}
