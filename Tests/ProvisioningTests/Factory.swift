import Guomi
import KeyLadder
import Kernel
import Provisioning
import SQLStore
import Synchronization
import TestSupport

/// A platform with one station, and the devices in its hands.
struct Factory {
  let fresh: Fresh
  let provisioning: Provisioning
  let keys: LocalRootKeys
  let principal: Principal
  let random: RandomSource
  let signing: SM2.SigningKey
  let decryption: SM2.DecryptionKey
  let station: FactoryStation

  init(_ backend: Backend = .sqlite, stationName: String = "ST-1") async throws {
    fresh = try await Fresh.on(backend, [Provisioning.migrations])
    let shared = SharedRandom(seed: 21)
    let random = RandomSource { shared.bytes($0) }
    self.random = random
    keys = try LocalRootKeys(random: random)
    provisioning = Provisioning(work: fresh.work, keys: keys, randomBytes: { shared.bytes($0) })
    principal = fresh.principal()
    signing = try SM2.SigningKey.generate(random: random)
    decryption = try SM2.DecryptionKey.generate(random: random)
    station = try await provisioning.registerStation(
      .init(
        name: stationName, verifyingKey: signing.verifyingKey.point.x963,
        encryptionKey: decryption.encryptionKey.point.x963), by: principal)
  }

  func lot(quota: Int = 10, seconds: Int = 3_600) async throws -> ProvisioningLot {
    let now = fresh.clock.now
    return try await provisioning.openLot(
      station: station.id, quota: quota, from: now, until: now.advanced(by: .seconds(seconds)), by: principal)
  }

  func element(_ device: String) throws -> Element { try Element(device, random: random) }

  func provision(_ element: Element, _ lot: ProvisioningLot, signer: SM2.SigningKey? = nil) async throws -> [UInt8] {
    let message = element.request.message
    let signature = try (signer ?? signing).sign(
      Provisioning.endorsement(lot: lot.id, request: message), random: random)
    return try await provisioning.provision(lot: lot.id, message: message, signature: signature.raw, by: principal)
  }
}

/// A device on the bench of a factory.
struct Element {
  let signing: SM2.SigningKey
  let decryption: SM2.DecryptionKey
  let request: ProvisioningRequest

  init(_ device: String, random: RandomSource) throws {
    let signing = try SM2.SigningKey.generate(random: random)
    decryption = try SM2.DecryptionKey.generate(random: random)
    self.signing = signing
    request = try ProvisioningRequest(
      holder: .init(element: Array("SE-\(device)".utf8), device: Array(device.utf8)), random: try random.bytes(32),
      encryptionKey: decryption.encryptionKey, verifyingKey: signing.verifyingKey
    ) { try signing.sign($0, random: random).raw }
  }

  /// - Returns: the device key.
  func open(_ answer: [UInt8], _ factory: Factory) throws -> SecretBytes {
    try ProvisioningAnswer.open(answer, of: request, platform: factory.keys.platform.verifyingKey) {
      try decryption.decrypt($0)
    }.key
  }
}
