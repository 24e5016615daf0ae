import Guomi
import KeyLadder
import SecureElement
import TestSupport
import Testing

@testable import SoftElement

/// An element in the test's own process, with a folder of its own.
final class Bench {
  let folder: TemporaryFolder
  let secret: SecretBytes
  private var running: SoftElement?

  init(randomness: Randomness? = nil) throws {
    folder = try TemporaryFolder("anju-element")
    secret = try RandomSource.operatingSystem.secret(32)
    running = try SoftElement(
      folder: folder.home, secret: secret, tested: randomness ?? Randomness(entropy: .operatingSystem))
  }

  var element: SoftElement {
    get throws { try #require(running) }
  }

  /// Ends the element and starts it again, as after a kill: nothing is said to the old one.
  func restart() throws {
    running = nil
    running = try SoftElement(
      folder: folder.home, secret: secret, tested: Randomness(entropy: .operatingSystem))
  }

  func answer(_ request: ElementRequest, caller: UInt64 = 1) throws -> ElementAnswer {
    try element.answer(request, for: caller)
  }

  func slot(_ request: ElementRequest) throws -> KeySlot {
    guard case .slot(let slot) = try answer(request) else { throw SecureElementError.inside }
    return slot
  }

  func bytes(_ request: ElementRequest, caller: UInt64 = 1) throws -> [UInt8] {
    guard case .bytes(let bytes) = try answer(request, caller: caller) else { throw SecureElementError.inside }
    return bytes
  }

  func slots() throws -> [KeySlot] {
    guard case .slots(let slots) = try answer(.slots) else { throw SecureElementError.inside }
    return slots
  }

  func offer(isEphemeral: Bool, caller: UInt64 = 1) throws -> ElementOffer {
    let answer = try answer(.offerSession(isEphemeral: isEphemeral), caller: caller)
    guard case .offer(let offer) = answer else { throw SecureElementError.inside }
    return offer
  }
}

/// The platform's side of the key ladder.
struct Platform {
  static let device = Array("dev-0042".utf8)
  static let epoch = KeyEpoch(start: 86_400 * 20_000)

  let root = SecretBytes(copying: (0..<32).map { UInt8($0) ^ 0x5a })
  let signing: SM2.SigningKey
  let random = RandomSource.operatingSystem

  init() throws { signing = try SM2.SigningKey.generate(random: random) }

  var publicKey: [UInt8] { signing.verifyingKey.point.x963 }

  func sign(_ bytes: [UInt8]) throws -> [UInt8] { try signing.sign(bytes, random: random).raw }

  func answer(_ request: [UInt8]) throws -> (message: [UInt8], request: ProvisioningRequest, key: SecretBytes) {
    let request = try ProvisioningRequest(request)
    let key = try KeyLadder.deviceKey(root: root, holder: request.holder, random: request.random)
    let answer = try ProvisioningAnswer(request, key: key, rootVersion: 1, random: random, sign: sign)
    return (answer.message, request, key)
  }

  /// Provisions an element and renews its communication key once.
  ///
  /// - Returns: what the platform then has of it.
  func provision(_ bench: Bench) throws -> (communication: SecretBytes, device: SM2.VerifyingKey, key: SecretBytes) {
    _ = try bench.answer(.trust(platform: publicKey))
    let answer = try answer(try bench.bytes(.provisioningRequest(device: Self.device)))
    _ = try bench.bytes(.provision(answer: answer.message))
    return (try renew(bench, answer.key, Self.epoch), answer.request.verifyingKey, answer.key)
  }

  func renew(_ bench: Bench, _ deviceKey: SecretBytes, _ epoch: KeyEpoch) throws -> SecretBytes {
    let request = try KeyRenewalAnswer.Request(try bench.bytes(.beginRenewal(epochStart: epoch.start)))
    let own = try random.bytes(KeyLadder.randomByteCount)
    let key = try KeyLadder.communicationKey(
      deviceKey: deviceKey, device: Self.device, epoch: request.epoch, platformRandom: own,
      deviceRandom: request.deviceRandom)
    let answer = KeyRenewalAnswer(request, key: key, platformRandom: own)
    let finish = try bench.bytes(.finishRenewal(answer: answer.message))
    return try answer.finish(finish)
  }

  /// Agrees a session that the element offered.
  func agree(
    _ bench: Bench, _ communication: SecretBytes, device: SM2.VerifyingKey, isEphemeral: Bool, caller: UInt64 = 1
  ) throws -> (number: UInt32, session: ProtectedSession) {
    let offer = try bench.offer(isEphemeral: isEphemeral, caller: caller)
    let identity = isEphemeral ? SessionIdentity(peer: device, own: signing, random: random) : nil
    let answer = try SessionAnswer(
      try SessionAnswer.Request(offer.message), device: Self.device, communicationKey: communication,
      identity: identity, random: random)
    let finish = try bench.bytes(.finishSession(offer.number, answer: answer.message), caller: caller)
    return (offer.number, try answer.finish(finish))
  }
}
