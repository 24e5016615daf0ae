public import Guomi

/// The platform's side of agreeing a session: reads an offer, answers, and has the session when the device finishes.
public struct SessionAnswer: ~Copyable, Sendable {
  /// What the device gets.
  public let message: [UInt8]
  private let way: AgreementWay
  private let transcript: SM3.Digest
  private let secrets: SessionSecrets
  private let identity: SessionIdentity?

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
    guard communicationKey.count == KeyLadder.keyByteCount else { throw .length }
    guard KeyLadder.idByteCountRange.contains(device.count) else { throw .id }
    guard request.way == .constrained || identity != nil else { throw .notAuthentic }
    let own: [UInt8]
    do { own = try random.bytes(KeyLadder.randomByteCount) } catch { throw .random }
    var body: [UInt8] = [AgreementWay.version, AgreementWay.Kind.answer.rawValue, request.way.rawValue] + own
    let agreed: Agreed
    if request.way == .ephemeral, let identity {
      agreed = try Self.ephemeral(request, device, communicationKey, identity, random, &body)
    } else {
      let transcript = SessionTranscript.digest(device: device, offer: request.message, answer: body)
      let secrets = SessionSecrets(
        communicationKey: communicationKey, deviceRandom: request.random, platformRandom: own, transcript: transcript)
      agreed = (secrets, transcript)
    }
    way = request.way
    secrets = agreed.secrets
    transcript = agreed.transcript
    self.identity = request.way == .ephemeral ? identity : nil
    message = body + agreed.secrets.confirmation(of: .platform)
  }

  private typealias Agreed = (secrets: SessionSecrets, transcript: SM3.Digest)

  /// Way (b): appends share and signature to the answer.
  private static func ephemeral(
    _ request: Request, _ device: [UInt8], _ communicationKey: SecretBytes, _ identity: SessionIdentity,
    _ random: RandomSource, _ body: inout [UInt8]
  ) throws(KeyLadderError) -> Agreed {
    let key: SM2.AgreementKey
    do { key = try SM2.AgreementKey.generate(random: random) } catch { throw .random }
    body += key.share.x963
    let transcript = SessionTranscript.digest(device: device, offer: request.message, answer: body)
    let shared = try SessionTranscript.agree(key, with: request.share)
    body += try identity.signature(.platform, transcript)
    return (SessionSecrets(communicationKey: communicationKey, shared: shared, transcript: transcript), transcript)
  }

  /// Takes the device's last message.
  ///
  /// - Throws: `.malformed`, `.notAuthentic`: the device does not have the key it should have.
  public consuming func finish(_ finish: [UInt8]) throws(KeyLadderError) -> ProtectedSession {
    let way = try AgreementWay.read(finish, .finish) { 3 + $0.proofByteCount }
    guard way == self.way else { throw .notAuthentic }
    if let identity { try identity.verify(finish[3..<(3 + AgreementWay.signatureByteCount)], .device, transcript) }
    guard secrets.confirms(Array(finish.suffix(AgreementWay.confirmationByteCount)), of: .device) else {
      throw .notAuthentic
    }
    return try ProtectedSession(secrets, side: .platform)
  }
}
