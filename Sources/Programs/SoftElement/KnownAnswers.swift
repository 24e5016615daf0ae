import Guomi
import SecureElement

/// Known answers of every algorithm, computed before anything else.
///
/// - Source: GB/T 32905, 32907, 32918.5 (annexes); RFC 8998; what has no published answer was computed by an
/// independent
///   implementation (OpenSSL's command, Python's `cryptography`).
enum KnownAnswers {
  /// - Throws: `.selfTest` when an answer is wrong.
  static func check(random: RandomSource) throws(SecureElementError) {
    for test in [hashes, sm4, sm2Signature, sm2Encryption, aes, tdes, rsa] {
      guard (try? test(random)) == true else { throw .selfTest }
    }
    guard (try? exchange(random)) == true else { throw .selfTest }
  }

  private static func hashes(_: RandomSource) throws -> Bool {
    let key = SecretBytes(copying: 0..<32)
    return SM3.hash(Array("abc".utf8)).bytes
      == bytes("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
      && HMACSM3(key: key).tag(for: Array("abc".utf8)).bytes
        == bytes("a8f95cf26f204957e7ca73c9602a25dda35f168b28103b51dfc968c810416b63")
      && KBKDF.derive(
        secret: key, label: Array("LZGY/DK/v1".utf8), context: Array(0x40...0x7f), byteCount: 48)
        == secret(
          "66e07d5db25178533db9a00c434deeb7e8400aee4edbdbe827d4d17fdd4dabd0295e14641841ec8aeb9d67653ba9a274")
  }

  private static func sm4(_ random: RandomSource) throws -> Bool {
    let key = try SM4.GCMKey(secret("0123456789abcdeffedcba9876543210"), random: random)
    let associated = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    let sealed = bytes(
      """
      00001234567800000000abcd17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93\
      d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec
      """)
    let plain: [UInt8] = [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0xee, 0xaa].flatMap { [UInt8](repeating: $0, count: 8) }
    guard try key.open(sealed, authenticating: associated) == plain else { return false }
    return try key.open(key.seal(plain, authenticating: associated), authenticating: associated) == plain
  }

  private static func sm2Signature(_ random: RandomSource) throws -> Bool {
    let key = try SM2.SigningKey(secret: secret("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"))
    let message = Array("message digest".utf8)
    let known = try SM2.Signature(
      raw: bytes(
        """
        f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
        b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa
        """))
    let made = try key.sign(message, random: random)
    return key.verifyingKey.isValid(known, for: message) && key.verifyingKey.isValid(made, for: message)
      && !key.verifyingKey.isValid(known, for: message + [0])
  }

  private static func sm2Encryption(_ random: RandomSource) throws -> Bool {
    let key = try SM2.DecryptionKey(secret: secret("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"))
    let known = try SM2.Ciphertext(
      raw: bytes(
        """
        0404ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73\
        e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0\
        59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766\
        21886ca989ca9c7d58087307ca93092d651efa
        """))
    let message = SecretBytes(copying: "encryption standard".utf8)
    guard try key.decrypt(known) == message else { return false }
    return try key.decrypt(key.encryptionKey.encrypt(message, random: random)) == message
  }

  /// Both sides here: a session's ephemeral numbers can not be given from outside.
  private static func exchange(_ random: RandomSource) throws -> Bool {
    let a = try SM2.ExchangeKey(secret: secret("81eb26e941bb5af16df116495f90695272ae2cd63d6c4ae1678418be48230029"))
    let b = try SM2.ExchangeKey(secret: secret("785129917d45a9ea5437a59356b82338eaadda6ceb199088f14ae10defa229b5"))
    let initiator = try SM2.KeyExchange.Initiator(
      key: a, peer: SM2.KeyExchange.Party(key: b.publicKey), byteCount: 16, random: random)
    let responder = try SM2.KeyExchange.Responder(
      key: b, peer: SM2.KeyExchange.Party(key: a.publicKey), peerShare: initiator.share, byteCount: 16, random: random)
    let (key, confirmation) = try initiator.finish(share: responder.share, confirmation: responder.confirmation)
    return try responder.finish(confirmation: confirmation) == key
  }

  private static func aes(_ random: RandomSource) throws -> Bool {
    let nonce = [UInt8](0..<12)
    let (plain, associated) = (Array("known answer".utf8), Array("aad".utf8))
    for (count, answer) in [
      (16, "f802c8b9083b963a38a504f82f6af7e6eb7d65646f2b0e1ffcee60c1"),
      (32, "2c6cb96cabc5a375fe36f2f9a697dbdb4c9d368767ab6d576d51d64e"),
    ] {
      let key = AESKey(secret: SecretBytes(copying: 0..<UInt8(count)))
      guard try key.open(nonce + bytes(answer), associated) == plain,
        try key.open(key.seal(plain, associated, random: random), associated) == plain
      else { return false }
    }
    return true
  }

  private static func tdes(_: RandomSource) throws -> Bool {
    let key = try TDESKey(secret("0123456789abcdef23456789abcdef01456789abcdef0123"))
    return try key.open(bytes("00112233445566774eba739c998bcb602398af2375920b66"))
      == bytes("00112233445566778899aabbccddeeff")
  }

  private static func rsa(_: RandomSource) throws -> Bool {
    let key = try RSAKey(secret: secret(RSAKnownAnswer.key))
    let message = Array(RSAKnownAnswer.message.utf8)
    return try key.isValid(bytes(RSAKnownAnswer.signature), for: message)
      && !key.isValid(bytes(RSAKnownAnswer.signature), for: message + [0])
      && key.isValid(try key.sign(message), for: message)
      && key.unwrap(bytes(RSAKnownAnswer.ciphertext)) == SecretBytes(copying: message)
  }

  private static func secret(_ hexadecimal: String) -> SecretBytes { SecretBytes(copying: bytes(hexadecimal)) }

  /// The bytes that hexadecimal digits stand for.
  static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.utf8.map { $0 < 0x3a ? $0 &- 0x30 : $0 &- 0x57 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
