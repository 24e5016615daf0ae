/// How the two sides of a session come to their keys.
public enum AgreementWay: UInt8, Hashable, Sendable, CaseIterable {
  /// (a) From the communication key and a random number of each side: three short messages, no signature. For small
  /// devices, and for the moment when ten thousand come back at once. A communication key that leaks opens the sessions
  /// of its epoch.
  case constrained = 1
  /// (b) Besides, signed ephemeral Diffie-Hellman on the SM2 curve: sessions of before stay shut whatever leaks.
  case ephemeral = 2

  var offerByteCount: Int { 3 + 8 + KeyLadder.randomByteCount + (self == .ephemeral ? Self.shareByteCount : 0) }
  /// Of an answer, without the proofs at its end.
  var answerByteCount: Int { 3 + KeyLadder.randomByteCount + (self == .ephemeral ? Self.shareByteCount : 0) }
  /// Signature, if any, and confirmation.
  var proofByteCount: Int { Self.confirmationByteCount + (self == .ephemeral ? Self.signatureByteCount : 0) }

  static let shareByteCount = 65
  static let signatureByteCount = 64
  static let confirmationByteCount = 32

  /// The kind of a message of an agreement: its second byte.
  enum Kind: UInt8 {
    case offer = 0x11
    case answer = 0x12
    case finish = 0x13
    case agreed = 0x14
    case renewal = 0x21
    case renewalAnswer = 0x22
    case renewalFinish = 0x23
    case refusal = 0x7f
  }

  static let version: UInt8 = 1

  /// Reads version, kind and way, and checks the length.
  static func read(
    _ bytes: [UInt8], _ kind: Kind, length: (AgreementWay) -> Int
  ) throws(KeyLadderError) -> AgreementWay {
    guard bytes.count >= 3, bytes[0] == version, bytes[1] == kind.rawValue, let way = AgreementWay(rawValue: bytes[2]),
      bytes.count == length(way)
    else { throw .malformed }
    return way
  }
}
