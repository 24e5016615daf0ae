import Guomi
import KeyLadder
import Kernel
import TestSupport
import Testing

@testable import Provisioning

@Suite("Communication keys, an epoch each", .clause("9.4e", "9.2.2b"), .timeLimit(.minutes(10)))
struct EpochTests {
  /// A device with its key, renewing.
  private func renew(
    _ factory: Factory, deviceKey: SecretBytes, device: String = "LK-1", epoch: KeyEpoch
  ) async throws -> (device: SecretBytes, platform: SecretBytes) {
    let request = try KeyRenewalRequest(epoch: epoch, random: factory.random)
    let pending = try await factory.provisioning.renew(request.message, of: device)
    let (key, finish) = try request.finish(pending.message) { (platform, own) throws(KeyLadderError) in
      try KeyLadder.communicationKey(
        deviceKey: deviceKey, device: Array(device.utf8), epoch: epoch, platformRandom: platform, deviceRandom: own)
    }
    return (key, try await factory.provisioning.finish(pending, finish))
  }

  @Test("a device renews its key, and a restarted platform still has it", arguments: Backend.allCases)
  func renews(backend: Backend) async throws {
    let factory = try await Factory(backend)
    let lot = try await factory.lot()
    let element = try factory.element("LK-1")
    let deviceKey = try element.open(await factory.provision(element, lot), factory)
    let epoch = KeyEpoch(at: factory.fresh.clock.now.unixSeconds)
    #expect(try await factory.provisioning.communicationKey(of: "LK-1", epoch: epoch) == nil)
    let (own, platform) = try await renew(factory, deviceKey: deviceKey, epoch: epoch)
    #expect(own == platform)
    #expect(try await factory.provisioning.key(of: "LK-1")?.state == .confirmed)
    let restarted = Provisioning(work: factory.fresh.work, keys: factory.keys, randomBytes: { _ in [] })
    #expect(try await restarted.communicationKey(of: "LK-1", epoch: epoch) == own)
    let (next, _) = try await renew(factory, deviceKey: deviceKey, epoch: KeyEpoch(start: epoch.start + 86_400))
    #expect(next != own)
  }

  @Test("an epoch that is over is accepted one epoch longer, then no more; a clock that jumps is told so")
  func over() async throws {
    let factory = try await Factory()
    let lot = try await factory.lot()
    let element = try factory.element("LK-1")
    let deviceKey = try element.open(await factory.provision(element, lot), factory)
    let epoch = KeyEpoch(at: factory.fresh.clock.now.unixSeconds)
    _ = try await renew(factory, deviceKey: deviceKey, epoch: epoch)
    factory.fresh.clock.advance(by: .seconds(86_400))
    #expect(try await factory.provisioning.communicationKey(of: "LK-1", epoch: epoch) != nil)
    factory.fresh.clock.advance(by: .seconds(86_400))
    await #expect(throws: ProvisioningError.requestInvalid(problem: "is of an epoch that is not now")) {
      try await factory.provisioning.communicationKey(of: "LK-1", epoch: epoch)
    }
    await #expect(
      throws: ProvisioningError.requestInvalid(
        problem: "is of an epoch that is not now: the device's clock is wrong, or it is old")
    ) { try await renew(factory, deviceKey: deviceKey, epoch: epoch).device }
  }

  @Test("who has another device's key renews nothing", .clause("9.4d"))
  func stolen() async throws {
    let factory = try await Factory()
    let lot = try await factory.lot()
    let (one, two) = (try factory.element("LK-1"), try factory.element("LK-2"))
    let stolen = try one.open(await factory.provision(one, lot), factory)
    _ = try await factory.provision(two, lot)
    let epoch = KeyEpoch(at: factory.fresh.clock.now.unixSeconds)
    await #expect(throws: KeyLadderError.notAuthentic) {
      try await renew(factory, deviceKey: stolen, device: "LK-2", epoch: epoch).device
    }
    let request = try KeyRenewalRequest(epoch: epoch, random: factory.random)
    let pending = try await factory.provisioning.renew(request.message, of: "LK-2")
    do {
      _ = try await factory.provisioning.finish(pending, [1, 0x23, 0] + [UInt8](repeating: 7, count: 32))
      Issue.record("a device without the key was believed")
    } catch {
      #expect(error == .checkValueWrong)
    }
    #expect(try await factory.provisioning.key(of: "LK-2")?.state == .issued)
    #expect(try await factory.provisioning.communicationKey(of: "LK-2", epoch: epoch) == nil)
  }

  @Test("without the key service a device is told to come again, and nothing of before is lost")
  func serviceDown() async throws {
    let factory = try await Factory()
    let lot = try await factory.lot()
    let element = try factory.element("LK-1")
    let deviceKey = try element.open(await factory.provision(element, lot), factory)
    let epoch = KeyEpoch(at: factory.fresh.clock.now.unixSeconds)
    let (own, _) = try await renew(factory, deviceKey: deviceKey, epoch: epoch)
    factory.keys.fail(.unavailable)
    await #expect(throws: ProvisioningError.keyServiceUnavailable) {
      try await factory.provisioning.communicationKey(of: "LK-1", epoch: epoch)
    }
    factory.keys.fail(nil)
    #expect(try await factory.provisioning.communicationKey(of: "LK-1", epoch: epoch) == own)
  }
}
