public import Guomi

/// An answer of way (b) that still lacks the platform's signature: for a platform whose key is elsewhere, in the key
/// service.
public struct SessionDraft: ~Copyable, Sendable {
  /// What the platform's key signs.
  public let statement: [UInt8]
  private let body: [UInt8]
  private let transcript: SM3.Digest
  private let secrets: SessionSecrets
  private let peer: SM2.VerifyingKey

  /// - Parameters:
  ///   - request: of way (b).
  ///   - device: as its certificate names it, not as it calls itself.
  ///   - communicationKey: of the epoch that the request names, which the caller has accepted.
  ///   - peer: the device's own key, of its provisioning.
  /// - Throws: `.notAuthentic` for a share that is no point of the curve, or a request of the other way; `.random`,
  ///   `.length`, `.id`.
  public init(
    _ request: SessionAnswer.Request, device: [UInt8], communicationKey: SecretBytes, peer: SM2.VerifyingKey,
    random: RandomSource
  ) throws(KeyLadderError) {
    guard request.way == .ephemeral else { throw .notAuthentic }
    let own = try Self.random(device: device, communicationKey: communicationKey, random: random)
    let key: SM2.AgreementKey
    do { key = try SM2.AgreementKey.generate(random: random) } catch { throw .random }
    let head: [UInt8] = [AgreementWay.version, AgreementWay.Kind.answer.rawValue, request.way.rawValue]
    let body = head + own + key.share.x963
    let transcript = SessionTranscript.digest(device: device, offer: request.message, answer: body)
    let shared = try SessionTranscript.agree(key, with: request.share)
    statement = SessionIdentity.statement(.platform, transcript)
    secrets = SessionSecrets(communicationKey: communicationKey, shared: shared, transcript: transcript)
    self.body = body
    self.transcript = transcript
    self.peer = peer
  }

  /// - Parameter signature: the platform's, of `statement`; r ‖ s.
  /// - Throws: `.length`.
  public consuming func signed(_ signature: [UInt8]) throws(KeyLadderError) -> SessionAnswer {
    guard signature.count == AgreementWay.signatureByteCount else { throw .length }
    return SessionAnswer(
      way: .ephemeral, transcript: transcript, secrets: secrets, peer: peer, body: body + signature)
  }

  /// The platform's random number, once the rest is in order.
  static func random(
    device: [UInt8], communicationKey: SecretBytes, random: RandomSource
  ) throws(KeyLadderError) -> [UInt8] {
    guard communicationKey.count == KeyLadder.keyByteCount else { throw .length }
    guard KeyLadder.idByteCountRange.contains(device.count) else { throw .id }
    do { return try random.bytes(KeyLadder.randomByteCount) } catch { throw .random }
  }
}
