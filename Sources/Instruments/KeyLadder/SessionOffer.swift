public import Guomi

/// The device's side of agreeing a session: offers, gets an answer, finishes.
///
/// ```
/// device                                   platform
///   offer: epoch, random [, share]     →
///                                      ←   answer: random [, share, signature], confirmation
///   finish: [signature,] confirmation  →
/// ```
/// What each message confirms is SM3(LP(device) ‖ LP(offer) ‖ LP(answer without its proofs)).
///
/// - Source: clauses 9.4 b and 9.4 e.
public struct SessionOffer: ~Copyable, Sendable {
  /// What the platform gets.
  public let message: [UInt8]
  private let device: [UInt8]
  private let communicationKey: SecretBytes
  private let random: [UInt8]
  private let ephemeral: SM2.AgreementKey?
  private let identity: SessionIdentity?

  /// - Parameters:
  ///   - epoch: of the communication key.
  ///   - identity: for way (b); nil chooses way (a).
  /// - Throws: `.random`, `.length`, `.id`.
  public init(
    device: [UInt8], communicationKey: SecretBytes, epoch: KeyEpoch, identity: SessionIdentity?, random: RandomSource
  ) throws(KeyLadderError) {
    guard communicationKey.count == KeyLadder.keyByteCount else { throw .length }
    guard KeyLadder.idByteCountRange.contains(device.count) else { throw .id }
    let drawn: [UInt8]
    let key: SM2.AgreementKey?
    do {
      drawn = try random.bytes(KeyLadder.randomByteCount)
      key = identity == nil ? nil : try SM2.AgreementKey.generate(random: random)
    } catch {
      throw .random
    }
    let way: AgreementWay = identity == nil ? .constrained : .ephemeral
    var message: [UInt8] = [AgreementWay.version, AgreementWay.Kind.offer.rawValue, way.rawValue]
    message += epoch.bytes
    message += drawn
    if let share = Self.share(key) { message += share }
    self.device = device
    self.communicationKey = communicationKey
    self.random = drawn
    self.ephemeral = key
    self.identity = identity
    self.message = message
  }

  private static func share(_ key: borrowing SM2.AgreementKey?) -> [UInt8]? {
    switch key {
    case .some(let key): key.share.x963
    case .none: nil
    }
  }

  /// Takes the platform's answer.
  ///
  /// - Returns: the session, and what goes back; the platform opens nothing before it has that.
  /// - Throws: `.malformed`, `.notAuthentic`.
  public consuming func finish(
    _ answer: [UInt8]
  ) throws(KeyLadderError) -> (session: ProtectedSession, message: [UInt8]) {
    let offered: AgreementWay = identity == nil ? .constrained : .ephemeral
    let way = try AgreementWay.read(answer, .answer) { $0.answerByteCount + $0.proofByteCount }
    // The way is the device's choice: an answer in a weaker one is an attack.
    guard way == offered else { throw .notAuthentic }
    let body = Array(answer[..<way.answerByteCount])
    let proofs = answer[way.answerByteCount...]
    let transcript = SessionTranscript.digest(device: device, offer: message, answer: body)
    let head: [UInt8] = [AgreementWay.version, AgreementWay.Kind.finish.rawValue, way.rawValue]
    let (key, own, identity) = (communicationKey, random, identity)
    guard let ephemeral else {
      let secrets = SessionSecrets(
        communicationKey: key, deviceRandom: own, platformRandom: Array(body[3..<(3 + KeyLadder.randomByteCount)]),
        transcript: transcript)
      return try Self.confirm(secrets, proofs, finish: head)
    }
    guard let identity else { throw .notAuthentic }
    try identity.verify(proofs.prefix(AgreementWay.signatureByteCount), .platform, transcript)
    let shared = try SessionTranscript.agree(ephemeral, with: body.suffix(AgreementWay.shareByteCount))
    let secrets = SessionSecrets(communicationKey: key, shared: shared, transcript: transcript)
    let signature = try identity.signature(SessionIdentity.statement(.device, transcript))
    return try Self.confirm(secrets, proofs, finish: head + signature)
  }

  private static func confirm(
    _ secrets: SessionSecrets, _ proofs: ArraySlice<UInt8>, finish: [UInt8]
  ) throws(KeyLadderError) -> (session: ProtectedSession, message: [UInt8]) {
    guard secrets.confirms(Array(proofs.suffix(AgreementWay.confirmationByteCount)), of: .platform) else {
      throw .notAuthentic
    }
    return (try ProtectedSession(secrets, side: .device), finish + secrets.confirmation(of: .device))
  }
}

/// What both sides have seen of each other.
enum SessionTranscript {
  static func digest(device: [UInt8], offer: [UInt8], answer: [UInt8]) -> SM3.Digest {
    SM3.hash(KeyLadder.prefixed(device) + KeyLadder.prefixed(offer) + KeyLadder.prefixed(answer))
  }

  static func agree(
    _ key: consuming SM2.AgreementKey, with share: some Collection<UInt8>
  ) throws(KeyLadderError) -> SecretBytes {
    do { return try key.agree(with: SM2.AgreementShare(x963: share)) } catch { throw .notAuthentic }
  }
}
