import Guomi
import Kernel
@testable import KeyService
import PKCS11
import SQLStore
import TestSupport
import Testing
import Vault
import WireFormats

@Suite("The key service")
struct OpeningTests {
  static func give(_ share: Shamir.Share, to vault: TestVault) async throws(VaultError) -> Int64? {
    let secret = share.bytes.withUnsafeBytes { SecretBytes(copying: [share.number] + $0) }
    return try await vault.call(.unseal, secret: secret).body["needed"]?.integer
  }

  @Test("opens with three of five shares, and gives nothing out before", .clause("9.2.2a"))
  func shares() async throws {
    let vault = try await TestVault.made(.shares(threshold: 3, count: 5))
    #expect(vault.founding.sealKey == nil && vault.founding.shares.count == 5)
    await #expect(throws: VaultError.sealed) { try await vault.lease() }
    let shares = vault.founding.shares
    #expect(try await Self.give(shares[4], to: vault) == 2)
    #expect(try await Self.give(shares[4], to: vault) == 2)
    #expect(try await Self.give(shares[0], to: vault) == 1)
    await #expect(throws: VaultError.sealed) { try await vault.lease() }
    #expect(try await Self.give(shares[2], to: vault) == 0)
    let key = try await vault.lease()
    try await vault.call(.seal)
    await #expect(throws: VaultError.sealed) { try await vault.fetch(key.key) }
    #expect(vault.core.memory.key(key.key) == nil)
  }

  @Test("lets wrong shares wait longer each time")
  func guessing() async throws {
    let vault = try await TestVault.made(.shares(threshold: 2, count: 3))
    let wrong = Shamir.Share(number: 9, bytes: try vault.random.secret(32))
    func refused(_ code: String) -> (any Error) -> Bool { { ($0 as? VaultError)?.code == code } }
    for round in 1...4 {
      #expect(try await Self.give(wrong, to: vault) == 1)
      await #expect { try await Self.give(vault.founding.shares[0], to: vault) } throws: {
        refused("vault.sealWrong")($0)
      }
      await #expect { try await Self.give(wrong, to: vault) } throws: { refused("vault.sealWait")($0) }
      vault.clock.advance(by: .seconds(1 << round))
    }
    #expect(try await Self.give(vault.founding.shares[0], to: vault) == 1)
    #expect(try await Self.give(vault.founding.shares[2], to: vault) == 0)
    #expect(try await vault.lease().secret.count == 32)
  }

  @Test("says when the seal key is wrong and when the token takes the PIN no more")
  func wrongPIN() async throws {
    let vault = try await TestVault.made()
    vault.core.seal()
    await #expect(throws: VaultError.self) { try await vault.core.open(sealKey: vault.random.secret(32)) }
    #expect(vault.core.isSealed)
    // The token's own PIN is another one: a token that was initialised anew by somebody else.
    let serial = try await vault.store.read { sql in
      try sql.row("SELECT value FROM vault_setting WHERE name = 'token.serial'")?.blob("value")
    }
    let foreign = try Array("another-pin".utf8).withUnsafeBytes { pin in
      try vault.core.environment.module.initialiseToken(label: "foreign", officerPIN: pin, userPIN: pin)
    }
    #expect(foreign.serialNumber != String(decoding: try #require(serial), as: UTF8.self))
    try await vault.store.write { sql in
      try sql.execute(
        "UPDATE vault_setting SET value = \(Array(foreign.serialNumber.utf8)) WHERE name = 'token.serial'")
    }
    await #expect { try await vault.core.open(sealKey: #require(vault.founding.sealKey)) } throws: {
      ($0 as? VaultError)?.code == "vault.pinWrong"
    }
    try await vault.store.write { sql in
      try sql.execute("UPDATE vault_setting SET value = \(Array("0000".utf8)) WHERE name = 'token.serial'")
    }
    await #expect(throws: VaultError.tokenGone) { try await vault.core.open(sealKey: #require(vault.founding.sealKey)) }
  }

  @Test("is made once", .clause("9.2.2a"))
  func once() async throws {
    let vault = try await TestVault.made()
    await #expect(throws: VaultError.self) { try await vault.core.found(.file, label: "again") }
  }

  @Test("lets the platform do nothing of the custodians', and gives custodians no key", .clause("9.2.2c"))
  func roles() async throws {
    let vault = try await TestVault.made()
    let nobody = VaultCore.Caller(name: "nobody", role: .anybody, userID: 0)
    for operation in VaultOperation.allCases where operation.role != .anybody {
      for caller in [TestVault.platform, TestVault.custodian, nobody] where caller.role != operation.role {
        let answer = await vault.core.answer(.call(operation), from: caller)
        #expect(answer.body["error"] == .text("vault.role"), "\(operation) by \(caller.role)")
        #expect(answer.secret == nil)
      }
    }
  }

  @Test("writes every call into its log, refused ones too, and never a key", .clause("9.2.2c"))
  func log() async throws {
    let vault = try await TestVault.made()
    let key = try await vault.lease()
    _ = try? await vault.fetch(key.key, of: TestVault.other)
    _ = await vault.core.answer(VaultFrame([("op", .text("nonsense"))]), from: TestVault.platform)
    let rows = try await vault.store.read { sql in
      try sql.rows("SELECT * FROM vault_log ORDER BY sequence").map {
        "\(try $0.text("caller")) \(try $0.text("operation")) \(try $0.text("outcome"))"
      }
    }
    #expect(rows == [
      "ceremony found done", "platform key.lease done", "platform key.fetch vault.keyUnknown",
      "platform unknown vault.operation",
    ])
    let check = try await vault.call(.auditVerify)
    #expect(check.body["entries"] == .integer(4) && check.body["brokenAt"] == .null)
  }

  @Test("shows where its log was changed, shortened inside or added to", arguments: [
    "UPDATE vault_log SET outcome = 'done' WHERE sequence = 3", "DELETE FROM vault_log WHERE sequence = 3",
    "UPDATE vault_log SET user_id = 7 WHERE sequence = 3",
  ])
  func tampered(_ change: String) async throws {
    let vault = try await TestVault.made()
    for _ in 0..<5 { _ = try? await vault.fetch(vault.ids.next()) }
    await #expect(throws: SQLError.self) { try await vault.store.write { try $0.execute(SQL(raw: change)) } }
    try await vault.store.write { sql in
      try sql.execute("DROP TRIGGER vault_log_no_update")
      try sql.execute("DROP TRIGGER vault_log_no_delete")
      try sql.execute(SQL(raw: change))
    }
    let broken = try await vault.call(.auditVerify).body["brokenAt"]?.integer
    #expect(broken == 3 || broken == 4)
  }
}
