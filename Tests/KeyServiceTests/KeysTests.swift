import Guomi
import Kernel
@testable import KeyService
import PKCS11
import SQLStore
import Synchronization
import TestSupport
import Testing
import Vault
import WireFormats

@Suite("The key service's keys")
struct KeysTests {
  @Test("a data key is the same until its time is over, and opens afterwards", .clause("9.2.2a"))
  func ageing() async throws {
    let vault = try await TestVault.made()
    let first = try await vault.lease()
    let again = try await vault.lease()
    #expect(first.key == again.key && first.secret == again.secret)
    vault.clock.advance(by: .seconds(DataKeyLife.days * 86_400))
    let next = try await vault.lease()
    #expect(next.key != first.key && next.secret != first.secret)
    #expect(try await vault.fetch(first.key) == first.secret)
    #expect(try await vault.fetch(next.key) == next.secret)
  }

  @Test("a data key that sealed 2^28 records seals no more")
  func uses() async throws {
    let vault = try await TestVault.made()
    let first = try await vault.lease()
    try await vault.store.write { sql in
      try sql.execute("UPDATE vault_key SET uses = \(DataKeyLife.usesMax - 50)")
    }
    #expect(try await vault.lease(count: 50).key == first.key)
    #expect(try await vault.lease(count: 1).key != first.key)
    await #expect(throws: VaultError.self) { try await vault.lease(count: Int(DataKeyLife.leaseMax) + 1) }
  }

  @Test("each organisation, purpose and suite has keys of its own, and gets no other's", .clause("9.2.2a"))
  func apart() async throws {
    let vault = try await TestVault.made()
    let one = try await vault.lease()
    let other = try await vault.lease(of: TestVault.other)
    let purpose = try await vault.lease("accounts")
    #expect(Set([one.key, other.key, purpose.key]).count == 3)
    await #expect(throws: VaultError.keyUnknown) { try await vault.fetch(one.key, of: TestVault.other) }
    await #expect(throws: VaultError.keyUnknown) { try await vault.fetch(vault.ids.next()) }
    for bad in ["", "Residents", "a/b", String(repeating: "a", count: 33), "räume"] {
      await #expect(throws: VaultError.self) { try await vault.lease(bad) }
    }
  }

  @Test("wrapped keys do not open as another key or under another key-encryption key", .clause("9.2.2a"))
  func bound() async throws {
    let vault = try await TestVault.made()
    let one = try await vault.lease()
    let two = try await vault.lease("accounts")
    vault.core.memory.forgetAll()
    #expect(try await vault.fetch(one.key) == one.secret)
    vault.core.memory.forgetAll()
    try await vault.store.write { sql in
      let wrapped = try sql.row("SELECT wrapped FROM vault_key WHERE id = \(two.key)")?.blob("wrapped")
      try sql.execute("UPDATE vault_key SET wrapped = \(wrapped) WHERE id = \(one.key)")
    }
    await #expect(throws: VaultError.notAuthentic) { try await vault.fetch(one.key) }
  }

  @Test("a disabled key does nothing until two approvals enable it", .clause("9.2.2c"))
  func disabled() async throws {
    let vault = try await TestVault.made()
    let custodians = try await TestCustodian.three(in: vault)
    let key = try await vault.lease()
    try await vault.call(.disable, [("key", .bytes(key.key.bytes))])
    await #expect(throws: VaultError.keyUnusable(state: "disabled")) { try await vault.fetch(key.key) }
    #expect(try await vault.lease().key != key.key)
    try await vault.decide(
      .policy, [("action", .text("key.enable")), ("key", .bytes(key.key.bytes))], by: custodians)
    #expect(try await vault.fetch(key.key) == key.secret)
  }

