import Accounts
import Kernel
import TestSupport
import Testing

@Suite("How long a session lives")
struct SessionLimitTests {
  @Test(
    "depends on the role, the shortest of several counts",
    arguments: [
      ([Role.operator], 12 * 3_600), ([.guard, .enforcementOfficer], 1_800), ([.systemAdministrator], 1_800),
      ([.auditor], 1_800), ([.tenant], 30 * 24 * 3_600), ([.tenant, .leasing], 12 * 3_600), ([], 12 * 3_600),
    ] as [([Role], Int64)])
  func times(_ roles: [Role], _ idle: Int64) {
    #expect(AccountsLimits().time(of: roles).idleSeconds == idle)
  }

  @Test("shortens at once when a role is given", arguments: Backend.allCases)
  func atOnce(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let made = try await house.add("wang", .operator)
    let opened = try await house.signIn("wang")
    house.fresh.clock.advance(by: .seconds(3_600))
    #expect(try await house.principal(opened.token) != nil)
    house.fresh.clock.advance(by: .seconds(1_800))
    _ = try await house.accounts.assign(NewAssignment(.enforcementOfficer), to: made.id, by: house.administrator)
    #expect(try await house.principal(opened.token) == nil)
  }

  @Test("is ended by its owner for all others at once; a list says which is which")
  func others() async throws {
    let house = try await House.open()
    _ = try await house.add("wang")
    let kept = try await house.signIn("wang")
    let second = try await house.signIn("wang")
    let third = try await house.signIn("wang", address: "192.0.2.9")
    let list = try await house.accounts.sessions(of: kept.principal.id, by: kept.principal)
    #expect(Set(list.map(\.address)) == ["192.0.2.1", "192.0.2.9"])
    #expect(list.allSatisfy { $0.agent == "Firefox" })
    #expect(try await house.accounts.session(token: kept.token, by: kept.principal).id == kept.session.id)
    #expect(try await house.accounts.revokeOtherSessions(keeping: kept.token, by: kept.principal) == 2)
    #expect(try await house.principal(kept.token) != nil)
    for ended in [second, third] { #expect(try await house.principal(ended.token) == nil) }
    #expect(try await house.kinds().filter { $0 == "session.ended" }.count == 2)
  }
}
