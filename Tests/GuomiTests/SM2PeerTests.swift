import Foundation
import TestSupport
import Testing

@testable import Guomi

@Suite("SM2 and SM3 agree with implementations that know nothing of them", .clause("9.4c"))
struct SM2PeerTests {
  /// One line for the peers; see Peers/sm2.py.
  private static func line(_ operation: String, _ fields: [UInt8]...) -> String {
    ([operation] + fields.map { $0.isEmpty ? "-" : hex($0) }).joined(separator: " ")
  }

  private static let peers = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Peers/sm2.py").path

  private static func check(_ lines: [String]) async throws -> ChildProgram.Outcome {
    let folder = try TemporaryFolder()
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: folder.path("cases")))
    return try await ChildProgram.run(.python([peers, "check", folder.path("cases")]))
  }

  private static func hashes(_ random: SharedRandom) -> [String] {
    (0..<24).flatMap { round in
      let secret = random.bytes(1 + round * 4), label = random.bytes(1 + round % 20).map { $0 | 1 }
      let message = random.bytes(round * 11), context = random.bytes(round * 3), count = 1 + round * 7
      let held = SecretBytes(copying: secret)
      let kbkdf = KBKDF.derive(secret: held, label: label, context: context, byteCount: count)
      let hkdf = HKDFSM3.derive(secret: held, salt: message, info: context, byteCount: count)
      return [
        line("sm3", message, SM3.hash(message).bytes),
        line("hmac", secret, message, HMACSM3(key: held).tag(for: message).bytes),
        line("kbkdf", secret, label, context, kbkdf.revealed),
        line("hkdf", secret, message, context, hkdf.revealed),
        line("x963", secret, X963KDF.derive(secret: held, byteCount: count).revealed),
      ]
    }
  }

  private static func generators(_ random: SharedRandom) throws -> [String] {
    try (0..<4).map { round in
      let seeds = [random.bytes(48), random.bytes(48)]
      let personalization = random.bytes(round * 9), additional = random.bytes(1 + round * 20)
      let entropy = SharedSequence(seeds)
      let generator = try HashDRBG(entropy: RandomSource { _ in entropy.next() }, personalization: personalization)
      var made: [UInt8] = []
      func take(_ additional: [UInt8]) throws {
        var part = [UInt8](repeating: 0, count: 20 + round * 30)
        try part.withUnsafeMutableBytes { try generator.fill($0, additional: additional) }
        made += part
      }
      try take([])
      try take(additional)
      try generator.reseed(additional: additional)
      try take([])
      return line("drbg", seeds[0], seeds[1], personalization, additional, made)
    }
  }

  private static func keys(_ random: SharedRandom) throws -> [String] {
    let source = RandomSource { random.bytes($0) }
    return try (0..<6).flatMap { round in
      let message = random.bytes(1 + round * 13), id = round % 2 == 0 ? SM2.defaultID : Array("ALICE@\(round)".utf8)
      let signing = try SM2.SigningKey.generate(random: source)
      let signature = try signing.sign(message, id: id, random: source)
      let opening = try SM2.DecryptionKey.generate(random: source)
      let sealed = try opening.encryptionKey.encrypt(message, random: source)
      let (a, b) = (try SM2.ExchangeKey.generate(random: source), try SM2.ExchangeKey.generate(random: source))
      let fresh = [try SM2.PrivateScalar.generate(random: source), try SM2.PrivateScalar.generate(random: source)]
      let other = Array("bob".utf8)
      let initiator = try SM2.KeyExchange.Initiator(
        key: a, id: id, peer: .init(key: b.publicKey, id: other), byteCount: 16 + round, fresh: fresh[0])
      let responder = try SM2.KeyExchange.Responder(
        key: b, id: other, peer: .init(key: a.publicKey, id: id), peerShare: initiator.share, byteCount: 16 + round,
        fresh: fresh[1])
      let confirmation = responder.confirmation
      let agreed = try initiator.finish(share: responder.share, confirmation: confirmation)
      return [
        line("sign", signing.verifyingKey.point.x963, id, message, signature.raw),
        line("encrypt", opening.withUnsafeSecret { $0.revealed }, sealed.raw, message),
        line(
          "exchange", a.withUnsafeSecret { $0.revealed }, b.withUnsafeSecret { $0.revealed }, fresh[0].secret.revealed,
          fresh[1].secret.revealed, id, other, agreed.key.revealed + confirmation + agreed.confirmation),
      ]
    }
  }

  @Test("in hashes, derivations, the generator, signature, encryption and key exchange (gmssl, lbs, cryptography)")
  func agreement() async throws {
    let random = SharedRandom(seed: 12)
    let lines = Self.hashes(random) + (try Self.generators(random)) + (try Self.keys(random))
    let outcome = try await Self.check(lines)
    #expect(outcome.isSuccess)
    #expect(outcome.output == "SP 800-90A on gmssl 4, cryptography 120, gmssl 33, lbs 42\n")
  }

  @Test("and a difference of one bit is found")
  func difference() async throws {
    let random = SharedRandom(seed: 13)
    let all = Self.hashes(random).suffix(5) + (try Self.generators(random)).suffix(1)
    let lines = all.map { line in
      String(line.dropLast()) + (line.last == "0" ? "1" : "0")
    }
    let outcome = try await Self.check(lines)
    #expect(outcome.output.split(separator: "\n").count { $0.contains("differs") } == 8, "\(outcome)")
    let key = try Self.keys(random)[0]
    let forged = String(key.dropLast()) + (key.last == "0" ? "1" : "0")
    #expect(try await Self.check([forged]).output.contains("sign differs from lbs"))
  }

  @Test("and understands what gmssl signed and encrypted")
  func others() async throws {
    let outcome = try await ChildProgram.run(.python([Self.peers, "make"]))
    #expect(outcome.isSuccess, "\(outcome)")
    var count = 0
    for line in outcome.output.split(separator: "\n") {
      let fields = line.split(separator: " ").dropFirst().map { bytes(String($0)) }
      if line.hasPrefix("sign") {
        let key = SM2.VerifyingKey(try SM2.PublicPoint(x963: fields[0]))
        #expect(try key.isValid(SM2.Signature(raw: fields[2]), for: fields[1]))
      } else {
        let key = try SM2.DecryptionKey(secret: SecretBytes(copying: fields[0]))
        #expect(try key.decrypt(SM2.Ciphertext(raw: fields[2])).revealed == fields[1])
      }
      count += 1
    }
    #expect(count == 12)
  }
}
