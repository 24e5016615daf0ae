import Guomi

/// What both sides of a session hold when they have agreed: a key a direction, and one to prove that they agree.
///
/// 72 bytes of derived material: up key (16) ‖ up salt (4) ‖ down key (16) ‖ down salt (4) ‖ confirmation key
/// (32).
struct SessionSecrets: Sendable {
  static let byteCount = 72

  let id: [UInt8]
  let up: (key: SecretBytes, salt: [UInt8])
  let down: (key: SecretBytes, salt: [UInt8])
  private let confirmation: HMACSM3
  private let transcript: SM3.Digest

  /// Way (a), for small devices and for the storm after a power cut: everything from the communication key.
  init(communicationKey: SecretBytes, deviceRandom: [UInt8], platformRandom: [UInt8], transcript: SM3.Digest) {
    self.init(
      KeyLadder.derive(
        communicationKey, "LZGY-SK-1", deviceRandom + platformRandom + transcript.bytes, bytes: Self.byteCount),
      transcript)
  }

  /// Way (b): a fresh secret of both sides besides, so that a communication key that leaks later opens nothing of
  /// before.
  init(communicationKey: SecretBytes, shared: SecretBytes, transcript: SM3.Digest) {
    let key = HKDFSM3.extract(secret: shared, salt: communicationKey)
    let info = Array("LZGY-SK-2".utf8) + transcript.bytes
    self.init(HKDFSM3.expand(key, info: info, byteCount: Self.byteCount), transcript)
  }

  private init(_ material: SecretBytes, _ transcript: SM3.Digest) {
    up = (material.part(0..<16), material.part(16..<20).withUnsafeBytes { Array($0) })
    down = (material.part(20..<36), material.part(36..<40).withUnsafeBytes { Array($0) })
    confirmation = HMACSM3(key: material.part(40..<72))
    self.transcript = transcript
    id = Array(SM3.hash(Array("LZGY-SID-1".utf8) + transcript.bytes).bytes.prefix(ProtectedMessage.sessionByteCount))
  }

  enum Side: UInt8 {
    case device = 0x44
    case platform = 0x50
  }

  /// 32 bytes that only a side with the same keys and the same transcript can make.
  func confirmation(of side: Side) -> [UInt8] { confirmation.tag(for: [side.rawValue] + transcript.bytes).bytes }

  func confirms(_ bytes: [UInt8], of side: Side) -> Bool {
    confirmation.isValid(bytes, for: [side.rawValue] + transcript.bytes)
  }
}
