import Audit
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Accounts

@Suite("What is done to accounts")
struct AuditedTests {
  /// Verb and kind of every entry after a number, oldest first.
  private func entries(_ house: House, after number: Int64 = 0) async throws -> [(entry: String, by: ID<Principal>)] {
    let log = AuditLog(work: house.fresh.work, keys: CheckpointKeys([]))
    let page = try await log.search(AuditQuery(page: PageRequest(limit: 200)), of: nil)
    return page.items.filter { $0.number > number }.reversed().map { entry in
      ("\(entry.body.verb) \(entry.body.kind)", entry.body.principal)
    }
  }

  private func last(_ house: House) async throws -> Int64 {
    try await house.fresh.store.read { try $0.row("SELECT max(sequence) FROM audit_entry")?.optionalInteger(0) ?? 0 }
  }

  @Test("stands in the audit log with who did it, in the same transaction", .clause("6.8.2g"),
    arguments: Backend.allCases)
  func all(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let (accounts, administrator) = (house.accounts, house.administrator)
    func expect(
      _ wanted: String..., by principal: ID<Principal>, after number: Int64, at line: SourceLocation = #_sourceLocation
    ) async throws {
      let found = try await entries(house, after: number)
      #expect(found.map(\.entry) == wanted, sourceLocation: line)
      #expect(found.allSatisfy { $0.by == principal }, sourceLocation: line)
    }
    #expect(
      try await entries(house).map(\.entry) == [
        "create organisation", "create account", "create account.role", "create account", "create account.role",
      ])
    var mark = try await last(house)
    let made = try await accounts.create(
      NewAccount(name: "wang", displayName: "王芳", role: .guard, password: nil), by: administrator)
    try await expect("create account", "create account.role", by: administrator.id, after: mark)
    mark = try await last(house)
    let token = try await accounts.invite(made.id, by: administrator)
    try await expect("act account.invitation", by: administrator.id, after: mark)
    mark = try await last(house)
    try await accounts.completeReset(
      token: token, ResetProofs(), newPassword: House.password, from: House.origin)
    try await expect("update account.password", by: made.id, after: mark)
    mark = try await last(house)
    _ = try await accounts.change(made.id, displayName: "王小芳", by: administrator)
    _ = try await accounts.assign(NewAssignment(.maintenance), to: made.id, by: administrator)
    let role = try #require(try await accounts.account(made.id, by: administrator).assignments.first)
    _ = try await accounts.revoke(role.id, by: administrator)
    _ = try await accounts.setContact("13800005270", of: made.id, by: administrator)
    try await accounts.removeContact(.phone, of: made.id, by: administrator)
    try await accounts.unlock(made.id, by: administrator)
    try await expect(
      "update account", "create account.role", "delete account.role", "create account.contact",
      "delete account.contact", "act account", by: administrator.id, after: mark)
    mark = try await last(house)
    let key = try await accounts.makeKey(
      NewKey(name: "bills", permissions: [.devicesRead], scope: .organisation, expiresAt: nil), by: house.operator)
    _ = try await accounts.rotateKey(key.key.id, overlapSeconds: 0, by: house.operator)
    try await accounts.revokeKey(key.key.id, by: house.operator)
    try await expect("create apiKey", "update apiKey", "delete apiKey", by: house.operator.id, after: mark)
    let session = try await house.signIn("wang")
    _ = try await house.signIn("wang")
    mark = try await last(house)
    _ = try await accounts.revokeOtherSessions(keeping: session.token, by: session.principal)
    _ = try await house.setUpFactor(session)
    try await expect("delete account.session", "create account.secondFactor", by: made.id, after: mark)
    mark = try await last(house)
    try await accounts.revokeSession(session.session.id, by: administrator)
    try await accounts.removeSecondFactor(of: made.id, by: administrator)
    _ = try await accounts.resetPassword(made.id, by: administrator)
    try await expect(
      "delete account.session", "delete account.secondFactor", "update account.password", by: administrator.id,
      after: mark)
  }

  @Test("happens not at all when its entry cannot be written")
  func closed() async throws {
    let house = try await House.open()
    _ = try await house.fresh.store.write { sql in
      try sql.execute("CREATE TRIGGER broken BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'no'); END")
    }
    await #expect(throws: AccountsError.self) {
      try await house.accounts.create(
        NewAccount(name: "wang", displayName: "王芳", role: .guard, password: nil), by: house.administrator)
    }
    #expect(try await house.accounts.accounts(AccountQuery(text: "wang"), by: house.administrator).items.isEmpty)
  }
}
