public import Guomi

/// Who a side of a session is, beyond the keys it shares with the other: the long-term SM2 keys of way (b).
public struct SessionIdentity: Sendable {
  let own: @Sendable ([UInt8]) throws -> [UInt8]
  let peer: SM2.VerifyingKey

  /// - Parameters:
  ///   - sign: signs with this side's key, wherever that is kept (a secure element, the key service); answers r ‖ s.
  ///   - peer: the other side's key, known before: of the provisioning.
  public init(peer: SM2.VerifyingKey, sign: @escaping @Sendable ([UInt8]) throws -> [UInt8]) {
    own = sign
    self.peer = peer
  }

  /// With a key in memory.
  public init(peer: SM2.VerifyingKey, own: SM2.SigningKey, random: RandomSource) {
    self.init(peer: peer) { try own.sign($0, random: random).raw }
  }

  /// - Parameter statement: of `statement(_:_:)`.
  func signature(_ statement: [UInt8]) throws(KeyLadderError) -> [UInt8] {
    let signature: [UInt8]
    do { signature = try own(statement) } catch { throw .random }
    guard signature.count == AgreementWay.signatureByteCount else { throw .length }
    return signature
  }

  func verify(
    _ signature: some Collection<UInt8>, _ side: SessionSecrets.Side, _ transcript: SM3.Digest
  ) throws(KeyLadderError) {
    try Self.verify(signature, of: peer, side, transcript)
  }

  static func verify(
    _ signature: some Collection<UInt8>, of signer: SM2.VerifyingKey, _ side: SessionSecrets.Side,
    _ transcript: SM3.Digest
  ) throws(KeyLadderError) {
    guard let signature = try? SM2.Signature(raw: signature),
      signer.isValid(signature, for: statement(side, transcript))
    else { throw .notAuthentic }
  }

  /// What is signed: it can not be taken for anything else that the key signs.
  static func statement(_ side: SessionSecrets.Side, _ transcript: SM3.Digest) -> [UInt8] {
    Array("LZGY-SIG-1".utf8) + [side.rawValue] + transcript.bytes
  }
}
