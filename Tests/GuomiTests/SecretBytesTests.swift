import Guomi
import TestSupport
import Testing

@Suite("A secret")
struct SecretBytesTests {
  static let bytes: [UInt8] = [0xde, 0xad, 0xbe, 0xef, 222, 173]

  @Test("shows itself nowhere", .clause("9.4c"))
  func silent() {
    let secret = SecretBytes(copying: Self.bytes)
    struct Holder { let key: SecretBytes }
    var dumped = ""
    dump(Holder(key: secret), to: &dumped)
    let texts = [
      "\(secret)", String(describing: secret), String(reflecting: secret), "\(Holder(key: secret))",
      "\(Optional(secret) as Any)", dumped,
    ]
    for text in texts {
      #expect(text.contains("‹secret›"))
      for trace in ["222", "173", "dead", "de, ad", "DE"] { #expect(!text.contains(trace), "\(text)") }
    }
    #expect(Mirror(reflecting: secret).children.isEmpty)
  }

  @Test("equals another of the same bytes only")
  func equality() {
    let secret = SecretBytes(copying: Self.bytes)
    #expect(secret == SecretBytes(copying: Self.bytes))
    for place in Self.bytes.indices {
      for bit in 0..<8 {
        var other = Self.bytes
        other[place] ^= 1 << bit
        #expect(secret != SecretBytes(copying: other))
        #expect(!equalInConstantTime(Self.bytes, other))
      }
    }
    #expect(secret != SecretBytes(copying: Self.bytes.dropLast()))
    #expect(SecretBytes(copying: []) == SecretBytes(copying: []))
    #expect(equalInConstantTime(Self.bytes, Self.bytes))
    #expect(equalInConstantTime(Self.bytes.lazy.map { $0 }, Self.bytes))
    #expect(!equalInConstantTime(Self.bytes.lazy.map { $0 ^ 1 }, Self.bytes))
  }

  @Test("that is taken leaves zeros behind")
  func taken() {
    var bytes = Self.bytes
    let secret = SecretBytes(taking: &bytes)
    #expect(bytes == [0, 0, 0, 0, 0, 0])
    #expect(secret == SecretBytes(copying: Self.bytes))
  }

  @Test("gives a part as a secret of its own")
  func part() {
    let secret = SecretBytes(copying: Self.bytes)
    #expect(secret.part(1..<3) == SecretBytes(copying: [0xad, 0xbe]))
    #expect(secret.part(0..<0).count == 0)
  }

  @Test("is not made when its source fails")
  func failing() {
    let broken = RandomSource { (_: UnsafeMutableRawBufferPointer) throws(RandomFailure) in
      throw RandomFailure(reason: "latched")
    }
    #expect(throws: RandomFailure(reason: "latched")) { try broken.secret(16) }
    #expect(throws: RandomFailure(reason: "latched")) { try broken.bytes(16) }
    #expect(throws: RandomFailure.self) { try RandomSource(bytes: { _ in [1] }).bytes(2) }
  }
}
