import TestSupport
import Testing

@testable import Guomi

/// GB/T 32918.5-2017, annexes A.2 and C.2.
enum SM2Vector {
  static let secret = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
  static let point = """
    09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020
    CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13
    """
  static let nonce = "59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21"
  static let identityHash = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
  static let messageHash = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
  static let message = Array("message digest".utf8)
  static let r = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
  static let s = "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
  static let order = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123"
  static let field = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF"

  static func signingKey() throws -> SM2.SigningKey { try SM2.SigningKey(secret: SecretBytes(vector: secret)) }

  /// A number of the vectors plus a small one.
  static func number(_ hexadecimal: String, plus small: Int = 0) -> [UInt8] {
    var bytes = [UInt8](vector: hexadecimal)
    var carry = small
    for index in bytes.indices.reversed() {
      carry += Int(bytes[index])
      bytes[index] = UInt8(truncatingIfNeeded: carry)
      carry >>= 8
    }
    return bytes
  }
}

@Suite("An SM2 signature", .clause("9.4c"))
struct SM2SignatureTests {
  static let one = [UInt8](repeating: 0, count: 31) + [1]
  static let zero = [UInt8](repeating: 0, count: 32)

  @Test("is that of GB/T 32918.5, annex A.2")
  func vector() throws {
    let key = try SM2Vector.signingKey()
    #expect(key.verifyingKey.point.x963 == [4] + [UInt8](vector: SM2Vector.point))
    let identity = try SM2.identityHash(id: SM2.defaultID, point: key.verifyingKey.point)
    #expect(identity.description == SM2Vector.identityHash)
    let hash = try key.verifyingKey.messageHash(SM2Vector.message, id: SM2.defaultID)
    #expect(hash.description == SM2Vector.messageHash)
    let signature = try key.sign(hash) { SecretBytes(vector: SM2Vector.nonce) }
    #expect(signature.raw == [UInt8](vector: SM2Vector.r + SM2Vector.s))
    #expect(key.verifyingKey.isValid(signature, for: SM2Vector.message))
  }

  @Test("holds for its message, id and key only")
  func bound() throws {
    let random = RandomSource.seeded(1)
    let key = try SM2.SigningKey.generate(random: random)
    for message in [[], [0], Array("开锁".utf8), [UInt8](repeating: 7, count: 100_000)] {
      let signature = try key.sign(message, random: random)
      #expect(key.verifyingKey.isValid(signature, for: message))
      #expect(!key.verifyingKey.isValid(signature, for: message + [0]))
      #expect(!key.verifyingKey.isValid(signature, for: message, id: []))
      #expect(try !SM2Vector.signingKey().verifyingKey.isValid(signature, for: message))
      for place in stride(from: 0, to: 64, by: 9) {
        var raw = signature.raw
        raw[place] ^= 1
        guard let changed = try? SM2.Signature(raw: raw) else { continue }
        #expect(!key.verifyingKey.isValid(changed, for: message))
      }
    }
  }

