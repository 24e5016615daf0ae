import CGuomi
import TestSupport
import Testing

@testable import Guomi

@Suite("An SM2 key", .clause("9.4c"))
struct SM2KeysTests {
  @Test("is a number from 1 to n - 2")
  func secrets() throws {
    let order = SM2Vector.order
    for secret in [SM2SignatureTests.zero, SM2Vector.number(order, plus: -1), SM2Vector.number(order)] {
      #expect(throws: SM2Error.privateKeyInvalid) { try SM2.SigningKey(secret: SecretBytes(copying: secret)) }
      #expect(throws: SM2Error.privateKeyInvalid) { try SM2.DecryptionKey(secret: SecretBytes(copying: secret)) }
      #expect(throws: SM2Error.privateKeyInvalid) { try SM2.ExchangeKey(secret: SecretBytes(copying: secret)) }
    }
    for count in [0, 31, 33] {
      let secret = SecretBytes(copying: [UInt8](repeating: 1, count: count))
      #expect(throws: SM2Error.privateKeyInvalid) { try SM2.SigningKey(secret: secret) }
    }
    for secret in [SM2SignatureTests.one, SM2Vector.number(order, plus: -2)] {
      let key = try SM2.SigningKey(secret: SecretBytes(copying: secret))
      #expect(key.withUnsafeSecret { $0.revealed } == secret)
      let signature = try key.sign([1], random: .seeded(1))
      #expect(key.verifyingKey.isValid(signature, for: [1]))
    }
  }

  @Test("drawn out of range is drawn again, and a broken source gives none")
  func generation() throws {
    let values = SharedSequence([
      SM2SignatureTests.zero, SM2Vector.number(SM2Vector.order, plus: -1), [UInt8](vector: SM2Vector.secret),
    ])
    let key = try SM2.SigningKey.generate(random: RandomSource { _ in values.next() })
    #expect(key.withUnsafeSecret { $0.revealed } == [UInt8](vector: SM2Vector.secret))
    #expect(throws: SM2Error.random(RandomFailure(reason: "broken"))) { try SM2.ExchangeKey.generate(random: .broken) }
    #expect(throws: SM2Error.self) {
      try SM2.DecryptionKey.generate(random: RandomSource { [UInt8](repeating: 255, count: $0) })
    }
  }

  @Test("is a point of the curve, in the forms 02, 03 and 04 only")
  func points() throws {
    let point = try SM2Vector.signingKey().verifyingKey.point
    #expect(try SM2.PublicPoint(x963: point.x963) == point)
    #expect(try SM2.PublicPoint(x963: point.compressed) == point)
    var twin = point.compressed
    twin[0] ^= 1
    #expect(try SM2.PublicPoint(x963: twin).coordinates[..<32] == point.coordinates[..<32])
    #expect(try SM2.PublicPoint(x963: twin) != point)
    var bad: [[UInt8]] = [[], [0], [4], [0] + point.coordinates, [6] + point.coordinates, [7] + point.coordinates]
    bad += [point.x963 + [0], point.x963.dropLast(), point.compressed + [0], point.compressed.dropLast()]
    bad += [[4] + [UInt8](repeating: 0, count: 64), [2] + [UInt8](vector: SM2Vector.field)]
    for place in [1, 32, 33, 64] {
      var changed = point.x963
      changed[place] ^= 1
      bad.append(changed)
    }
    // The same point with p added to a small coordinate: libcrypto alone would take it.
    bad.append([4] + SM2Vector.number(SM2Vector.field, plus: 1) + point.coordinates[32...])
    bad.append([2] + SM2Vector.number(SM2Vector.field, plus: 1))
    for bytes in bad {
      #expect(throws: SM2Error.publicKeyInvalid, "\(bytes.hexadecimalText)") { try SM2.PublicPoint(x963: bytes) }
    }
  }

  @Test("with a coordinate of p or more is refused though the reduced point is on the curve")
  func unreduced() throws {
    // x = 2 … has a point; x + p fits in 32 bytes and names the same one.
    for small in 0..<40 {
      let x = SM2Vector.number("00" + String(repeating: "0", count: 62), plus: small)
      guard let point = try? SM2.PublicPoint(x963: [2] + x) else { continue }
      let unreduced = SM2Vector.number(SM2Vector.field, plus: small)
      #expect(throws: SM2Error.publicKeyInvalid) { try SM2.PublicPoint(x963: [2] + unreduced) }
      #expect(throws: SM2Error.publicKeyInvalid) {
        try SM2.PublicPoint(x963: [4] + unreduced + point.coordinates[32...])
      }
    }
  }

  @Test("public, comes back from DER and PEM, and other keys do not")
  func encodings() throws {
    let point = try SM2Vector.signingKey().verifyingKey.point
    #expect(try SM2.PublicPoint(der: point.der) == point)
    #expect(try SM2.PublicPoint(pem: "text before\n" + point.pem) == point)
    #expect(point.pem.hasPrefix("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAE"))
    for count in point.der.indices {
      #expect(throws: SM2Error.publicKeyInvalid) { try SM2.PublicPoint(der: Array(point.der[..<count])) }
      var changed = point.der
      changed[count] ^= 0x40
      #expect(throws: SM2Error.publicKeyInvalid) { try SM2.PublicPoint(der: changed) }
    }
    #expect(throws: SM2Error.publicKeyInvalid) { try SM2.PublicPoint(der: point.der + [0]) }
    #expect(throws: SM2Error.publicKeyInvalid) { try SM2.PublicPoint(pem: "-----BEGIN PUBLIC KEY-----") }
    #expect(throws: SM2Error.publicKeyInvalid) {
      try SM2.PublicPoint(pem: point.pem.replacing("MFkw", with: "MFk?"))
    }
  }

  @Test("does not print")
  func silent() throws {
    let key = try SM2Vector.signingKey()
    let digits = "3945208f7b2144b1"
    #expect(!"\(key)".lowercased().contains(digits))
    #expect("\(key)".contains(SecretBytes.placeholder))
    #expect(!String(reflecting: key).contains("57, 69, 32, 143"))
  }

  @Test("is multiplied as libcrypto multiplies it")
  func scalars() throws {
    // s = (1 + d)^-1 (k + r) - r, backwards: (s + r)(1 + d) = k + r, as points.
    var random = SeededRandom(seed: 5)
    for _ in 0..<8 {
      let secret = SecretBytes(copying: (0..<32).map { _ in UInt8.random(in: 0...254, using: &random) })
      let key = try SM2.SigningKey(secret: secret)
      let signature = try key.sign([1], random: .seeded(6))
      #expect(key.verifyingKey.isValid(signature, for: [1]))
      var inverse = [UInt8](repeating: 0, count: 32)
      #expect(secret.pointee { guomi_sm2_inverse($0, &inverse) } == 1)
      #expect(guomi_sm2_is_scalar(inverse) == 1)
    }
  }
}
