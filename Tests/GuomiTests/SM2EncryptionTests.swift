import CGuomi
import TestSupport
import Testing

@testable import Guomi

@Suite("SM2 encryption", .clause("9.4c"))
struct SM2EncryptionTests {
  static let message = Array("encryption standard".utf8)
  static let point = """
    04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73
    E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0
    """
  static let tag = "59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"
  static let body = "21886CA989CA9C7D58087307CA93092D651EFA"

  private static func key() throws -> SM2.DecryptionKey {
    try SM2.DecryptionKey(secret: SecretBytes(vector: SM2Vector.secret))
  }

  @Test("is that of GB/T 32918.5, annex C.2, in both forms")
  func vector() throws {
    let key = try Self.key()
    let made = try Self.message.withUnsafeBytes { message in
      try key.encryptionKey.encrypt(message) { SecretBytes(vector: SM2Vector.nonce) }
    }
    #expect(made.raw == [UInt8](vector: "04" + Self.point + Self.tag + Self.body))
    #expect(try key.decrypt(SM2.Ciphertext(raw: made.raw)).revealed == Self.message)
    #expect(try key.decrypt(SM2.Ciphertext(der: made.der)).revealed == Self.message)
    // x begins with 04, y with E8: the second takes a zero in front.
    #expect(made.der.prefix(2 + 2 + 32 + 3).hexadecimal == "307c0220" + made.raw[1..<33].hexadecimal + "022100")
  }

