import Guomi
import TestSupport
import Testing

@Suite("SM4 refuses", .clause("9.4c"))
struct SM4MisuseTests {
  static let secret = SecretBytes(copying: Array(1...16))
  static let associated = Array("room 7|phone".utf8)
  static let plaintext = Array("13800138000, and a block more".utf8)

  static func gcm(_ path: SM4.Path? = nil) throws -> SM4.GCMKey {
    try SM4.GCMKey(secret, random: .seeded(3), path: path)
  }

  @Test("a record of which any bit was changed: nonce, text or tag", arguments: SM4.Path.available)
  func everyBit(_ path: SM4.Path) throws {
    let gcm = try Self.gcm(path)
    let ccm = try SM4.CCMKey(Self.secret, random: .seeded(5), path: path)
    let (first, second) = (
      try gcm.seal(Self.plaintext, authenticating: Self.associated),
      try ccm.seal(Self.plaintext, authenticating: Self.associated)
    )
    for place in first.indices {
      for bit in 0..<8 {
        var (gcmSealed, ccmSealed) = (first, second)
        gcmSealed[place] ^= 1 << bit
        ccmSealed[place] ^= 1 << bit
        #expect(throws: SM4.Failure.notAuthentic) { try gcm.open(gcmSealed, authenticating: Self.associated) }
        #expect(throws: SM4.Failure.notAuthentic) { try ccm.open(ccmSealed, authenticating: Self.associated) }
      }
    }
    #expect(try gcm.open(first, authenticating: Self.associated) == Self.plaintext)
    #expect(try ccm.open(second, authenticating: Self.associated) == Self.plaintext)
  }

  @Test("a record that was cut at any place", arguments: SM4.Path.available)
  func cut(_ path: SM4.Path) throws {
    let gcm = try Self.gcm(path)
    let ccm = try SM4.CCMKey(Self.secret, random: .seeded(5), path: path)
    let sealed = try gcm.seal(Self.plaintext, authenticating: Self.associated)
    let other = try ccm.seal(Self.plaintext, authenticating: Self.associated)
    for count in sealed.indices {
      let expected: SM4.Failure = count < SM4.GCMKey.overheadByteCount ? .truncated : .notAuthentic
      #expect(throws: expected) { try gcm.open(sealed.prefix(count), authenticating: Self.associated) }
      #expect(throws: expected) { try ccm.open(other.prefix(count), authenticating: Self.associated) }
      #expect(throws: expected) { try gcm.openSecret(sealed.prefix(count), authenticating: Self.associated) }
    }
    #expect(throws: SM4.Failure.notAuthentic) { try gcm.open(sealed + [0], authenticating: Self.associated) }
  }

