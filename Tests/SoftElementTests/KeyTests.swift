import Guomi
import SecureElement
import TestSupport
import Testing

@testable import SoftElement

struct KeyTests {
  @Test("an SM2 key made inside signs, and whoever has its public half verifies", .clause("9.5.6", "9.5.7", "9.5.9"))
  func sm2() throws {
    let bench = try Bench()
    let slot = try bench.slot(.generate(.sm2Signing, .sign, label: "one"))
    let message = Array("unlock room 301".utf8)
    let signature = try SM2.Signature(raw: bench.bytes(.sign(slot.number, message: message)))
    let key = SM2.VerifyingKey(try SM2.PublicPoint(x963: slot.publicKey))
    #expect(key.isValid(signature, for: message))
    #expect(!key.isValid(signature, for: message + [0]))
    let other = try bench.slot(.generate(.sm2Signing, .sign, label: "two"))
    #expect(other.publicKey != slot.publicKey)
  }

  @Test("RSA keys have 2,048 or 3,072 bits, sign with PSS and open keys with OAEP", .clause("9.5.6", "9.5.7"))
  func rsa() throws {
    let bench = try Bench()
    let signing = try bench.slot(.generate(.rsa3072, .sign, label: ""))
    let signature = try bench.bytes(.sign(signing.number, message: [1, 2, 3]))
    #expect(signature.count == 384)
    let public3072 = try PublicRSA(signing.publicKey)
    #expect(public3072.isValid(signature, for: [1, 2, 3]))
    #expect(!public3072.isValid(signature, for: [1, 2, 4]))

    let wrapping = try bench.slot(.generate(.rsa2048, .unwrap, label: ""))
    let wrapped = try PublicRSA(wrapping.publicKey).encrypt([UInt8](0..<16))
    let key = try bench.slot(.importWrapped(with: wrapping.number, .sm4, [.seal, .open], label: "", wrapped: wrapped))
    let sealed = try bench.bytes(.seal(key.number, data: [7], associated: []))
    let outside = try SM4.GCMKey(SecretBytes(copying: 0..<16), random: .operatingSystem)
    #expect(try outside.open(sealed, authenticating: [UInt8]()) == [7])
    #expect(throws: SecureElementError.usage) { try RSAKey.generate(bits: 1_024) }
  }

  @Test("a key whose primes are not prime is refused", .clause("9.5.7"))
  func primality() throws {
    // Bytes of the prime p of the known answers, made even.
    var der = KnownAnswers.bytes(RSAKnownAnswer.key)
    let place = try #require(der.firstRange(of: KnownAnswers.bytes("ef3e334e18"))?.lowerBound)
    der[place + 127] ^= 1
    #expect(throws: SecureElementError.self) { try RSAKey(secret: SecretBytes(copying: der)).checkWhole() }
    try RSAKey(secret: SecretBytes(copying: KnownAnswers.bytes(RSAKnownAnswer.key))).checkWhole()
  }

