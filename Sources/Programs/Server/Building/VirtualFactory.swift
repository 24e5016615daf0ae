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
  /// Devices after which it is noted who has keys.
  private static let devicesOfNote = 16
  private static let lotSeconds = 3_600
  private static let stationPrefix = "VIRTUAL-"
  private static let pageLimit = 200

  /// Whether every device has its key.
  var isDone: Bool { missingCount == 0 }

  /// Devices that have no key yet.
  var missingCount: Int { Set(plan.devicesWithKeys).subtracting(folder.keyed).count }

  /// Provisions the devices that have no key yet, and notes them as it goes: whoever watches the folder can use a key
  /// as soon as it is there, and after a kill at any moment the next call goes on where this one was.
  ///
  /// - Throws: why none could be: `ProvisioningError`, `BuildingError`. What fails for one device is logged.
  func equip(_ rack: ElementRackLink, by platform: Principal) async throws {
    let missing = plan.devicesWithKeys.filter { !folder.keyed.contains($0) }
    guard !missing.isEmpty else { return }
    let key = try await provisioning.platformKey(by: platform)
    try await closeForgottenLots(by: platform)
    let (signing, decryption) = (
      try SM2.SigningKey.generate(random: random), try SM2.DecryptionKey.generate(random: random)
    )
    let suffix = try random.bytes(4).map { String($0, radix: 16) }.joined()
    let station = ProvisioningStation(
      name: Self.stationPrefix + suffix, signing: signing, decryption: decryption, random: random)
    let registered = try await provisioning.registerStation(
      .init(name: station.name, verifyingKey: station.verifyingKey, encryptionKey: station.encryptionKey), by: platform)
    let now = provisioning.now
    let lot = try await provisioning.openLot(
      station: registered.id, quota: missing.count, from: now, until: now.advanced(by: .seconds(Self.lotSeconds)),
      by: platform)
    try await equip(missing, Bench(station: station, lot: lot.id, key: key, rack: rack, platform: platform))
    _ = try await provisioning.closeLot(lot.id, by: platform)
  }

  /// Ends the lots of stations whose process was killed: their keys are gone, nobody can use them any more.
  private func closeForgottenLots(by platform: Principal) async throws {
    var cursor: String?
    repeat {
      let found = try await provisioning.lots(
        LotQuery(text: Self.stationPrefix, state: .open, page: PageRequest(cursor: cursor, limit: Self.pageLimit)),
        by: platform)
      for lot in found.items where lot.station.name.hasPrefix(Self.stationPrefix) {
        _ = try await provisioning.closeLot(lot.lot.id, by: platform)
      }
      cursor = found.next
    } while cursor != nil
  }

  private func equip(_ devices: [String], _ bench: Bench) async throws {
    try await withThrowingTaskGroup(of: String?.self) { group in
      var waiting = devices[...]
      for device in waiting.prefix(Self.devicesAtOnce) { group.addTask { await equip(device, bench) } }
      waiting = waiting.dropFirst(Self.devicesAtOnce)
      var (keyed, unnoted) = (folder.keyed, 0)
      for try await device in group {
        if let device {
          keyed.insert(device)
          unnoted += 1
        }
        if unnoted >= Self.devicesOfNote {
          try folder.note(keyed: keyed)
          unnoted = 0
        }
        if !Task.isCancelled, let next = waiting.popFirst() { group.addTask { await equip(next, bench) } }
      }
      if unnoted > 0 { try folder.note(keyed: keyed) }
    }
    try Task.checkCancellation()
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
    } catch is CancellationError {
      return nil
    } catch {
      guard !Task.isCancelled else { return nil }
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
