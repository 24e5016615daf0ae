import Foundation
import Guomi
import TestSupport
import Testing

@Suite("SM4 agrees with implementations that know nothing of it", .clause("9.4c"))
struct SM4PeerTests {
  /// One line for the peers; see Peers/sm4.py.
  struct Case {
    let mode: String
    let fields: [[UInt8]]

    var line: String { ([mode] + fields.map { $0.isEmpty ? "-" : hex($0) }).joined(separator: " ") }
  }

  static let peers = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Peers/sm4.py").path

  /// Random cases of every mode, each on every path.
  static func cases() throws -> [Case] {
    let random = SharedRandom(seed: 4)
    var cases: [Case] = []
    for path in SM4.Path.available {
      for round in 0..<40 {
        let key = random.bytes(16), nonce = random.bytes(12), counter = random.bytes(16)
        let count = round < 4 ? round : Int(random.next() % (round % 20 == 0 ? 3_000 : 300))
        let plaintext = random.bytes(count), associated = random.bytes(Int(random.next() % 70))
        let secret = SecretBytes(copying: key), source = RandomSource.seeded(UInt64(round))
        let gcm = try SM4.GCMKey(secret, random: source, path: path)
        let ccm = try SM4.CCMKey(secret, random: source, path: path)
        let ctr = try SM4.Unauthenticated.CTRKey(secret, path: path)
        let blocks = Array(plaintext.prefix(count / 16 * 16))
        cases += [
          Case(mode: "gcm", fields: [
            key, nonce, associated, plaintext,
            try SM4Direct.gcm(gcm, nonce: nonce, associated: associated, plaintext),
          ]),
          Case(mode: "ccm", fields: [
            key, nonce, associated, plaintext,
            try SM4Direct.ccm(ccm, nonce: nonce, associated: associated, plaintext),
          ]),
          Case(mode: "ctr", fields: [key, counter, [], plaintext, try ctr.apply(counter: counter, to: plaintext)]),
          Case(mode: "cbc", fields: [
            key, counter, [], blocks, try SM4Direct.cbc(secret, path: path, vector: counter, blocks),
          ]),
        ]
      }
    }
    return cases
  }

  static func compare(_ cases: [Case]) async throws -> ChildProgram.Outcome {
    let folder = try TemporaryFolder()
    try Data((cases.map(\.line).joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: folder.path("cases")))
    return try await ChildProgram.run(.python([peers, folder.path("cases")]))
  }

  @Test("in GCM, CCM, CTR and CBC (gmssl; OpenSSL of the cryptography package)")
  func agreement() async throws {
    let cases = try Self.cases()
    let outcome = try await Self.compare(cases)
    let each = cases.count / 4
    #expect(outcome.isSuccess)
    #expect(outcome.output == "cryptography \(3 * each), gmssl \(3 * each)\n")
  }

  @Test("and has the constants that the field's arithmetic gives, not copied ones")
  func constants() async throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "scripts/guomi-constants").path
    let outcome = try await ChildProgram.run(.python([script, "--check"]))
    #expect(outcome.isSuccess, "\(outcome)")
  }

  @Test("and a difference of one bit is found")
  func difference() async throws {
    var cases = Array(try Self.cases().prefix(16).suffix(4))
    for index in cases.indices {
      var fields = cases[index].fields
      guard let last = fields[4].indices.last else { continue }
      fields[4][last] ^= 1
      cases[index] = Case(mode: cases[index].mode, fields: fields)
    }
    let outcome = try await Self.compare(cases)
    for text in ["gcm", "ccm", "ctr"] { #expect(outcome.output.contains("\(text) of 3 bytes differs"), "\(outcome)") }
  }
}