  @Test("a record in another place, and one whose associated data run over into the text")
  func moved() throws {
    let gcm = try Self.gcm()
    let sealed = try gcm.seal(Self.plaintext, authenticating: Self.associated)
    let others: [[UInt8]] = [
      [], Array("room 8|phone".utf8), Self.associated + [0], Array(Self.associated.dropLast()), Self.plaintext,
    ]
    for other in others {
      #expect(throws: SM4.Failure.notAuthentic) { try gcm.open(sealed, authenticating: other) }
    }
    // The bytes hashed are the same but for the lengths, which are hashed too.
    let empty = try gcm.seal([], authenticating: sealed)
    #expect(throws: SM4.Failure.notAuthentic) {
      try gcm.open(empty[..<12] + sealed + empty[12...], authenticating: [])
    }
    let key = try SM4.GCMKey(SecretBytes(copying: Array(2...17)), random: .seeded(3))
    #expect(throws: SM4.Failure.notAuthentic) { try key.open(sealed, authenticating: Self.associated) }
  }

  @Test("nothing that is merely empty: no text, no associated data", arguments: SM4.Path.available)
  func empty(_ path: SM4.Path) throws {
    let (gcm, ccm) = (try Self.gcm(path), try SM4.CCMKey(Self.secret, random: .seeded(5), path: path))
    for associated in [[], Self.associated] {
      let (first, second) = (
        try gcm.seal([], authenticating: associated), try ccm.seal([], authenticating: associated)
      )
      #expect(first.count == 28 && second.count == 28)
      #expect(try gcm.open(first, authenticating: associated) == [])
      #expect(try ccm.open(second, authenticating: associated) == [])
      #expect(try gcm.openSecret(first, authenticating: associated).count == 0)
      #expect(throws: SM4.Failure.notAuthentic) { try gcm.open(first, authenticating: [1]) }
      #expect(throws: SM4.Failure.notAuthentic) { try ccm.open(second, authenticating: [1]) }
    }
    #expect(try SM4.Unauthenticated.CTRKey(Self.secret).apply(counter: [UInt8](repeating: 0, count: 16), to: []) == [])
  }

  @Test("keys, nonces, counters and salts of a wrong length", arguments: [0, 1, 15, 17, 32])
  func lengths(_ count: Int) throws {
    let wrong = SecretBytes(copying: [UInt8](repeating: 1, count: count))
    let failure = SM4.Failure.keyLength(count)
    #expect(throws: failure) { try SM4.GCMKey(wrong, random: .seeded(1)) }
    #expect(throws: failure) { try SM4.CCMKey(wrong, random: .seeded(1)) }
    #expect(throws: failure) { try SM4.SessionSealer(wrong, salt: [1, 2, 3, 4]) }
    #expect(throws: failure) { try SM4.SessionOpener(wrong, salt: [1, 2, 3, 4]) }
    #expect(throws: failure) { try SM4.Unauthenticated.CTRKey(wrong) }
    #expect(throws: failure) { try SM4.Unauthenticated.CBCKey(wrong, random: .seeded(1)) }
    let bytes = [UInt8](repeating: 0, count: count)
    #expect(throws: SM4.Failure.nonceLength(count)) { try bytes.withUnsafeBytes { try SM4.Nonce($0) } }
    #expect(throws: SM4.Failure.nonceLength(count)) { try SM4.SessionSealer(Self.secret, salt: bytes) }
    #expect(throws: SM4.Failure.nonceLength(count)) { try SM4.SessionOpener(Self.secret, salt: bytes) }
    #expect(throws: SM4.Failure.nonceLength(count)) {
      try SM4.Unauthenticated.CTRKey(Self.secret).apply(counter: bytes, to: [])
    }
  }

  @Test("more than a mode can take, before it reads any of it")
  func tooLong() throws {
    let (gcm, ccm) = (try Self.gcm(), try SM4.CCMKey(Self.secret, random: .seeded(5)))
    let nonce = try [UInt8](repeating: 0, count: 12).withUnsafeBytes { try SM4.Nonce($0) }
    [UInt8](repeating: 0, count: 64).withUnsafeBytes { short in
      func long(_ max: Int) -> UnsafeRawBufferPointer { .init(start: short.baseAddress, count: max + 1) }
      let text = long(SM4.GCMKey.plaintextByteCountMax)
      let associated = long(SM4.GCMKey.associatedByteCountMax)
      #expect(throws: SM4.Failure.tooLong) { try gcm.seal(text, authenticating: short, nonce: nonce) }
      #expect(throws: SM4.Failure.tooLong) { try gcm.seal(short, authenticating: associated, nonce: nonce) }
      let out = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      #expect(throws: SM4.Failure.truncated) { try gcm.open(text, authenticating: short, nonce: nonce, into: out) }
      #expect(throws: SM4.Failure.tooLong) {
        try ccm.seal(long(SM4.CCMKey.plaintextByteCountMax), authenticating: short, nonce: nonce)
      }
      #expect(throws: SM4.Failure.tooLong) {
        try ccm.seal(short, authenticating: long(SM4.CCMKey.associatedByteCountMax), nonce: nonce)
      }
    }
  }

  @Test("part of a block in CBC")
  func wholeBlocks() throws {
    let key = try SM4.Unauthenticated.CBCKey(Self.secret, random: .seeded(1))
    #expect(throws: SM4.Failure.notWholeBlocks) { try key.encrypt([1]) }
    #expect(throws: SM4.Failure.notWholeBlocks) { try key.decrypt([UInt8](repeating: 0, count: 17)) }
    #expect(throws: SM4.Failure.truncated) { try key.decrypt([UInt8](repeating: 0, count: 15)) }
    let text = [UInt8](repeating: 9, count: 48)
    #expect(try key.decrypt(try key.encrypt(text)) == text)
    #expect(try key.decrypt(try key.encrypt([])) == [])
  }

  @Test("to seal with a generator that is out of order")
  func random() throws {
    let broken = RandomSource { (_: UnsafeMutableRawBufferPointer) throws(RandomFailure) in
      throw RandomFailure(reason: "latched")
    }
    let failure = SM4.Failure.random(RandomFailure(reason: "latched"))
    let key = try SM4.GCMKey(Self.secret, random: broken)
    #expect(throws: failure) { try key.seal([1], authenticating: []) }
    #expect(throws: failure) { try key.seal(Self.secret, authenticating: []) }
    #expect(throws: failure) { try SM4.CCMKey(Self.secret, random: broken).seal([1], authenticating: []) }
    #expect(throws: failure) { try SM4.Unauthenticated.CBCKey(Self.secret, random: broken).encrypt([]) }
  }

  @Test("to seal with a key that has sealed 2^32 records, and goes on refusing")
  func wornOut() throws {
    let key = try SM4.GCMKey(Self.secret, random: .seeded(1), path: nil, records: (1 << 32) - 2)
    let last = [try key.seal([1], authenticating: []), try key.seal([2], authenticating: [])]
    for _ in 0..<3 { #expect(throws: SM4.Failure.wornOut) { try key.seal([3], authenticating: []) } }
    #expect(try last.map { try key.open($0, authenticating: []) } == [[1], [2]])
  }

  @Test("to show a key, in whatever way it is printed")
  func silent() throws {
    var text = ""
    dump(try Self.gcm(), to: &text)
    dump(try SM4.CCMKey(Self.secret, random: .seeded(1)), to: &text)
    dump(try SM4.SessionSealer(Self.secret, salt: [1, 2, 3, 4]), to: &text)
    dump(try SM4.BlockKey(Self.secret), to: &text)
    #expect(!text.contains("encrypt") && !text.contains("powers") && !text.contains("‹"))
    #expect("\(try Self.gcm())" == "Guomi.SM4.GCMKey")
  }
}
