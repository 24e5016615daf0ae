public import Guomi

/// The platform's side of agreeing a session: reads an offer, answers, and has the session when the device finishes.
public struct SessionAnswer: ~Copyable, Sendable {
  /// What the device gets.
  public let message: [UInt8]
  private let way: AgreementWay
  private let transcript: SM3.Digest
  private let secrets: SessionSecrets
  /// Of the device, for way (b).
  private let peer: SM2.VerifyingKey?

  /// What an offer asks for, read before any key is fetched.
  public struct Request: Hashable, Sendable {
    public let way: AgreementWay
    public let epoch: KeyEpoch
    let message: [UInt8]

    /// - Throws: `.malformed`.
    public init(_ offer: [UInt8]) throws(KeyLadderError) {
      way = try AgreementWay.read(offer, .offer, length: \.offerByteCount)
      epoch = KeyEpoch(start: offer[3..<11].reduce(0) { $0 << 8 | UInt64($1) })
      message = offer
    }

    var random: [UInt8] { Array(message[11..<(11 + KeyLadder.randomByteCount)]) }
    var share: ArraySlice<UInt8> { message.suffix(AgreementWay.shareByteCount) }
  }

  /// - Parameters:
  ///   - device: as its certificate names it, not as it calls itself.
  ///   - communicationKey: of the epoch that the request names, which the caller has accepted (`KeyEpoch.isAccepted`).
  ///   - identity: for way (b); without one such a request is refused.
  /// - Throws: `.notAuthentic` for a share that is no point of the curve or a way that is not offered; `.random`,
  ///   `.length`, `.id`.
  public init(
    _ request: Request, device: [UInt8], communicationKey: SecretBytes, identity: SessionIdentity?,
    random: RandomSource
  ) throws(KeyLadderError) {
    guard request.way == .constrained else {
      guard let identity else { throw .notAuthentic }
      let draft = try SessionDraft(
        request, device: device, communicationKey: communicationKey, peer: identity.peer, random: random)
      let signature = try identity.signature(draft.statement)
      self = try draft.signed(signature)
      return
    }
    let own = try SessionDraft.random(device: device, communicationKey: communicationKey, random: random)
    let body: [UInt8] = [AgreementWay.version, AgreementWay.Kind.answer.rawValue, request.way.rawValue] + own
    let transcript = SessionTranscript.digest(device: device, offer: request.message, answer: body)
    self.init(
      way: .constrained, transcript: transcript,
      secrets: SessionSecrets(
        communicationKey: communicationKey, deviceRandom: request.random, platformRandom: own, transcript: transcript),
      peer: nil, body: body)
  }

  /// - Parameter body: the answer without its confirmation.
  init(
    way: AgreementWay, transcript: SM3.Digest, secrets: SessionSecrets, peer: SM2.VerifyingKey?, body: [UInt8]
  ) {
    self.way = way
    self.transcript = transcript
    self.secrets = secrets
    self.peer = peer
    message = body + secrets.confirmation(of: .platform)
  }

  /// Takes the device's last message.
  ///
  /// - Throws: `.malformed`, `.notAuthentic`: the device does not have the key it should have.
  public consuming func finish(_ finish: [UInt8]) throws(KeyLadderError) -> ProtectedSession {
    let way = try AgreementWay.read(finish, .finish) { 3 + $0.proofByteCount }
    guard way == self.way else { throw .notAuthentic }
    if let peer {
      try SessionIdentity.verify(finish[3..<(3 + AgreementWay.signatureByteCount)], of: peer, .device, transcript)
    }
    guard secrets.confirms(Array(finish.suffix(AgreementWay.confirmationByteCount)), of: .device) else {
      throw .notAuthentic
    }
    return try ProtectedSession(secrets, side: .platform)
  }
}
