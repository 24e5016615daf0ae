import Accounts
import Kernel
import TestSupport
import Testing

@Suite("An administrator")
struct AdministrationTests {
  @Test("makes accounts, whose names are one's own", arguments: Backend.allCases)
  func creating(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let made = try await house.add("Li.Wei", .guard)
    #expect(made.name == "li.wei")
    #expect(made.displayName == "Li.Wei")
    await #expect(throws: AccountsError.nameTaken("li.wei")) { try await house.add("LI.WEI") }
    let opened = try await house.signIn("li.wei")
    #expect(opened.principal.permissions == Role.guard.permissions)
    let read = try await house.accounts.account(made.id, by: house.administrator)
    #expect(read.roles(at: house.fresh.clock.now) == [.guard])
    #expect(read.duty == .business)
  }

  @Test("is told what is wrong with a name")
  func fields() async throws {
    let house = try await House.open()
    for name in ["", "a b", "名字", "a/b", String(repeating: "a", count: 65)] {
      let error = await #expect(throws: AccountsError.self) { try await house.add(name) }
      #expect(error?.code == "account.fieldInvalid", "\(name)")
    }
    for displayName in ["", "  ", "a\nb", String(repeating: "字", count: 43)] {
      let error = await #expect(throws: AccountsError.self) {
        try await house.accounts.create(
          NewAccount(name: "x", displayName: displayName, role: .viewer, password: House.password),
          by: house.administrator)
      }
      #expect(error?.code == "account.fieldInvalid", "\(displayName)")
    }
  }

  @Test(
    "cannot give an account a weak password: short, of few characters, or its own name", .clause("9.3a"),
    arguments: [
      "", "short", "aaaaaaaaaaaa", "abababababab", "li.wei.long.name", "onlyletters", "1234567890123456",
      "qwertyuiopasdfghjkl", "Li.wei.long.name1", "P@ssw0rd2026!", "dragonflydragonfly",
      String(repeating: "长", count: 400),
    ])
  func weakPassword(password: String) async throws {
    let house = try await House.open()
    let error = await #expect(throws: AccountsError.self) {
      try await house.accounts.create(
        NewAccount(name: "li.wei.long.name", displayName: "Li", role: .viewer, password: password),
        by: house.administrator)
    }
    #expect(["password.weak", "password.breached"].contains(error?.code))
  }

  @Test("is needed: every use case asks for its permission")
  func permissions() async throws {
    let house = try await House.open()
    let made = try await house.add("viewer")
    let all = Set(Permission.allCases)
    let somebody = house.somebody(
      all.subtracting([.accountsRead, .accountsWrite, .accountsOfficers, .accountsKeys]))
    let (accounts, first) = (house.accounts, house.first.administrator.id)
    let key = try await accounts.makeKey(NewKey(name: "k", permissions: [.estateRead]), by: house.operator)
    let role = try #require(made.assignments.first)
    let reads: [@Sendable () async throws -> Void] = [
      { _ = try await accounts.accounts(AccountQuery(), by: somebody) },
      { _ = try await accounts.account(first, by: somebody) },
      { _ = try await accounts.keys(PageRequest(), by: somebody) },
      { _ = try await accounts.sessions(of: first, by: somebody) },
      { _ = try await accounts.pendingResets(by: somebody) },
    ]
    let writes: [@Sendable () async throws -> Void] = [
      { _ = try await accounts.change(made.id, isActive: false, by: somebody) },
      { _ = try await accounts.resetPassword(made.id, by: somebody) },
      { try await accounts.unlock(made.id, by: somebody) },
      { try await accounts.removeSecondFactor(of: made.id, by: somebody) },
      { _ = try await accounts.invite(made.id, by: somebody) },
      { _ = try await accounts.assign(NewAssignment(.guard), to: made.id, by: somebody) },
      { _ = try await accounts.revoke(role.id, by: somebody) },
      {
        _ = try await accounts.create(
          NewAccount(name: "x", displayName: "x", role: .viewer, password: House.password), by: somebody)
      },
    ]
    let keys: [@Sendable () async throws -> Void] = [
      { _ = try await accounts.makeKey(NewKey(name: "x", permissions: [.estateRead]), by: somebody) },
      { _ = try await accounts.rotateKey(key.key.id, overlapSeconds: 0, by: somebody) },
      { try await accounts.revokeKey(key.key.id, by: somebody) },
    ]
    for read in reads { await #expect(throws: AccountsError.denied(.accountsRead)) { try await read() } }
    for write in writes { await #expect(throws: AccountsError.denied(.accountsWrite)) { try await write() } }
    for write in keys { await #expect(throws: AccountsError.denied(.accountsKeys)) { try await write() } }
  }

  @Test("must have shown the second factor not long ago; an API key never has", .clause("9.3c"))
  func verification() async throws {
    let house = try await House.open()
    let made = try await house.add("viewer")
    let keyed = try await house.accounts.makeKey(NewKey(name: "k", permissions: [.estateRead]), by: house.operator)
    let accounts = house.accounts
    for (assurance, missing) in [
      (Assurance.none, Denied.Missing.secondFactor), (.password(hasSecondFactor: true), .verification),
      (.secondFactor(at: house.fresh.clock.now.advanced(by: .seconds(-Assurance.freshSeconds))), .verification),
    ] {
      let somebody = Principal(
        id: house.fresh.work.ids.next(), kind: .person, organisation: house.first.organisation, name: "x",
        permissions: Set(Permission.allCases), assurance: assurance)
      let acts: [@Sendable () async throws -> Void] = [
        { _ = try await accounts.change(made.id, isActive: false, by: somebody) },
        { _ = try await accounts.resetPassword(made.id, by: somebody) },
        { try await accounts.unlock(made.id, by: somebody) },
        { try await accounts.removeSecondFactor(of: made.id, by: somebody) },
        { _ = try await accounts.invite(made.id, by: somebody) },
        { _ = try await accounts.assign(NewAssignment(.guard), to: made.id, by: somebody) },
        { _ = try await accounts.revoke(made.assignments[0].id, by: somebody) },
        { _ = try await accounts.makeKey(NewKey(name: "x", permissions: [.estateRead]), by: somebody) },
        { _ = try await accounts.rotateKey(keyed.key.id, overlapSeconds: 0, by: somebody) },
        {
          _ = try await accounts.create(
            NewAccount(name: "x", displayName: "x", role: .viewer, password: House.password), by: somebody)
        },
      ]
      for act in acts {
        let error = await #expect(throws: AccountsError.self) { try await act() }
        guard case .unproven(let denied) = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
        #expect(denied.missing == missing)
      }
    }
  }

  @Test("makes nobody's key do more than its maker may, or elsewhere, or what needs a person", .clause("9.2.2c"))
  func escalation() async throws {
    let house = try await House.open()
    let building = Scope.building(house.fresh.work.ids.next())
    let other = Scope.building(house.fresh.work.ids.next())
    let clerk = house.somebody([.accountsKeys, .estateRead, .devicesUnbind], in: building)
    let attempts: [(Set<Permission>, Scope, String)] = [
      ([.estateRead, .devicesCommand], building, "apiKey.permissionsExceed"),
      ([.estateRead], other, "apiKey.permissionsExceed"), ([.estateRead], .organisation, "apiKey.permissionsExceed"),
      ([.devicesUnbind], building, "account.fieldInvalid"),
    ]
    for (permissions, scope, code) in attempts {
      let error = await #expect(throws: AccountsError.self) {
        try await house.accounts.makeKey(NewKey(name: "k", permissions: permissions, scope: scope), by: clerk)
      }
      #expect(error?.code == code)
    }
    let made = try await house.accounts.makeKey(
      NewKey(name: "k", permissions: [.estateRead], scope: building), by: clerk)
    let principal = try await house.accounts.principal(apiKey: made.text, from: House.origin)
    #expect(principal?.grants == [Grant([.estateRead], in: building)])
  }

  @Test("remains: the last one is neither dismissed nor deactivated", arguments: Backend.allCases)
  func last(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let officer = house.principal(try await house.add("security", .securityOfficer), .securityOfficer)
    let first = house.first.administrator
    await #expect(throws: AccountsError.lastAdministrator) {
      try await house.accounts.change(first.id, isActive: false, by: officer)
    }
    await #expect(throws: AccountsError.lastAdministrator) {
      try await house.accounts.revoke(first.assignments[0].id, by: officer)
    }
    let second = try await house.accounts.create(
      NewAccount(name: "second", displayName: "Second", roles: [], password: House.password), by: house.administrator)
    _ = try await house.accounts.assign(NewAssignment(.systemAdministrator), to: second.id, by: officer)
    let changed = try await house.accounts.revoke(first.assignments[0].id, by: officer)
    #expect(changed.assignments.isEmpty)
    #expect(changed.version == 3)
  }

  @Test("deactivates an account: its sessions end and it cannot sign in")
  func deactivating() async throws {
    let house = try await House.open()
    let made = try await house.add("viewer")
    let opened = try await house.signIn("viewer")
    _ = try await house.accounts.change(made.id, isActive: false, by: house.administrator)
    #expect(try await house.principal(opened.token) == nil)
    await #expect(throws: AccountsError.signInFailed) { try await house.signIn("viewer") }
    _ = try await house.accounts.change(made.id, isActive: true, by: house.administrator)
    #expect(try await house.principal(opened.token) == nil)
    _ = try await house.signIn("viewer")
  }

  @Test("changes what a session may do at once", .clause("8.3", "9.2.2c"))
  func roleAtOnce() async throws {
    let house = try await House.open()
    let made = try await house.add("viewer")
    let opened = try await house.signIn("viewer")
    _ = try await house.accounts.assign(NewAssignment(.operator), to: made.id, by: house.administrator)
    #expect(try await house.principal(opened.token)?.permissions == Role.operator.permissions)
    _ = try await house.accounts.revoke(made.assignments[0].id, by: house.administrator)
    let now = try await house.accounts.account(made.id, by: house.administrator)
    #expect(now.roles(at: house.fresh.clock.now) == [.operator])
    _ = try await house.accounts.revoke(now.assignments[0].id, by: house.administrator)
    #expect(try await house.principal(opened.token)?.permissions == [])
  }

  @Test("does not overwrite what another changed meanwhile")
  func stale() async throws {
    let house = try await House.open()
    let made = try await house.add("viewer")
    _ = try await house.accounts.change(made.id, displayName: "One", expecting: made.version, by: house.administrator)
    await #expect(throws: AccountsError.stale(current: made.version + 1)) {
      try await house.accounts.change(made.id, displayName: "Two", expecting: made.version, by: house.administrator)
    }
  }

  @Test("sets a new password, which unlocks and ends sessions", .clause("9.3b"))
  func reset() async throws {
    let house = try await House.open()
    let made = try await house.add("viewer")
    let opened = try await house.signIn("viewer")
    for _ in 0..<5 { await #expect(throws: AccountsError.signInFailed) { try await house.signIn("viewer", "wrong") } }
    let locked = try await house.accounts.account(made.id, by: house.administrator)
    #expect(locked.lockedUntil(at: house.fresh.clock.now) != nil)
    let password = try await house.accounts.resetPassword(made.id, by: house.administrator)
    #expect(try await house.principal(opened.token) == nil)
    await #expect(throws: AccountsError.signInFailed) { try await house.signIn("viewer") }
    // It must be changed before anything else, and is known to two.
    let first = try await house.signIn("viewer", password)
    #expect(first.principal.mustChangePassword)
    #expect(first.principal.permissions == [])
    await #expect(throws: AccountsError.signInIncomplete) {
      try await house.accounts.sessions(of: made.id, by: first.principal)
    }
    try await house.accounts.changePassword(
      from: password, to: "only I know this", keeping: first.token, by: first.principal)
    #expect(try await house.principal(first.token)?.permissions == Role.viewer.permissions)
    await #expect(throws: AccountsError.ownAccount) {
      try await house.accounts.resetPassword(house.administrator.id, by: house.principal(
        house.first.administrator, .securityOfficer))
    }
  }

  @Test("reads the accounts page by page")
  func pages() async throws {
    let house = try await House.open()
    for name in ["b", "c", "d", "e"] { _ = try await house.add(name) }
    var names: [String] = []
    var cursor: String?
    repeat {
      let query = AccountQuery(page: PageRequest(cursor: cursor, limit: 2))
      let page = try await house.accounts.accounts(query, by: house.administrator)
      names += page.items.map(\.name)
      cursor = page.next
    } while cursor != nil
    #expect(names == ["admin", "b", "c", "d", "e", "operator"])
    for (query, found) in [
      (AccountQuery(text: "OPER"), ["operator"]), (AccountQuery(role: .viewer), ["b", "c", "d", "e"]),
      (AccountQuery(text: "%"), []), (AccountQuery(isActive: false), []),
    ] {
      #expect(try await house.accounts.accounts(query, by: house.administrator).items.map(\.name) == found)
    }
    await #expect(throws: AccountsError.cursorInvalid) {
      try await house.accounts.accounts(AccountQuery(page: PageRequest(cursor: "A B")), by: house.administrator)
    }
  }

  @Test("cannot make more accounts than the limit")
  func limit() async throws {
    var limits = AccountsLimits()
    limits.accountsMax = 3
    let house = try await House.open(limits: limits)
    _ = try await house.add("b")
    await #expect(throws: AccountsError.tooMany("accounts", max: 3)) { try await house.add("c") }
  }
}
