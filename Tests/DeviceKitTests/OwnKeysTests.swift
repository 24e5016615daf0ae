import Guomi
import KeyLadder
import SecureElement
import TestSupport
import Testing

@testable import DeviceKit

@Suite("Keys in a device without a secure element", .clause("9.4d", "9.4e"))
struct OwnKeysTests {
  private let random: RandomSource
  private let root: DeviceRoot
  private let station: ProvisioningStation
  private let memory = MemoryFlash()
  private let lot = [UInt8](repeating: 9, count: 16)
  private let epoch = KeyEpoch(start: 1_728_000_000)

  init() throws {
    let shared = SharedRandom(seed: 77)
    let random = RandomSource { shared.bytes($0) }
    self.random = random
    root = try DeviceRoot(
      version: 1, withElement: random.secret(32), withoutElement: random.secret(32),
      signing: SM2.SigningKey.generate(random: random), random: random)
    station = ProvisioningStation(
      name: "ST-1", signing: try SM2.SigningKey.generate(random: random),
      decryption: try SM2.DecryptionKey.generate(random: random), random: random)
  }

  private func keys() throws -> OwnKeys { try OwnKeys(device: "WM-1", memory: memory, random: random) }

  /// - Returns: the device's random number.
  private func provision(_ keys: OwnKeys) async throws -> [UInt8] {
    let (root, lot, station) = (root, lot, station)
    var drawn: [UInt8] = []
    _ = try await station.provision(keys, device: "WM-1", lot: lot, platform: root.platformKey) { request, signature in
      let read = try ProvisioningRequest(request)
      drawn = read.random
      let key = SM2.VerifyingKey(try SM2.PublicPoint(x963: station.verifyingKey))
      #expect(
        try key.isValid(
          SM2.Signature(raw: signature), for: ProvisioningRequest.endorsement(lot: lot, request: request)))
      return try root.answer(read).answer.message
    }
    return drawn
  }

  private func renew(_ keys: OwnKeys, _ drawn: [UInt8]) async throws -> SecretBytes {
    let request = try KeyRenewalAnswer.Request(try await keys.beginRenewal(epochStart: epoch.start))
    let platformRandom = try random.bytes(16)
    let key = try root.communicationKey(
      KeyLadder.Holder(element: nil, device: Array("WM-1".utf8)), random: drawn, epoch: epoch,
      platformRandom: platformRandom, deviceRandom: request.deviceRandom)
    let answer = KeyRenewalAnswer(request, key: key, platformRandom: platformRandom)
    let finish = try await keys.finishRenewal(answer.message)
    return try answer.finish(finish)
  }

  @Test("come over the network, survive a restart, renew and protect both ways")
  func network() async throws {
    let drawn = try await provision(try keys())
    let keys = try keys()
    let key = try await renew(keys, drawn)
    let offer = try await keys.offerSession(isEphemeral: false)
    let answer = try SessionAnswer(
      SessionAnswer.Request(offer.message), device: Array("WM-1".utf8), communicationKey: key, identity: nil,
      random: random)
    let finish = try await keys.finishSession(offer.number, answer: answer.message)
    let platform = try answer.finish(finish)
    let sealed = try platform.seal([1, 2, 3], context: [4])
    #expect(try await keys.unprotect(sealed, context: [4], session: offer.number) == [1, 2, 3])
    await #expect(throws: SecureElementError.replayed) {
      _ = try await keys.unprotect(sealed, context: [4], session: offer.number)
    }
    let back = try await keys.protect([5], context: [6], session: offer.number)
    #expect(try platform.open(back, context: [6]) == [5])
    try await keys.endSession(offer.number)
    await #expect(throws: SecureElementError.missing) {
      _ = try await keys.protect([5], context: [6], session: offer.number)
    }
  }

  @Test("come out of a file that only its station opens, for this device only")
  func file() async throws {
    let holders = try ["WM-1", "WM-2"].map { try KeyLadder.Holder(element: nil, device: Array($0.utf8)) }
    let devices = try holders.map { ($0, try random.bytes(32)) }
    let file = try root.file(
      devices, lot: lot, station: Array("ST-1".utf8),
      encryptionKey: SM2.EncryptionKey(SM2.PublicPoint(x963: station.encryptionKey)), validity: 100..<200
    ).file
    #expect(throws: KeyLadderError.epoch) { try station.open(file, now: 200, platform: root.platformKey) }
    let other = ProvisioningStation(
      name: "ST-2", signing: try SM2.SigningKey.generate(random: random),
      decryption: try SM2.DecryptionKey.generate(random: random), random: random)
    #expect(throws: KeyLadderError.id) { try other.open(file, now: 150, platform: root.platformKey) }
    let entries = try station.open(file, now: 150, platform: root.platformKey)
    let keys = try keys()
    await #expect(throws: SecureElementError.malformed) {
      try await keys.take(entries[1], platform: root.platformKey)
    }
    try await keys.take(entries[0], platform: root.platformKey)
    await #expect(throws: SecureElementError.sequence) {
      try await keys.take(entries[0], platform: root.platformKey)
    }
    #expect(try await renew(try self.keys(), devices[0].1).count == 32)
  }

  @Test("a key that was renewed with another platform's answer is not taken")
  func forged() async throws {
    let keys = try keys()
    _ = try await provision(keys)
    await #expect(throws: SecureElementError.notAuthentic) {
      _ = try await renew(keys, [UInt8](repeating: 0, count: 32))
    }
    await #expect(throws: SecureElementError.sequence) { _ = try await keys.offerSession(isEphemeral: true) }
  }
}
