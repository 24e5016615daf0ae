import Guomi
import KeyLadder
import TestSupport

/// A device and the platform with the keys that provisioning gave them.
struct Parties {
  static let now: UInt64 = 1_795_415_528

  let device: [UInt8]
  let deviceKey: SecretBytes
  let communicationKey: SecretBytes
  let epoch = KeyEpoch(at: Parties.now)
  let random: RandomSource
  let deviceIdentity: SessionIdentity
  let platformIdentity: SessionIdentity

  /// - Parameter name: two parties of different names share nothing but the root.
  init(_ name: String = "LK-0803", seed: UInt64 = 1) throws {
    let shared = SharedRandom(seed: seed &+ UInt64(name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }))
    let random = RandomSource { shared.bytes($0) }
    self.random = random
    device = Array(name.utf8)
    let root = SecretBytes(copying: (0..<32).map { UInt8($0) })
    deviceKey = try KeyLadder.deviceKey(
      root: root, holder: KeyLadder.Holder(element: Array("SE-\(name)".utf8), device: device),
      random: try random.bytes(32))
    communicationKey = try KeyLadder.communicationKey(
      deviceKey: deviceKey, device: device, epoch: epoch, platformRandom: try random.bytes(16),
      deviceRandom: try random.bytes(16))
    let (own, platform) = (try SM2.SigningKey.generate(random: random), try SM2.SigningKey.generate(random: random))
    deviceIdentity = SessionIdentity(peer: platform.verifyingKey, own: own, random: random)
    platformIdentity = SessionIdentity(peer: own.verifyingKey, own: platform, random: random)
  }

  func offer(_ way: AgreementWay) throws -> SessionOffer {
    try SessionOffer(
      device: device, communicationKey: communicationKey, epoch: epoch,
      identity: way == .ephemeral ? deviceIdentity : nil, random: random)
  }

  func answer(_ offer: [UInt8]) throws -> SessionAnswer {
    try SessionAnswer(
      SessionAnswer.Request(offer), device: device, communicationKey: communicationKey, identity: platformIdentity,
      random: random)
  }

  /// Both sides of an agreed session.
  func session(_ way: AgreementWay) throws -> (device: ProtectedSession, platform: ProtectedSession) {
    let offer = try offer(way)
    let answer = try answer(offer.message)
    let (session, finish) = try offer.finish(answer.message)
    return (session, try answer.finish(finish))
  }
}
