import Accounts
import Kernel
import TestSupport
import Testing

@Suite("A session")
struct SessionTests {
  @Test("ends when it is not used for long, or after its time, or at sign-out", arguments: Backend.allCases)
  func ends(_ backend: Backend) async throws {
    var limits = AccountsLimits()
    limits.officers = .init(idleSeconds: 1_000, absoluteSeconds: 5_000)
    let house = try await House.open(backend, limits: limits)
    let clock = house.fresh.clock
    let idle = try await house.signIn("admin", house.first.administratorPassword)
    let used = try await house.signIn("admin", house.first.administratorPassword)
    for _ in 0..<5 {
      clock.advance(by: .seconds(999))
      #expect(try await house.principal(used.token) != nil)
    }
    #expect(try await house.principal(idle.token) == nil)
    clock.advance(by: .seconds(5))
    #expect(try await house.principal(used.token) == nil)

    let third = try await house.signIn("admin", house.first.administratorPassword)
    try await house.accounts.signOut(token: third.token)
    try await house.accounts.signOut(token: third.token)
    #expect(try await house.principal(third.token) == nil)
  }

  @Test("is not opened by anything but its token")
  func tokens() async throws {
    let house = try await House.open()
    let opened = try await house.signIn("admin", house.first.administratorPassword)
    for wrong in ["", "x", String(opened.token.dropLast()), opened.token + "x", String(repeating: "x", count: 1_000)] {
      #expect(try await house.principal(wrong) == nil)
    }
  }

  @Test("is one of a limited number: the oldest gives way")
  func limit() async throws {
    var limits = AccountsLimits()
    limits.sessionsMax = 3
    let house = try await House.open(limits: limits)
    var tokens: [String] = []
    for _ in 0..<5 {
      tokens.append(try await house.signIn("admin", house.first.administratorPassword).token)
      house.fresh.clock.advance(by: .seconds(1))
    }
    var valid: [Bool] = []
    for token in tokens { valid.append(try await house.principal(token) != nil) }
    #expect(valid == [false, false, true, true, true])
    #expect(try await house.accounts.sessions(of: house.administrator.id, by: house.administrator).count == 3)
  }

  @Test("is listed and revoked by its owner and by administrators, by nobody else")
  func revoking() async throws {
    let house = try await House.open()
    _ = try await house.add("viewer")
    _ = try await house.add("other")
    let viewer = try await house.signIn("viewer")
    let other = try await house.signIn("other")
    await #expect(throws: AccountsError.denied(.accountsRead)) {
      try await house.accounts.sessions(of: viewer.principal.id, by: other.principal)
    }
    await #expect(throws: AccountsError.denied(.accountsWrite)) {
      try await house.accounts.revokeSession(viewer.session.id, by: other.principal)
    }
    #expect(try await house.accounts.sessions(of: viewer.principal.id, by: viewer.principal) == [viewer.session])
    try await house.accounts.revokeSession(other.session.id, by: other.principal)
    #expect(try await house.principal(other.token) == nil)
    try await house.accounts.revokeSession(viewer.session.id, by: house.administrator)
    #expect(try await house.principal(viewer.token) == nil)
    await #expect(throws: AccountsError.sessionUnknown) {
      try await house.accounts.revokeSession(viewer.session.id, by: house.administrator)
    }
  }

  @Test("of another organisation is not found")
  func tenancy() async throws {
    let house = try await House.open()
    let opened = try await house.signIn("admin", house.first.administratorPassword)
    let stranger = house.fresh.principal()
    await #expect(throws: AccountsError.sessionUnknown) {
      try await house.accounts.revokeSession(opened.session.id, by: stranger)
    }
    await #expect(throws: AccountsError.accountUnknown) {
      try await house.accounts.sessions(of: opened.principal.id, by: stranger)
    }
    await #expect(throws: AccountsError.accountUnknown) {
      try await house.accounts.account(opened.principal.id, by: stranger)
    }
    #expect(try await house.accounts.accounts(AccountQuery(), by: stranger).items.isEmpty)
    #expect(try await house.accounts.keys(PageRequest(), by: stranger).items.isEmpty)
  }

  @Test("of one's own stays when one changes one's password, the others end", .clause("9.3a"))
  func passwordChange() async throws {
    let house = try await House.open()
    _ = try await house.add("viewer")
    let kept = try await house.signIn("viewer")
    let ended = try await house.signIn("viewer")
    await #expect(throws: AccountsError.passwordWrong) {
      try await house.accounts.changePassword(
        from: "wrong", to: "another good one", keeping: kept.token, by: kept.principal)
    }
    for weak in ["short", "aaaaaaaaaaaaaaa", "viewer", House.password, String(repeating: "xyz1", count: 300)] {
      let error = await #expect(throws: AccountsError.self) {
        try await house.accounts.changePassword(
          from: House.password, to: weak, keeping: kept.token, by: kept.principal)
      }
      #expect(error?.code == (weak == House.password ? "password.reused" : "password.weak"))
      try await house.accounts.unlock(kept.principal.id, by: house.administrator)
    }
    try await house.accounts.changePassword(
      from: House.password, to: "another good one", keeping: kept.token, by: kept.principal)
    #expect(try await house.principal(kept.token) != nil)
    #expect(try await house.principal(ended.token) == nil)
    await #expect(throws: AccountsError.signInFailed) { try await house.signIn("viewer") }
    _ = try await house.signIn("viewer", "another good one")
  }

  @Test("is no place to guess the password")
  func guessing() async throws {
    let house = try await House.open()
    let opened = try await house.signIn("admin", house.first.administratorPassword)
    for _ in 0..<5 {
      await #expect(throws: AccountsError.passwordWrong) {
        try await house.accounts.changePassword(
          from: "wrong", to: "another good one", keeping: nil, by: opened.principal)
      }
    }
    await #expect(throws: AccountsError.locked(retryAfterSeconds: 900)) {
      try await house.accounts.changePassword(
        from: house.first.administratorPassword, to: "another good one", keeping: nil, by: opened.principal)
    }
  }
}