  @Test("a destruction waits its days in running time, can be cancelled, and then is for ever", .clause("9.2.2a"))
  func destruction() async throws {
    let vault = try await TestVault.made()
    let custodians = try await TestCustodian.three(in: vault)
    let key = try await vault.lease()
    func destroy(_ days: Int) async throws {
      try await vault.decide(.destroy, [("key", .bytes(key.key.bytes)), ("days", .integer(days))], by: custodians)
    }
    for days in [6, 31] { await #expect(throws: VaultError.self) { try await destroy(days) } }
    try await destroy(7)
    await #expect(throws: VaultError.keyUnusable(state: "destroy-pending")) { try await vault.fetch(key.key) }
    try await vault.call(.cancelDestruction, [("key", .bytes(key.key.bytes))])
    await #expect(throws: VaultError.keyUnusable(state: "disabled")) { try await vault.fetch(key.key) }
    try await destroy(7)
    // A clock that jumps a year destroys nothing.
    vault.clock.advance(by: .seconds(365 * 86_400))
    try await vault.core.tick()
    await #expect(throws: VaultError.keyUnusable(state: "destroy-pending")) { try await vault.fetch(key.key) }
    for _ in 0..<(7 * 24) {
      vault.clock.advance(by: .seconds(3_600))
      try await vault.core.tick()
    }
    await #expect(throws: VaultError.keyUnusable(state: "destroyed")) { try await vault.fetch(key.key) }
    await #expect(throws: VaultError.self) {
      try await vault.call(.cancelDestruction, [("key", .bytes(key.key.bytes))])
    }
    let row = try await vault.store.read { try $0.row("SELECT wrapped FROM vault_key WHERE id = \(key.key)") }
    #expect(try row?.optionalBlob("wrapped") == nil)
  }

  @Test("a token that was logged out is said to be gone, and nothing is given out")
  func tokenGone() async throws {
    let vault = try await TestVault.made()
    let key = try await vault.lease()
    vault.core.state.withLock { $0.master?.token.close() }
    vault.core.memory.forgetAll()
    await #expect(throws: VaultError.tokenGone) { try await vault.fetch(key.key) }
    #expect(try await vault.status("token") == .text("gone"))
    await #expect(throws: VaultError.sealed) { try await vault.fetch(key.key) }
    try await vault.core.open(sealKey: #require(vault.founding.sealKey))
    #expect(try await vault.fetch(key.key) == key.secret)
  }

  @Test("a suite that the key service does not know is refused by its name")
  func unknownSuite() async throws {
    let vault = try await TestVault.made()
    for suite in ["des3", "", "AES256-GCM", "sm4-gcm "] {
      await #expect {
        try await vault.call(
          .lease,
          [
            ("organisation", .bytes(TestVault.organisation.bytes)), ("purpose", .text("residents")),
            ("suite", .text(suite)), ("count", .integer(1)),
          ])
      } throws: { error in
        (error as? VaultError)?.code == "vault.unknownSuite" && (error as? VaultError)?.reason.contains(suite) == true
      }
    }
    #expect(try await vault.status("keys") == .integer(0))
  }

  @Test("a clock that is set back a year opens what was sealed, makes no new key, and destroys nothing early")
  func clockBack() async throws {
    let vault = try await TestVault.made()
    let custodians = try await TestCustodian.three(in: vault)
    let (key, doomed) = (try await vault.lease(), try await vault.lease("accounts"))
    try await vault.decide(.destroy, [("key", .bytes(doomed.key.bytes)), ("days", .integer(7))], by: custodians)
    try await vault.core.tick()
    let now = vault.clock.now
    for jump in [-365, 0, 365, -365] as [Int64] {
      vault.clock.set(now.advanced(by: .seconds(jump * 86_400)))
      try await vault.core.tick()
      await #expect(throws: VaultError.keyUnusable(state: "destroy-pending")) { try await vault.fetch(doomed.key) }
      #expect(try await vault.fetch(key.key) == key.secret)
    }
    // Back in the past the key is none too old, and still the one to seal with.
    #expect(try await vault.lease().key == key.key)
    #expect(try await vault.status("rotations") == .integer(0))
    // The seven days are counted where the clock stands, less the hour at most of each jump forward.
    for hour in 1...(7 * 24) {
      vault.clock.advance(by: .seconds(3_600))
      try await vault.core.tick()
      guard hour < 7 * 24 - 3 else { continue }
      await #expect(throws: VaultError.keyUnusable(state: "destroy-pending")) { try await vault.fetch(doomed.key) }
    }
    await #expect(throws: VaultError.keyUnusable(state: "destroyed")) { try await vault.fetch(doomed.key) }
  }
}
