import Guomi
import Kernel
@testable import KeyService
import SQLStore
import TestSupport
import Testing
import Vault
import WireFormats

@Suite("Keys of devices")
struct DeviceKeyTests {
  static let random = Array(0..<32) as [UInt8]

  static func key(
    _ vault: TestVault, device: String = "LK-0803", element: String? = "SE-1", random: [UInt8] = random,
    version: Int? = nil, to recipient: SM2.DecryptionKey
  ) async throws -> (key: SecretBytes, version: Int64, check: [UInt8]) {
    var arguments: [(String, WireValue)] = [
      ("organisation", .bytes(TestVault.organisation.bytes)), ("device", .text(device)), ("random", .bytes(random)),
      ("recipient", .bytes(recipient.encryptionKey.point.x963)),
    ]
    if let element { arguments.append(("element", .text(element))) }
    if let version { arguments.append(("version", .integer(version))) }
    let answer = try await vault.call(.deviceKey, arguments)
    #expect(answer.secret == nil)
    let sealed = try SM2.Ciphertext(raw: try #require(answer.body["sealed"]?.byteString))
    return (
      try recipient.decrypt(sealed), try #require(answer.body["version"]?.integer),
      try #require(answer.body["checkValue"]?.byteString)
    )
  }

  @Test("differ by device, element, random, organisation's root and version, and are the same again", .clause("9.2.2b"))
  func differ() async throws {
    let vault = try await TestVault.made()
    let recipient = try SM2.DecryptionKey.generate(random: vault.random)
    let first = try await Self.key(vault, to: recipient)
    #expect(first.key.count == 32)
    var other = Self.random
    other[31] ^= 1
    var found = [first.key]
    for made in [
      try await Self.key(vault, device: "LK-0804", to: recipient),
      try await Self.key(vault, element: "SE-2", to: recipient),
      try await Self.key(vault, element: nil, to: recipient),
      try await Self.key(vault, random: other, to: recipient),
      // Lengths are part of it: these two read the same one after the other.
      try await Self.key(vault, device: "1LK-0803", element: "SE-", to: recipient),
    ] {
      #expect(!found.contains(made.key))
      #expect(made.check != first.check)
      found.append(made.key)
    }
    let again = try await Self.key(vault, version: Int(first.version), to: recipient)
    #expect(again.key == first.key && again.check == first.check)
    await #expect(throws: VaultError.keyUnknown) { _ = try await Self.key(vault, version: 9, to: recipient) }
    await #expect(throws: VaultError.self) { _ = try await Self.key(vault, random: [1], to: recipient) }
  }

  @Test("give each epoch a communication key that the device derives too", .clause("9.4e"))
  func communication() async throws {
    let vault = try await TestVault.made()
    let recipient = try SM2.DecryptionKey.generate(random: vault.random)
    let device = try await Self.key(vault, to: recipient)
    func communication(_ start: Int64) async throws -> SecretBytes? {
      try await vault.call(
        .communicationKey,
        [
          ("organisation", .bytes(TestVault.organisation.bytes)), ("device", .text("LK-0803")),
          ("element", .text("SE-1")), ("random", .bytes(Self.random)), ("version", .integer(device.version)),
          ("start", .integer(start)), ("platformRandom", .bytes(Array(repeating: 1, count: 16))),
          ("deviceRandom", .bytes(Array(repeating: 2, count: 16))),
        ]
      ).secret
    }
    // What the device does with its own key.
    let context = [0, 7] + Array("LK-0803".utf8) + [0, 0, 0, 0, 0x69, 0x22, 0x33, 0x44]
      + [UInt8](repeating: 1, count: 16) + [UInt8](repeating: 2, count: 16)
    let own = KBKDF.derive(secret: device.key, label: Array("LZGY-CK-1".utf8), context: context, byteCount: 32)
    #expect(try await communication(0x6922_3344) == own)
    #expect(try await communication(0x6922_3345) != own)
  }

  @Test("and the keys of signatures and indices are never given as data keys", .clause("9.2.2a"))
  func kinds() async throws {
    let vault = try await TestVault.made()
    let recipient = try SM2.DecryptionKey.generate(random: vault.random)
    _ = try await Self.key(vault, to: recipient)
    let arguments: [(String, WireValue)] = [
      ("organisation", .bytes(TestVault.organisation.bytes)), ("purpose", .text("audit")), ("algorithm", .text("sm2")),
    ]
    let message = Array("a checkpoint".utf8)
    let made = try await vault.call(.publicKey, arguments)
    let signed = try await vault.call(.sign, arguments + [("message", .bytes(message))])
    let point = try SM2.PublicPoint(x963: try #require(made.body["public"]?.byteString))
    let signature = try SM2.Signature(der: try #require(signed.body["signature"]?.byteString))
    #expect(SM2.VerifyingKey(point).isValid(signature, for: message))
    let index = try await vault.call(.index, Array(arguments.prefix(2)))
    #expect(index.secret?.count == 32)
    let rows = try await vault.store.read { sql in
      try sql.rows("SELECT id FROM vault_key").map { try $0.id("id", DataKey.self) }
    }
    #expect(rows.count == 3)
    for id in rows { await #expect(throws: VaultError.keyUnknown) { try await vault.fetch(id) } }
  }
}
