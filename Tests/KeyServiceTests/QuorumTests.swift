import Crypto
import Foundation
import Guomi
import Kernel
@testable import KeyService
import TestSupport
import Testing
import Vault
import WireFormats

@Suite("Two custodians' approvals")
struct QuorumTests {
  static func isRefused(_ error: any Error, _ code: String) -> Bool { (error as? VaultError)?.code == "vault.\(code)" }

  @Test("of two who did not propose it let a key be exported, once", .clause("9.2.2c"))
  func export() async throws {
    let vault = try await TestVault.made()
    let custodians = try await TestCustodian.three(in: vault)
    let key = try await vault.lease()
    let recipient = P256.KeyAgreement.PrivateKey()
    let statement = custodians[0].statement(
      .export,
      [("key", .bytes(key.key.bytes)), ("recipient", .bytes(Array(recipient.publicKey.x963Representation)))], in: vault)
    let execute: [(String, WireValue)] = [("proposal", .bytes(statement.id.bytes))]
    try await custodians[0].propose(statement, in: vault)
    await #expect { try await vault.call(.execute, execute) } throws: { Self.isRefused($0, "quorum") }
    try await custodians[1].approve(statement, in: vault)
    await #expect { try await vault.call(.execute, execute) } throws: { Self.isRefused($0, "quorum") }
    try await custodians[2].approve(statement, in: vault)
    let answer = try await vault.call(.execute, execute)
    var opener = try HPKE.Recipient(
      privateKey: recipient, ciphersuite: .P256_SHA256_AES_GCM_256, info: Data("ANJU-VAULT-EXPORT-1".utf8),
      encapsulatedKey: Data(try #require(answer.body["encapsulated"]?.byteString)))
    let bytes = try opener.open(
      Data(try #require(answer.body["sealed"]?.byteString)), authenticating: key.key.bytes)
    #expect(SecretBytes(copying: bytes) == key.secret)
    await #expect { try await vault.call(.execute, execute) } throws: { Self.isRefused($0, "replayed") }
  }

  @Test("are never one's own, nor twice the same, nor for another proposal", .clause("9.2.2c"))
  func refused() async throws {
    let vault = try await TestVault.made()
    let custodians = try await TestCustodian.three(in: vault)
    let key = try await vault.lease()
    let arguments: [(String, WireValue)] = [("key", .bytes(key.key.bytes)), ("days", .integer(7))]
    let one = custodians[0].statement(.destroy, arguments, in: vault)
    let two = custodians[0].statement(.destroy, arguments, in: vault)
    try await custodians[0].propose(one, in: vault)
    try await custodians[0].propose(two, in: vault)
    await #expect { try await custodians[0].approve(one, in: vault) } throws: { Self.isRefused($0, "ownApproval") }
    try await custodians[1].approve(one, in: vault)
    await #expect { try await custodians[1].approve(one, in: vault) } throws: { Self.isRefused($0, "replayed") }
    // What was signed for one proposal is no approval of its twin.
    let replayed = try custodians[1].approval(one)
    await #expect { try await custodians[1].approve(two, in: vault, signature: replayed) } throws: {
      Self.isRefused($0, "signature")
    }
    // Nor is one's signature another's.
    let others = try custodians[1].approval(one)
    await #expect { try await custodians[2].approve(one, in: vault, signature: others) } throws: {
      Self.isRefused($0, "signature")
    }
    await #expect { try await custodians[0].propose(one, in: vault) } throws: { Self.isRefused($0, "replayed") }
    await #expect { try await custodians[0].propose(
      custodians[0].statement(.destroy, arguments, in: vault), in: vault, as: "Bo")
    } throws: { Self.isRefused($0, "signature") }
    await #expect { try await vault.call(.execute, [("proposal", .bytes(one.id.bytes))]) } throws: {
      Self.isRefused($0, "quorum")
    }
    #expect(try await vault.fetch(key.key) == key.secret)
  }

  @Test("come too late after the proposal's time, and no proposal lives long")
  func late() async throws {
    let vault = try await TestVault.made()
    let custodians = try await TestCustodian.three(in: vault)
    let key = try await vault.lease()
    let arguments: [(String, WireValue)] = [("key", .bytes(key.key.bytes)), ("days", .integer(7))]
    for hours in [0, 73] as [Int64] {
      let bad = custodians[0].statement(.destroy, arguments, in: vault, hours: hours)
      await #expect { try await custodians[0].propose(bad, in: vault) } throws: { Self.isRefused($0, "expiry") }
    }
    let statement = custodians[0].statement(.destroy, arguments, in: vault)
    try await custodians[0].propose(statement, in: vault)
    try await custodians[1].approve(statement, in: vault)
    vault.clock.advance(by: .seconds(24 * 3_600))
    await #expect { try await custodians[2].approve(statement, in: vault) } throws: { Self.isRefused($0, "expired") }
    #expect(try await vault.call(.proposals).body["proposals"]?.list?.isEmpty == true)
  }

  @Test("decide about custodians from the third on; three always stay, and whoever left counts no more")
  func custodians() async throws {
    let vault = try await TestVault.made()
    let first = TestCustodian(name: "An")
    try await first.enrol(in: vault)
    await #expect(throws: VaultError.self) { try await TestCustodian(name: "An").enrol(in: vault) }
    let lonely = first.statement(.policy, [("action", .text("custodian.remove")), ("name", .text("An"))], in: vault)
    await #expect { try await first.propose(lonely, in: vault) } throws: { Self.isRefused($0, "quorum") }
    let others = ["Bo", "Cui"].map { TestCustodian(name: $0) }
    for custodian in others { try await custodian.enrol(in: vault) }
    let fourth = TestCustodian(name: "Ding")
    await #expect { try await fourth.enrol(in: vault) } throws: { Self.isRefused($0, "enrolled") }
    let all = [first] + others
    let remove: [(String, WireValue)] = [("action", .text("custodian.remove")), ("name", .text("Cui"))]
    await #expect(throws: VaultError.self) { try await vault.decide(.policy, remove, by: all) }
    let key = Array(fourth.key.publicKey.x963Representation)
    try await vault.decide(
      .policy, [("action", .text("custodian.add")), ("name", .text("Ding")), ("public", .bytes(key))], by: all)
    // Cui approves, leaves, and the approval is worth nothing.
    let statement = first.statement(
      .policy, [("action", .text("custodian.remove")), ("name", .text("Bo"))], in: vault)
    try await first.propose(statement, in: vault)
    try await others[0].approve(statement, in: vault)
    try await others[1].approve(statement, in: vault)
    try await vault.decide(.policy, remove, by: [first, others[0], fourth])
    await #expect { try await vault.call(.execute, [("proposal", .bytes(statement.id.bytes))]) } throws: {
      Self.isRefused($0, "quorum")
    }
  }

  @Test("make an authority's key, which signs and never leaves", .clause("8.8b"))
  func authority() async throws {
    let vault = try await TestVault.made()
    let custodians = try await TestCustodian.three(in: vault)
    let arguments: [(String, WireValue)] = [
      ("organisation", .bytes(TestVault.organisation.bytes)), ("purpose", .text("ca-tls")),
      ("algorithm", .text("p256")),
    ]
    let message = Array("a certificate".utf8)
    await #expect { try await vault.call(.sign, arguments + [("message", .bytes(message))]) } throws: {
      Self.isRefused($0, "quorum")
    }
    let made = try await vault.decide(.certificateAuthority, arguments, by: custodians)
    let publicKey = try P256.Signing.PublicKey(x963Representation: try #require(made.body["public"]?.byteString))
    let answer = try await vault.call(.sign, arguments + [("message", .bytes(message))])
    let signature = try P256.Signing.ECDSASignature(
      derRepresentation: try #require(answer.body["signature"]?.byteString))
    #expect(publicKey.isValidSignature(signature, for: message))
    #expect(answer.secret == nil)
    let id = try #require(answer.body["key"]?.byteString)
    await #expect(throws: VaultError.keyUnknown) { try await vault.fetch(#require(ID<DataKey>(bytes: id))) }
  }
}
