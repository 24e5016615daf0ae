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
    #expect(try await house.accounts.account(made.id, by: house.administrator).role == .guard)
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
    arguments: ["", "short", "aaaaaaaaaaaa", "abababababab", "li.wei.long.name", String(repeating: "长", count: 400)])
  func weakPassword(password: String) async throws {
    let house = try await House.open()
    let error = await #expect(throws: AccountsError.self) {
      try await house.accounts.create(
        NewAccount(name: "li.wei.long.name", displayName: "Li", role: .viewer, password: password),
        by: house.administrator)
    }
    #expect(error?.code == "password.weak")
  }

  @Test("is needed: every use case asks for its permission")
  func permissions() async throws {
    let house = try await House.open()
    let made = try await house.add("viewer")
    let somebody = house.fresh.principal(Set(Permission.allCases).subtracting([.accountsRead, .accountsWrite]))
    let (accounts, first) = (house.accounts, house.first.account.id)
    let key = try await accounts.makeKey(name: "k", permissions: [.estateRead], expiresAt: nil, by: house.administrator)
    let reads: [@Sendable () async throws -> Void] = [
      { _ = try await accounts.accounts(PageRequest(), by: somebody) },
      { _ = try await accounts.account(first, by: somebody) },
      { _ = try await accounts.keys(PageRequest(), by: somebody) },
      { _ = try await accounts.sessions(of: first, by: somebody) },
    ]
    let writes: [@Sendable () async throws -> Void] = [
      { _ = try await accounts.change(made.id, role: .guard, by: somebody) },
      { _ = try await accounts.resetPassword(made.id, by: somebody) },
      { try await accounts.unlock(made.id, by: somebody) },
      { _ = try await accounts.makeKey(name: "x", permissions: [.estateRead], expiresAt: nil, by: somebody) },
      { try await accounts.revokeKey(key.key.id, by: somebody) },
      {
        _ = try await accounts.create(
          NewAccount(name: "x", displayName: "x", role: .viewer, password: House.password), by: somebody)
      },
    ]
    for read in reads { await #expect(throws: AccountsError.denied(.accountsRead)) { try await read() } }
    for write in writes { await #expect(throws: AccountsError.denied(.accountsWrite)) { try await write() } }
  }

  @Test("gives nobody more than they have themselves", .clause("9.2.2c"))
  func escalation() async throws {
    let house = try await House.open()
    let clerk = Principal(
      id: house.fresh.work.ids.next(), kind: .person, organisation: house.first.organisation, name: "clerk",
      permissions: [.accountsRead, .accountsWrite, .alarmsRead, .devicesRead, .estateRead])
    let viewer = try await house.add("viewer", .viewer, by: clerk)
    let attempts: [@Sendable () async throws -> Void] = [
      { _ = try await house.add("boss", .administrator, by: clerk) },
      { _ = try await house.accounts.change(viewer.id, role: .operator, by: clerk) },
      { _ = try await house.accounts.change(house.first.account.id, isActive: false, by: clerk) },
      { _ = try await house.accounts.resetPassword(house.first.account.id, by: clerk) },
      {
        _ = try await house.accounts.makeKey(
          name: "k", permissions: [.estateRead, .devicesCommand], expiresAt: nil, by: clerk)
      },
    ]
    for attempt in attempts {
      let error = await #expect(throws: AccountsError.self) { try await attempt() }
      #expect(error?.code == "apiKey.permissionsExceed")
    }
  }

  @Test("remains: the last one is neither demoted nor deactivated", arguments: Backend.allCases)
  func last(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let id = house.first.account.id
    await #expect(throws: AccountsError.lastAdministrator) {
      try await house.accounts.change(id, role: .viewer, by: house.administrator)
    }
    await #expect(throws: AccountsError.lastAdministrator) {
      try await house.accounts.change(id, isActive: false, by: house.administrator)
    }
    _ = try await house.add("second", .administrator)
    let changed = try await house.accounts.change(id, role: .viewer, by: house.administrator)
    #expect(changed.role == .viewer)
    #expect(changed.version == 2)
  }

  @Test("deactivates an account: its sessions end and it cannot sign in")
  func deactivating() async throws {
    let house = try await House.open()
    let made = try await house.add("viewer")
    let opened = try await house.signIn("viewer")
    _ = try await house.accounts.change(made.id, isActive: false, by: house.administrator)
    #expect(try await house.accounts.principal(session: opened.token) == nil)
    await #expect(throws: AccountsError.signInFailed) { try await house.signIn("viewer") }
    _ = try await house.accounts.change(made.id, isActive: true, by: house.administrator)
    #expect(try await house.accounts.principal(session: opened.token) == nil)
    _ = try await house.signIn("viewer")
  }

  @Test("changes what a session may do at once", .clause("8.3", "9.2.2c"))
  func roleAtOnce() async throws {
    let house = try await House.open()
    let made = try await house.add("viewer")
    let opened = try await house.signIn("viewer")
    _ = try await house.accounts.change(made.id, role: .operator, by: house.administrator)
    #expect(
      try await house.accounts.principal(session: opened.token)?.permissions == Role.operator.permissions)
  }

  @Test("does not overwrite what another changed meanwhile")
  func stale() async throws {
    let house = try await House.open()
    let made = try await house.add("viewer")
    _ = try await house.accounts.change(made.id, displayName: "One", expecting: 1, by: house.administrator)
    await #expect(throws: AccountsError.stale(current: 2)) {
      try await house.accounts.change(made.id, displayName: "Two", expecting: 1, by: house.administrator)
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
    #expect(try await house.accounts.principal(session: opened.token) == nil)
    await #expect(throws: AccountsError.signInFailed) { try await house.signIn("viewer") }
    _ = try await house.signIn("viewer", password)
  }

  @Test("reads the accounts page by page")
  func pages() async throws {
    let house = try await House.open()
    for name in ["b", "c", "d", "e"] { _ = try await house.add(name) }
    var names: [String] = []
    var cursor: String?
    repeat {
      let page = try await house.accounts.accounts(PageRequest(cursor: cursor, limit: 2), by: house.administrator)
      names += page.items.map(\.name)
      cursor = page.next
    } while cursor != nil
    #expect(names == ["admin", "b", "c", "d", "e"])
    await #expect(throws: AccountsError.cursorInvalid) {
      try await house.accounts.accounts(PageRequest(cursor: "A B"), by: house.administrator)
    }
  }

  @Test("cannot make more accounts than the limit")
  func limit() async throws {
    var limits = AccountsLimits()
    limits.accountsMax = 2
    let house = try await House.open(limits: limits)
    _ = try await house.add("b")
    await #expect(throws: AccountsError.tooMany("accounts", max: 2)) { try await house.add("c") }
  }
}
