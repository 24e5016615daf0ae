import DeviceKit
import Guomi
import Kernel
import Logging
import Provisioning
import SecureElement
import VirtualBuilding

/// Gives the virtual building's locks and valves their keys, as a manufacturer's station would: registered, with a lot,
/// over the platform's provisioning service. The keys are in the building's secure elements and nowhere else.
struct VirtualFactory: Sendable {
  let provisioning: Provisioning
  let folder: BuildingFolder
  let random: RandomSource
  let logger: Logger
  var plan = BuildingPlan()

  /// Devices at once: the key service and the store answer several in one commit.
  private static let devicesAtOnce = 16
  private static let lotSeconds = 3_600

  /// Whether every device has its key.
  var isDone: Bool { folder.keyed.isSuperset(of: plan.devicesWithKeys) }

  /// Provisions the devices that have no key yet. What fails is logged: the devices that got no key work without
  /// protection, and get theirs at the next start.
  func equip(_ rack: ElementRackLink, by platform: Principal) async {
    let missing = plan.devicesWithKeys.filter { !folder.keyed.contains($0) }
    guard !missing.isEmpty else { return }
    do {
      let equipped = try await equip(missing, rack, platform)
      try folder.note(keyed: folder.keyed.union(equipped))
      guard equipped.count < missing.count else { return }
      logger.warning(
        "virtual devices got no keys", metadata: ["devices.count": "\(missing.count - equipped.count)"])
    } catch {
      logger.warning("virtual devices got no keys", metadata: ["error": "\(error)"])
    }
  }

  private func equip(_ devices: [String], _ rack: ElementRackLink, _ platform: Principal) async throws -> [String] {
    let key = try await provisioning.platformKey(by: platform)
    let (signing, decryption) = (
      try SM2.SigningKey.generate(random: random), try SM2.DecryptionKey.generate(random: random)
    )
    let suffix = try random.bytes(4).map { String($0, radix: 16) }.joined()
    let station = ProvisioningStation(
      name: "VIRTUAL-\(suffix)", signing: signing, decryption: decryption, random: random)
    let registered = try await provisioning.registerStation(
      .init(name: station.name, verifyingKey: station.verifyingKey, encryptionKey: station.encryptionKey), by: platform)
    let now = provisioning.now
    let lot = try await provisioning.openLot(
      station: registered.id, quota: devices.count, from: now, until: now.advanced(by: .seconds(Self.lotSeconds)),
      by: platform)
    let bench = Bench(station: station, lot: lot.id, key: key, rack: rack, platform: platform)
    let equipped = await withTaskGroup(of: String?.self) { group in
      var waiting = devices[...]
      for device in waiting.prefix(Self.devicesAtOnce) { group.addTask { await equip(device, bench) } }
      waiting = waiting.dropFirst(Self.devicesAtOnce)
      var done: [String] = []
      for await device in group {
        if let device { done.append(device) }
        if let next = waiting.popFirst() { group.addTask { await equip(next, bench) } }
      }
      return done
    }
    _ = try await provisioning.closeLot(lot.id, by: platform)
    return equipped
  }

  /// What a station has at hand.
  private struct Bench: Sendable {
    let station: ProvisioningStation
    let lot: ID<ProvisioningLot>
    let key: SM2.VerifyingKey
    let rack: ElementRackLink
    let platform: Principal
  }

  /// - Returns: the device when it has its key now.
  private func equip(_ device: String, _ bench: Bench) async -> String? {
    do {
      try await provision(device, bench)
      return device
    } catch SecureElementError.sequence {
      // An earlier start was cut off after the element had its key.
      return (try? await provisioning.key(of: device)) == nil ? nil : device
    } catch ProvisioningError.deviceHasKey {
      // Cut off before the element had it: that key was never anybody's.
      try? await provisioning.withdraw(
        device: device, isCompromised: false, because: "The station was cut off.", by: bench.platform)
      return (try? await provision(device, bench)) == nil ? nil : device
    } catch {
      logger.warning("a virtual device got no key", metadata: ["device.name": "\(device)", "error": "\(error)"])
      return nil
    }
  }

  private func provision(_ device: String, _ bench: Bench) async throws {
    _ = try await bench.station.provision(
      RackedElement(device, in: bench.rack), device: device, lot: bench.lot.bytes, platform: bench.key
    ) { request, signature in
      try await provisioning.provision(lot: bench.lot, message: request, signature: signature, by: bench.platform)
    }
  }
}
