import Crypto
import Foundation
import Guomi
import Kernel
@testable import KeyService
import SQLStore
import TestSupport
import Testing
import Vault
import WireFormats

@Suite("A backup of the keys")
struct BackupTests {
  /// The quorum's key, in five shares.
  static func quorum(_ vault: TestVault) async throws -> [Shamir.Share] {
    let key = P256.KeyAgreement.PrivateKey()
    let shares = try Shamir.split(
      SecretBytes(copying: key.rawRepresentation), count: 5, threshold: 3, random: vault.random)
    try await vault.call(.backupKey, [("public", .bytes(Array(key.publicKey.x963Representation)))])
    return shares
  }

  static func give(_ shares: [Shamir.Share], to vault: TestVault) async throws {
    for share in shares {
      let secret = share.bytes.withUnsafeBytes { SecretBytes(copying: [share.number] + $0) }
      try await vault.call(.restoreShare, secret: secret)
    }
  }

  @Test("restored into a new token by three shares and two approvals opens everything again", .clause("9.2.2a"))
  func drill() async throws {
    let old = try await TestVault.made()
    let shares = try await Self.quorum(old)
    let keys = try await RotationTests.filled(old, versions: 20)
    let made = try await old.call(.backup)
    let name = try #require(made.body["name"]?.string)
    #expect(made.body["count"] == .integer(keys.count))
    let newer = try await old.lease("leasing")

    // The drill: nothing changes, and it says what is newer.
    try await Self.give(Array(shares[1...3]), to: old)
    let drill = try await old.call(.drill, [("name", .text(name))])
    #expect(drill.body["same"] == .integer(keys.count))
    #expect(drill.body["newer"] == .integer(1) && drill.body["different"] == .integer(0))

    // The old token and store are lost; another machine takes the file.
    let new = try await TestVault.made()
    let custodians = try await TestCustodian.three(in: new)
    let backups = new.folder.url.appending(path: "backups")
    try FileManager.default.createDirectory(at: backups, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: old.folder.url.appending(path: "backups").appending(path: name), to: backups.appending(path: name))
    let digest: WireValue = .bytes(try #require(made.body["digest"]?.byteString))
    try await Self.give([shares[0], shares[2], shares[4]], to: new)
    let restored = try await new.decide(.restore, [("name", .text(name)), ("digest", digest)], by: custodians)
    #expect(restored.body["count"] == .integer(keys.count))
    try await RotationTests.check(new, keys)
    await #expect(throws: VaultError.keyUnknown) { try await new.fetch(newer.key) }
    // Not a second time, over what is there.
    try await Self.give([shares[0], shares[2], shares[4]], to: new)
    await #expect(throws: VaultError.self) {
      try await new.decide(.restore, [("name", .text(name)), ("digest", digest)], by: custodians)
    }
  }

  @Test("says nothing without three of the shares, and nothing when a byte of it was changed", .clause("9.2.2a"))
  func closed() async throws {
    let vault = try await TestVault.made()
    await #expect(throws: VaultError.self) { try await vault.call(.backup) }
    let shares = try await Self.quorum(vault)
    let key = try await vault.lease()
    let name = try #require(try await vault.call(.backup).body["name"]?.string)
    await #expect(throws: VaultError.self) { try await vault.call(.drill, [("name", .text(name))]) }
    try await Self.give(Array(shares[0...1]), to: vault)
    await #expect(throws: VaultError.notAuthentic) { try await vault.call(.drill, [("name", .text(name))]) }
    let file = vault.folder.url.appending(path: "backups").appending(path: name)
    let bytes = try Data(contentsOf: file)
    #expect(bytes.range(of: key.secret.withUnsafeBytes { Data($0) }) == nil)
    for index in [30, bytes.count / 2, bytes.count - 1] {
      var bad = bytes
      bad[index] ^= 1
      try bad.write(to: file)
      try await Self.give(Array(shares[0...2]), to: vault)
      await #expect(throws: VaultError.notAuthentic) { try await vault.call(.drill, [("name", .text(name))]) }
    }
    for outside in ["../vault.db", "/etc/passwd", ".backup", "none.backup"] {
      try await Self.give(Array(shares[0...2]), to: vault)
      await #expect(throws: VaultError.self) { try await vault.call(.drill, [("name", .text(outside))]) }
    }
  }
}
