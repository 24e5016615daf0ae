import Guomi
import TestSupport
import Testing

@Suite("SM4 gives the published values", .clause("9.4c"))
struct SM4VectorTests {
  static let key = "0123456789abcdeffedcba9876543210"
  static let block = bytes(key)

  // RFC 8998, Appendix A.
  static let nonce = bytes("00001234567800000000abcd")
  static let associated = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2")
  static let plaintext = bytes(
    """
    aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd
    eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa
    """)
  static let gcm = bytes(
    """
    17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735
    d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d
    83de3541e4c2b58177e065a9bf7b62ec
    """)
  static let ccm = bytes(
    """
    48af93501fa62adbcd414cce6034d895dda1bf8f132f042098661572e7483094
    fd12e518ce062c98acee28d95df4416bed31a2f04476c18bb40c84a74b97dc5b
    16842d4fa186f56ab33256971fa110f4
    """)

  @Test("for one block (GB/T 32907, A.1)", arguments: SM4.Path.available)
  func oneBlock(_ path: SM4.Path) throws {
    let key = try SM4.BlockKey(secret(Self.key), path: path)
    let sealed = key.encrypt(Self.block)
    #expect(hex(sealed) == "681edf34d206965e86b3e94f536e4246")
    #expect(key.decrypt(sealed) == Self.block)
  }

  /// Chaining over zeros is one block after the other, so that CBC on the fastest path runs the whole chain; every path
  /// then has to get from each of sixteen milestones to the next, which it does side by side.
  @Test("for a million rounds of one block (GB/T 32907, A.2)")
  func million() throws {
    let steps = 1_000_000 / 16
    let cbc = try SM4.Unauthenticated.CBCKey(secret(Self.key), random: RandomSource { _ in Self.block })
    let chain = try cbc.encrypt([UInt8](repeating: 0, count: 16 * 16 * steps))
    let milestones = (0...16).flatMap { chain[16 * steps * $0..<16 * steps * $0 + 16] }
    let (starts, ends) = (Array(milestones.dropLast(16)), Array(milestones.dropFirst(16)))
    #expect(hex(ends.suffix(16)) == "595298c7c6fd271f0402f804c33d3f66")
    for path in SM4.Path.available {
      let key = try SM4.BlockKey(secret(Self.key), path: path)
      #expect((0..<steps).reduce(starts) { blocks, _ in key.encrypt(blocks) } == ends)
    }
  }

  @Test("for GCM (RFC 8998, A.1)", arguments: SM4.Path.available)
  func galois(_ path: SM4.Path) throws {
    let key = try SM4.GCMKey(secret(Self.key), random: RandomSource { _ in Self.nonce }, path: path)
    let sealed = try SM4Direct.gcm(key, nonce: Self.nonce, associated: Self.associated, Self.plaintext)
    #expect(hex(sealed) == hex(Self.gcm))
    #expect(try key.open(Self.nonce + Self.gcm, authenticating: Self.associated) == Self.plaintext)
  }

  @Test("for CCM (RFC 8998, A.2)", arguments: SM4.Path.available)
  func chained(_ path: SM4.Path) throws {
    let key = try SM4.CCMKey(secret(Self.key), random: .seeded(1), path: path)
    let sealed = try SM4Direct.ccm(key, nonce: Self.nonce, associated: Self.associated, Self.plaintext)
    #expect(hex(sealed) == hex(Self.ccm))
    #expect(try key.open(Self.nonce + Self.ccm, authenticating: Self.associated) == Self.plaintext)
  }

  @Test("and has the paths of this processor, the one for any processor always among them")
  func paths() {
    #expect(SM4.Path.available.first == .scalar)
    #expect(SM4.Path.available.last == .best)
  }
}
