import CGuomi
import TestSupport
import Testing

@testable import Guomi

@Suite("SM3", .clause("9.4c"))
struct SM3Tests {
  static let abc = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
  static let abcd16 = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"

  @Test("gives the digests of GB/T 32905, annex A")
  func vectors() {
    #expect(SM3.hash(Array("abc".utf8)).description == Self.abc)
    #expect(SM3.hash(Array(String(repeating: "abcd", count: 16).utf8)).description == Self.abcd16)
    #expect(SM3.hash(SecretBytes(copying: Array("abc".utf8))).description == Self.abc)
  }

  @Test("gives what libcrypto gives, whatever the length and however the message is cut")
  func openSSL() {
    var random = SeededRandom(seed: 3)
    let message = (0..<700).map { _ in UInt8.random(in: 0...255, using: &random) }
    for count in 0...message.count {
      var expected = [UInt8](repeating: 0, count: 32)
      #expect(guomi_openssl_sm3(message, UInt64(count), &expected) == 1)
      #expect(SM3.hash(message[..<count]).bytes == expected)
      var hash = SM3()
      var start = 0
      while start < count {
        let end = min(count, start + Int.random(in: 0...130, using: &random))
        hash.update(message[start..<end])
        start = end
      }
      #expect(hash.digest().bytes == expected)
    }
  }

  @Test("takes paths that agree")
  func paths() {
    var random = SeededRandom(seed: 4)
    let blocks = (0..<64 * 33).map { _ in UInt8.random(in: 0...255, using: &random) }
    let start = (0..<8).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) }
    for count in 0...33 {
      var expected = start
      guomi_sm3_compress_on(0, &expected, blocks, count)
      for path in 1..<guomi_sm3_path_count() where guomi_sm3_path_works(path) == 1 {
        var chain = start
        guomi_sm3_compress_on(path, &chain, blocks, count)
        #expect(chain == expected, "\(String(cString: guomi_sm3_path_name(path))), \(count) blocks")
      }
    }
  }

  @Test("is forked by a copy")
  func copies() {
    var common = SM3()
    common.update(Array("ab".utf8))
    var other = common
    common.update(Array("c".utf8))
    other.update(Array("d".utf8))
    #expect(common.digest().description == Self.abc)
    #expect(common.digest().description == Self.abc)
    #expect(other.digest() == SM3.hash(Array("abd".utf8)))
    #expect(SM3.Digest(bytes: common.digest().bytes) == common.digest())
    #expect(SM3.Digest(bytes: [1, 2, 3]) == nil)
  }
}

@Suite("Keys derived with SM3", .clause("9.4c"))
struct DerivationTests {
  static let key = SecretBytes(copying: Array(0..<32))
  static let label = Array("LZGY/DK/v1".utf8)
  static let context = Array(UInt8(0x40)...0x7f)
  static let kbkdf = """
    66e07d5db25178533db9a00c434deeb7e8400aee4edbdbe827d4d17fdd4dabd0295e14641841ec8aeb9d67653ba9a274
    """
  static let hkdf = """
    29c23c5b121305088025e6dc2a15d20346e1395a13dbb0e9433e01620752d4e6e503a0ebfd2e06740ed8bc9b944c2a38
    """

  @Test("HMAC gives what two other implementations give")
  func hmac() {
    let key = HMACSM3(key: Self.key)
    let tag = key.tag(for: Array("abc".utf8))
    #expect(tag.bytes.hexadecimalText == "a8f95cf26f204957e7ca73c9602a25dda35f168b28103b51dfc968c810416b63")
    #expect(key.isValid(tag.bytes, for: Array("abc".utf8)))
    #expect(!key.isValid(tag.bytes, for: Array("abd".utf8)))
    #expect(!key.isValid(tag.bytes.dropLast(), for: Array("abc".utf8)))
    #expect(!key.isValid([], for: Array("abc".utf8)))
    var parts = HMACSM3.Authentication(key: key)
    parts.update(Array("a".utf8))
    parts.update(SecretBytes(copying: Array("bc".utf8)))
    #expect(parts.tag() == tag)
  }

  @Test("SP 800-108 in counter mode gives the agreed anchor")
  func counter() {
    let derived = KBKDF.derive(secret: Self.key, label: Self.label, context: Self.context, byteCount: 48)
    #expect(derived.revealed.hexadecimalText == Self.kbkdf)
    // The length is an input: a shorter key is not the beginning of a longer one.
    let short = KBKDF.derive(secret: Self.key, label: Self.label, context: Self.context, byteCount: 16)
    #expect(short.revealed != Array([UInt8](vector: Self.kbkdf).prefix(16)))
    #expect(short.count == 16)
  }

  @Test("HKDF gives the agreed anchor, and its beginnings")
  func expansion() {
    for count in [1, 31, 32, 33, 48] {
      let derived = HKDFSM3.derive(secret: Self.key, salt: Self.label, info: Self.context, byteCount: count)
      #expect(derived.revealed == Array([UInt8](vector: Self.hkdf).prefix(count)))
    }
    let salt = SecretBytes(copying: Self.label)
    #expect(HKDFSM3.extract(secret: Self.key, salt: salt) == HKDFSM3.extract(secret: Self.key, salt: Self.label))
  }

  @Test("the derivation of GB/T 32918 is SM3 of secret and counter")
  func x963() {
    let derived = X963KDF.derive(secret: Self.key, byteCount: 70)
    let blocks = (1...3).flatMap { SM3.hash(Self.key.revealed + [0, 0, 0, UInt8($0)]).bytes }
    #expect(derived.revealed == Array(blocks.prefix(70)))
  }
}