  @Test("symmetric keys made inside seal and open, and refuse what was changed", arguments: [
    KeyAlgorithm.sm4, .aes128, .aes256,
  ])
  func symmetric(algorithm: KeyAlgorithm) throws {
    let bench = try Bench()
    let slot = try bench.slot(.generate(algorithm, [.seal, .open], label: ""))
    #expect(slot.publicKey.isEmpty)
    for data in [[], [1], [UInt8](repeating: 3, count: ElementLimits.messageByteCountMax)] {
      let sealed = try bench.bytes(.seal(slot.number, data: data, associated: [1]))
      #expect(sealed.count == data.count + 28)
      #expect(try bench.bytes(.open(slot.number, sealed: sealed, associated: [1])) == data)
      for place in [0, sealed.count / 2, sealed.count - 1] {
        var changed = sealed
        changed[place] ^= 1
        #expect(throws: SecureElementError.notAuthentic) {
          try bench.answer(.open(slot.number, sealed: changed, associated: [1]))
        }
      }
      #expect(throws: SecureElementError.notAuthentic) {
        try bench.answer(.open(slot.number, sealed: sealed, associated: [2]))
      }
    }
    #expect(throws: SecureElementError.notAuthentic) {
      try bench.answer(.open(slot.number, sealed: [1, 2], associated: []))
    }
  }

  @Test("TDES only reads, is only imported, and not with two equal keys", .clause("9.5.6"))
  func tdes() throws {
    let bench = try Bench()
    #expect(throws: SecureElementError.usage) { try bench.answer(.generate(.tdes, .open, label: "")) }
    let wrapping = try bench.slot(.generate(.sm2Encryption, .unwrap, label: ""))
    let key = SM2.EncryptionKey(try SM2.PublicPoint(x963: wrapping.publicKey))
    func imported(_ secret: String, _ usage: KeyUsage) throws -> KeySlot {
      let wrapped = try key.encrypt(KnownAnswers.bytes(secret), random: .operatingSystem).raw
      return try bench.slot(.importWrapped(with: wrapping.number, .tdes, usage, label: "old", wrapped: wrapped))
    }
    let slot = try imported("0123456789abcdef23456789abcdef01456789abcdef0123", .open)
    let sealed = KnownAnswers.bytes("00112233445566774eba739c998bcb602398af2375920b66")
    #expect(
      try bench.bytes(.open(slot.number, sealed: sealed, associated: []))
        == KnownAnswers.bytes("00112233445566778899aabbccddeeff"))
    #expect(throws: SecureElementError.usage) {
      try imported("0123456789abcdef23456789abcdef01456789abcdef0123", .seal)
    }
    #expect(throws: SecureElementError.usage) {
      try bench.answer(.seal(slot.number, data: sealed, associated: []))
    }
    #expect(throws: SecureElementError.notAuthentic) {
      try imported("0123456789abcdef0123456789abcdef456789abcdef0123", .open)
    }
    #expect(throws: SecureElementError.malformed) {
      try bench.answer(.open(slot.number, sealed: [UInt8](sealed.dropLast()), associated: []))
    }
  }

  @Test("a wrapped key opens only in the element it was wrapped for, and in its length")
  func importing() throws {
    let (bench, other) = (try Bench(), try Bench())
    let slot = try bench.slot(.generate(.sm2Encryption, .unwrap, label: ""))
    let elsewhere = try other.slot(.generate(.sm2Encryption, .unwrap, label: ""))
    let key = SM2.EncryptionKey(try SM2.PublicPoint(x963: slot.publicKey))
    let wrapped = try key.encrypt([UInt8](1...16), random: .operatingSystem).raw
    #expect(throws: SecureElementError.notAuthentic) {
      try other.answer(.importWrapped(with: elsewhere.number, .sm4, .open, label: "", wrapped: wrapped))
    }
    #expect(throws: SecureElementError.notAuthentic) {
      try bench.answer(.importWrapped(with: slot.number, .aes256, .open, label: "", wrapped: wrapped))
    }
    #expect(throws: SecureElementError.notAuthentic) {
      try bench.answer(.importWrapped(with: slot.number, .sm4, .open, label: "", wrapped: Array(wrapped.dropLast())))
    }
    // A ladder's key comes by provisioning, a private key not at all.
    for algorithm in [KeyAlgorithm.deviceKey, .communicationKey, .sm2Signing, .rsa2048] {
      #expect(throws: SecureElementError.usage) {
        try bench.answer(
          .importWrapped(with: slot.number, algorithm, algorithm.usages, label: "", wrapped: wrapped))
      }
    }
  }

  @Test("a slot refuses every use that is not its own", .clause("9.5.4"))
  func usages() throws {
    let bench = try Bench()
    let peer = ElementPeer(
      key: try bench.slot(.generate(.sm2Exchange, .exchange, label: "")).publicKey, id: Array("p".utf8))
    let made: [(KeyAlgorithm, KeyUsage)] = [
      (.sm2Signing, .sign), (.sm2Encryption, .unwrap), (.sm2Exchange, .exchange), (.sm4, .seal), (.sm4, .open),
      (.aes256, .seal),
    ]
    for (algorithm, usage) in made {
      let number = try bench.slot(.generate(algorithm, usage, label: "")).number
      let calls: [(KeyUsage, ElementRequest)] = [
        (.sign, .sign(number, message: [1])), (.seal, .seal(number, data: [1], associated: [])),
        (.open, .open(number, sealed: [UInt8](repeating: 0, count: 40), associated: [])),
        (.unwrap, .importWrapped(with: number, .sm4, .open, label: "", wrapped: [1])),
        (.exchange, .beginExchange(number, id: [1], peer: peer)),
        (.exchange, .answerExchange(number, id: [1], peer: peer, share: peer.key)),
      ]
      for (needed, call) in calls where needed != usage {
        #expect(throws: SecureElementError.usage) { try bench.answer(call) }
      }
    }
    // Two uses for one key pair, none, or one that the algorithm has not.
    for (algorithm, usage): (KeyAlgorithm, KeyUsage) in [
      (.rsa2048, [.sign, .unwrap]), (.sm4, []), (.sm2Signing, .unwrap), (.aes128, .sign), (.sm4, .derive),
      (.deviceKey, .derive), (.communicationKey, .derive),
    ] {
      #expect(throws: SecureElementError.usage) { try bench.answer(.generate(algorithm, usage, label: "")) }
    }
  }

  @Test("a disabled key is never used again, a destroyed one is gone, and its number is not given at once")
  func states() throws {
    let bench = try Bench()
    let slot = try bench.slot(.generate(.sm2Signing, .sign, label: ""))
    _ = try bench.answer(.disable(slot.number))
    #expect(throws: SecureElementError.disabled) { try bench.answer(.sign(slot.number, message: [1])) }
    try bench.restart()
    #expect(try bench.slots().map(\.state) == [.disabled])
    _ = try bench.answer(.destroy(slot.number))
    #expect(throws: SecureElementError.missing) { try bench.answer(.sign(slot.number, message: [1])) }
    #expect(throws: SecureElementError.missing) { try bench.answer(.destroy(slot.number)) }
    #expect(try bench.slot(.generate(.sm4, .seal, label: "")).number != slot.number)
  }

  @Test("the 65th key is refused, counters only grow, random bytes have a limit")
  func limits() throws {
    let bench = try Bench()
    for _ in 0..<ElementLimits.slotsMax { _ = try bench.slot(.generate(.aes128, .seal, label: "")) }
    #expect(throws: SecureElementError.full) { try bench.answer(.generate(.aes128, .seal, label: "")) }
    #expect(try bench.answer(.increment(3)) == .number(1))
    #expect(try bench.answer(.increment(3)) == .number(2))
    try bench.restart()
    #expect(try bench.answer(.counter(3)) == .number(2))
    #expect(try bench.answer(.counter(2)) == .number(0))
    #expect(throws: SecureElementError.malformed) { try bench.answer(.counter(8)) }
    #expect(try bench.bytes(.random(4_096)).count == 4_096)
    #expect(throws: SecureElementError.malformed) { try bench.answer(.random(4_097)) }
    #expect(try bench.bytes(.random(32)) != bench.bytes(.random(32)))
  }

  @Test("the module and each algorithm have an id and a version that stay", .clause("9.5.1"))
  func identity() throws {
    let (bench, other) = (try Bench(), try Bench())
    guard case .identity(let identity) = try bench.answer(.identity),
      case .identity(let otherIdentity) = try other.answer(.identity)
    else {
      Issue.record("no identity")
      return
    }
    #expect(identity.id.count == 16 && identity.id != otherIdentity.id)
    #expect(identity.model == "anju-element" && !identity.version.isEmpty)
    #expect(identity.algorithms.count == 12)
    #expect(Set(identity.algorithms.map(\.id)).count == 12 && identity.algorithms.allSatisfy { !$0.version.isEmpty })
    try bench.restart()
    #expect(try bench.answer(.identity) == .identity(identity))
    _ = try bench.answer(.wipe)
    #expect(try bench.answer(.identity) == .identity(identity))
  }

  @Test("known answers hold, and a generator that fails them stops the element", .clause("9.5.6"))
  func knownAnswers() throws {
    try KnownAnswers.check(random: .operatingSystem)
    let broken = RandomSource { (_: UnsafeMutableRawBufferPointer) throws(RandomFailure) in
      throw RandomFailure(reason: "out of order")
    }
    #expect(throws: SecureElementError.selfTest) { try KnownAnswers.check(random: broken) }
  }
}