  @Test("gives every message back, of 1 byte to 64 KiB, from both ways of handing it in")
  func lengths() throws {
    let random = RandomSource.seeded(1)
    let key = try SM2.DecryptionKey.generate(random: random)
    for count in [1, 2, 31, 32, 33, 64, 65, 255, 256, 65_536] {
      let message = try random.bytes(count)
      let sealed = try key.encryptionKey.encrypt(message, random: random)
      #expect(sealed.raw.count == 97 + count)
      #expect(try key.decrypt(sealed).revealed == message)
      let secret = try key.encryptionKey.encrypt(SecretBytes(copying: message), random: random)
      #expect(secret != sealed)
      #expect(try key.decrypt(SM2.Ciphertext(der: secret.der)).revealed == message)
    }
    for count in [0, 65_537] {
      #expect(throws: SM2Error.messageLengthInvalid) {
        try key.encryptionKey.encrypt([UInt8](repeating: 0, count: count), random: random)
      }
    }
    #expect(throws: SM2Error.random(RandomFailure(reason: "broken"))) {
      try key.encryptionKey.encrypt([1], random: .broken)
    }
  }

  @Test("opens with no other key and with no bit changed")
  func bound() throws {
    let random = RandomSource.seeded(2)
    let key = try Self.key()
    let sealed = try key.encryptionKey.encrypt(Self.message, random: random)
    #expect(throws: SM2Error.decryptionFailed) { try SM2.DecryptionKey.generate(random: random).decrypt(sealed) }
    for place in sealed.raw.indices {
      var raw = sealed.raw
      raw[place] ^= 1 << UInt8(place % 8)
      #expect(throws: SM2Error.self, "byte \(place)") { try key.decrypt(SM2.Ciphertext(raw: raw)) }
    }
  }

  @Test("cut off at any byte or lengthened is refused")
  func cut() throws {
    let key = try Self.key()
    let sealed = try key.encryptionKey.encrypt(Self.message, random: .seeded(3))
    for count in sealed.raw.indices {
      let part = sealed.raw[..<count]
      let expected = count < 98 ? SM2Error.ciphertextMalformed : .decryptionFailed
      #expect(throws: expected) { try key.decrypt(SM2.Ciphertext(raw: part)) }
    }
    for count in sealed.der.indices {
      #expect(throws: SM2Error.ciphertextMalformed) { try SM2.Ciphertext(der: sealed.der[..<count]) }
    }
    #expect(throws: SM2Error.decryptionFailed) { try key.decrypt(SM2.Ciphertext(raw: sealed.raw + [0])) }
    #expect(throws: SM2Error.ciphertextMalformed) { try SM2.Ciphertext(der: sealed.der + [0]) }
    let tooLong = [UInt8](repeating: 4, count: 98 + SM2.messageByteCountMax)
    #expect(throws: SM2Error.ciphertextMalformed) { try SM2.Ciphertext(raw: tooLong) }
    #expect(throws: SM2Error.ciphertextMalformed) { try SM2.Ciphertext(der: tooLong + tooLong) }
  }

  @Test("whose point is not on the curve, is infinity, or is compressed, is refused before it meets the key")
  func points() throws {
    let sealed = try Self.key().encryptionKey.encrypt(Self.message, random: .seeded(4))
    let rest = sealed.tag + sealed.body
    var off = sealed.point
    off[63] ^= 1
    let zero = [UInt8](repeating: 0, count: 64)
    let field = [UInt8](vector: SM2Vector.field)
    for point in [off, zero, field + sealed.point[32...], sealed.point[..<32] + field] {
      #expect(throws: SM2Error.ciphertextMalformed) { try SM2.Ciphertext(raw: [4] + point + rest) }
      let der = DER.sequence(
        DER.integer(point[..<32]), DER.integer(point[32...]), DER.octets(sealed.tag), DER.octets(sealed.body))
      #expect(throws: SM2Error.ciphertextMalformed) { try SM2.Ciphertext(der: der) }
    }
    let compressed = [2 | sealed.point[63] & 1] + sealed.point[..<32] + rest
    #expect(throws: SM2Error.ciphertextMalformed) { try SM2.Ciphertext(raw: compressed) }
    for tag in [sealed.tag.dropLast(), sealed.tag + [0], []] {
      let der = DER.sequence(
        DER.integer(sealed.point[..<32]), DER.integer(sealed.point[32...]), DER.octets(tag), DER.octets(sealed.body))
      #expect(throws: SM2Error.ciphertextMalformed) { try SM2.Ciphertext(der: der) }
    }
  }

  @Test("never leaves a message as it is: a key stream of zeros is drawn again, and refused when it comes in")
  func zeroStream() throws {
    let key = try Self.key()
    let peer = key.encryptionKey.point.coordinates
    // A nonce whose stream for one byte is zero: every 256th.
    var found: (nonce: [UInt8], shared: SecretBytes)?
    for candidate in 1..<4_000 where found == nil {
      let nonce = SM2Vector.number(String(repeating: "0", count: 64), plus: candidate)
      let shared = try SecretBytes.make(64, else: .publicKeyInvalid) { guomi_sm2_multiply(nonce, peer, $0) }
      if X963KDF.derive(secret: shared, byteCount: 1).revealed == [0] { found = (nonce, shared) }
    }
    let (nonce, shared) = try #require(found)
    var draws = [nonce, [UInt8](vector: SM2Vector.nonce)]
    let sealed = try [UInt8]([9]).withUnsafeBytes { message in
      try key.encryptionKey.encrypt(message) { SecretBytes(copying: draws.removeFirst()) }
    }
    #expect(draws.isEmpty)
    #expect(try key.decrypt(sealed).revealed == [9])
    // What a sender that does not look would send: body = message.
    let first = try SM2.PublicPoint.multiplyBase(SecretBytes(copying: nonce)).coordinates
    let tag = [UInt8]([9]).withUnsafeBytes { SM2.tag(of: $0, shared: shared) }
    let forged = try SM2.Ciphertext(checking: first, tag: tag, body: [9])
    #expect(throws: SM2Error.decryptionFailed) { try key.decrypt(forged) }
  }
}

extension ArraySlice<UInt8> {
  fileprivate var hexadecimal: String { Array(self).hexadecimalText }
}
