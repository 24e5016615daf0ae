import Guomi
import TestSupport
import Testing

@Suite("A session under SM4", .clause("9.4d"))
struct SM4SessionTests {
  static let secret = SecretBytes(copying: Array(1...16))
  static let salt: [UInt8] = [0xca, 0xfe, 0xba, 0xbe]

  @Test("has the nonce salt ‖ sequence, so that both sides agree on it")
  func nonce() throws {
    let sealer = try SM4.SessionSealer(Self.secret, salt: Self.salt, startingAt: 0x0102_0304_0506_0708)
    let (sequence, sealed) = try sealer.seal(Array("open".utf8), authenticating: [7])
    #expect(sequence == 0x0102_0304_0506_0708)
    let key = try SM4.GCMKey(Self.secret, random: .seeded(1))
    #expect(try key.open(bytes("cafebabe0102030405060708") + sealed, authenticating: [7]) == Array("open".utf8))
    let opener = try SM4.SessionOpener(Self.secret, salt: Self.salt)
    #expect(try opener.open(sealed, sequence: sequence, authenticating: [7]) == Array("open".utf8))
  }

  @Test("opens nothing of another sequence, salt, header or key")
  func others() throws {
    let sealer = try SM4.SessionSealer(Self.secret, salt: Self.salt)
    let opener = try SM4.SessionOpener(Self.secret, salt: Self.salt)
    let (sequence, sealed) = try sealer.seal([1, 2, 3], authenticating: [7])
    #expect(throws: SM4.Failure.notAuthentic) {
      try opener.open(sealed, sequence: sequence + 1, authenticating: [7])
    }
    #expect(throws: SM4.Failure.notAuthentic) { try opener.open(sealed, sequence: sequence, authenticating: [8]) }
    #expect(throws: SM4.Failure.truncated) { try opener.open([1, 2], sequence: sequence, authenticating: [7]) }
    let other = try SM4.SessionOpener(Self.secret, salt: [0, 0, 0, 0])
    #expect(throws: SM4.Failure.notAuthentic) { try other.open(sealed, sequence: sequence, authenticating: [7]) }
  }

  @Test("never uses a sequence twice, also when many seal at once")
  func once() async throws {
    let sealer = try SM4.SessionSealer(Self.secret, salt: Self.salt, startingAt: 5)
    let sequences = try await withThrowingTaskGroup(of: [UInt64].self) { group in
      for _ in 0..<8 {
        group.addTask { try (0..<200).map { _ in try sealer.seal([0], authenticating: []).sequence } }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(sequences.sorted() == Array(5..<1_605))
  }

  @Test("makes the header when the sequence is known, and seals it too")
  func header() throws {
    let sealer = try SM4.SessionSealer(Self.secret, salt: Self.salt, startingAt: 9)
    let opener = try SM4.SessionOpener(Self.secret, salt: Self.salt)
    let (header, sealed) = try sealer.seal([4, 2]) { [0xff, UInt8($0)] }
    #expect(header == [0xff, 9])
    #expect(try opener.open(sealed, sequence: 9, authenticating: header) == [4, 2])
    #expect(throws: SM4.Failure.notAuthentic) { try opener.open(sealed, sequence: 9, authenticating: [0xff, 8]) }
  }

  @Test("ends before its count could wrap")
  func exhausted() throws {
    let sealer = try SM4.SessionSealer(Self.secret, salt: Self.salt, startingAt: .max - 1)
    #expect(try sealer.seal([1], authenticating: []).sequence == .max - 1)
    for _ in 0..<3 { #expect(throws: SM4.Failure.wornOut) { try sealer.seal([1], authenticating: []) } }
  }

  @Test("carries a wrapped key as a secret")
  func wrapping() throws {
    let key = try SM4.GCMKey(Self.secret, random: .seeded(2))
    let inner = SecretBytes(copying: Array("0123456789abcdef".utf8))
    let wrapped = try key.seal(inner, authenticating: [1])
    #expect(try key.openSecret(wrapped, authenticating: [1]) == inner)
    #expect(throws: SM4.Failure.notAuthentic) { try key.openSecret(wrapped, authenticating: [2]) }
    #expect(try key.seal(inner, authenticating: [1]) != wrapped)
  }
}