  @Test("takes any id that has a length, and no longer one")
  func ids() throws {
    let random = RandomSource.seeded(2)
    let key = try SM2.SigningKey.generate(random: random)
    for count in [0, 1, 16, 8_191] {
      let id = [UInt8](repeating: 65, count: count)
      let signature = try key.sign([1], id: id, random: random)
      #expect(key.verifyingKey.isValid(signature, for: [1], id: id))
      #expect(!key.verifyingKey.isValid(signature, for: [1], id: id + [65]))
    }
    #expect(throws: SM2Error.idTooLong) {
      try key.sign([1], id: [UInt8](repeating: 65, count: 8_192), random: random)
    }
  }

  @Test("has another nonce for another message even when the random source repeats itself")
  func hedged() throws {
    let stuck = RandomSource { [UInt8](repeating: 7, count: $0) }
    let key = try SM2Vector.signingKey()
    let first = try key.sign([1], random: stuck)
    // r - e is the first coordinate of kG: equal nonces would show there; equal messages give equal signatures.
    #expect(try key.sign([1], random: stuck) == first)
    #expect(try key.sign([2], random: stuck).s != first.s)
    #expect(key.verifyingKey.isValid(first, for: [1]))
    #expect(throws: SM2Error.random(RandomFailure(reason: "broken"))) { try key.sign([1], random: .broken) }
  }

  @Test("draws again where the standard says so, and not for ever")
  func draws() throws {
    let key = try SM2Vector.signingKey()
    let hash = try key.verifyingKey.messageHash(SM2Vector.message, id: SM2.defaultID)
    var nonces = [Self.zero, SM2Vector.number(SM2Vector.order), [UInt8](repeating: 255, count: 32)]
    nonces.append([UInt8](vector: SM2Vector.nonce))
    let signature = try key.sign(hash) { SecretBytes(copying: nonces.removeFirst()) }
    #expect(signature.raw == [UInt8](vector: SM2Vector.r + SM2Vector.s))
    var count = 0
    #expect(throws: SM2Error.random(RandomFailure(reason: "no random number is in the range of SM2"))) {
      try key.sign(hash) {
        count += 1
        return SecretBytes(copying: Self.zero)
      }
    }
    #expect(count == SM2.drawsMax)
  }

  @Test("with r or s out of range is refused, raw and in DER")
  func ranges() throws {
    let good = [UInt8](vector: SM2Vector.r)
    let bad = [Self.zero, SM2Vector.number(SM2Vector.order), SM2Vector.number(SM2Vector.order, plus: 1)]
    for number in bad + [[UInt8](repeating: 255, count: 32)] {
      for pair in [(number, good), (good, number)] {
        #expect(throws: SM2Error.signatureMalformed) { try SM2.Signature(raw: pair.0 + pair.1) }
        let der = DER.sequence(DER.integer(pair.0), DER.integer(pair.1))
        #expect(throws: SM2Error.signatureMalformed) { try SM2.Signature(der: der) }
      }
    }
    let last = SM2Vector.number(SM2Vector.order, plus: -1)
    #expect(try SM2.Signature(raw: last + Self.one).raw == last + Self.one)
    // r + s = n makes t zero: in range, and never valid.
    let key = try SM2Vector.signingKey().verifyingKey
    #expect(try !key.isValid(SM2.Signature(raw: last + Self.one), for: SM2Vector.message))
    for count in [0, 63, 65] {
      #expect(throws: SM2Error.signatureMalformed) { try SM2.Signature(raw: [UInt8](repeating: 1, count: count)) }
    }
  }

  @Test("comes back from DER, small numbers too")
  func der() throws {
    let random = RandomSource.seeded(3)
    let key = try SM2.SigningKey.generate(random: random)
    for message in 0..<8 {
      let signature = try key.sign([UInt8(message)], random: random)
      #expect(try SM2.Signature(der: signature.der) == signature)
    }
    let small = try SM2.Signature(raw: Self.one + Self.zero.dropLast() + [0x80])
    #expect(small.der == [0x30, 7, 2, 1, 1, 2, 2, 0, 0x80])
    #expect(try SM2.Signature(der: small.der) == small)
  }

  @Test(
    "in DER that is not strict is refused",
    arguments: [
      "", "30", "3000",
      // Indefinite and not the shortest lengths.
      "30800201010201010000", "308106020101020101", "30820006020101020101", "300702810101020101",
      // Bytes after the sequence, after s, and a third number.
      "300602010102010100", "3006020101020101ff", "300702010102010100", "3009020101020101020101",
      // A negative number, a needless zero, an empty number.
      "3006020181020101", "300702020001020101", "300702010102020001", "30050200020101",
      // Other types.
      "3006020101030101", "3106020101020101", "30060a0101020101", "3006020101220101",
      // Too short inside.
      "3003020101", "3004020102ff", "30060201010202ff",
    ])
  func strict(_ text: String) throws {
    #expect(throws: SM2Error.signatureMalformed) { try SM2.Signature(der: [UInt8](vector: text)) }
  }

  @Test("in DER cut off or lengthened anywhere is refused")
  func cut() throws {
    let der = try SM2Vector.signingKey().sign([1], random: .seeded(4)).der
    for count in der.indices {
      #expect(throws: SM2Error.signatureMalformed) { try SM2.Signature(der: der[..<count]) }
    }
    #expect(throws: SM2Error.signatureMalformed) { try SM2.Signature(der: der + [0]) }
    #expect(throws: SM2Error.signatureMalformed) { try SM2.Signature(der: [UInt8](repeating: 0x30, count: 1 << 20)) }
  }
}
