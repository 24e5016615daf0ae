import Accounts
import CertificateAuthority
import DeviceKit
import DeviceGateway
import Devices
import Foundation
import Guomi
import Kernel
import NIOCore
import NIOPosix
import Provisioning
import SecureElement
import TestSupport
import Testing
import VirtualBuilding

@testable import Server

/// Server, key service, secure elements and building as `anju up` joins them, each in its own process but the first and
/// last.
@Suite("A building whose locks and valves hold keys", .timeLimit(.minutes(5)))
struct VirtualKeysTests {
  @Test(
    "gets its keys from a station, keeps them in its elements, and opens doors and valves protected only",
    .clause("9.4b", "9.4d", "9.4e", "9.2.2b"))
  func whole() async throws {
    let house = try ServerHouse()
    let server = try await AnjuServer.open(house.settings([.vaultStart: "true"]), logger: .silent)
    let platform = try #require(try await server.contexts.accounts.platform())
    let folder = house.folder.url.appending(path: "building")
    let plan = BuildingPlan(floors: 10, roomsPerFloor: 1)
    let estate = VirtualEstate(
      estate: server.contexts.estate, devices: server.contexts.devices,
      authorityPEM: try server.certificates.authority.certificatePEM, folder: folder, plan: plan)
    try await estate.prepare(by: platform)
    let elements = ElementProcess(folder: folder, logger: .silent)
    #expect(elements.start(plan.devicesWithKeys))
    #expect(await elements.isReady())
    let files = BuildingFolder(folder)
    let factory = VirtualFactory(
      provisioning: server.contexts.provisioning, folder: files, random: .operatingSystem, logger: .silent, plan: plan)
    try await factory.equip(ElementRackLink(socket: elements.socket), by: platform)
    #expect(factory.isDone && files.keyed.count == 30)
    let last = try await server.contexts.provisioning.key(of: "GM-10")
    #expect(last?.state == .issued && last?.element?.count == 16)
    try await house.serving(server) { addresses in
      let building = try house.building(plan, in: folder, at: addresses, elements: elements.socket)
      building.start()
      for (name, service, argument) in [
        ("LK-0101", "unlock", ("seconds", PropertyValue.integer(5))),
        ("WM-0201", "setValve", ("valve", .text("closed"))),
        ("GM-03", "setValve", ("valve", .text("closed"))),
      ] {
        let device = try await server.contexts.devices.device(named: name, by: platform).device
        try await until { server.contexts.keys.hasSession(device.number) }
        let command = try await server.contexts.devices.issue(
          NewCommand(device: device.id, service: service, arguments: [argument.0: argument.1]), by: platform)
        try await until {
          try await server.contexts.devices.command(command.id, by: platform).state == .verified
        }
      }
      await building.stop()
    }
    elements.stop()
  }

  @Test(
    "what a killed factory left is finished by the next: no key is given twice, none is lost, no lot stays open",
    .clause("9.4d", "9.2.2b"))
  func killed() async throws {
    let house = try ServerHouse()
    let server = try await AnjuServer.open(house.settings([.vaultStart: "true"]), logger: .silent)
    let platform = try #require(try await server.contexts.accounts.platform())
    let provisioning = server.contexts.provisioning
    let url = house.folder.url.appending(path: "building")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let plan = BuildingPlan(floors: 1, roomsPerFloor: 2)
    let elements = ElementProcess(folder: url, logger: .silent)
    #expect(elements.start(plan.devicesWithKeys))
    #expect(await elements.isReady())
    let rack = ElementRackLink(socket: elements.socket)
    let left = try await LeftBench(provisioning, platform)
    // Killed after the element had its key, and before that was noted.
    try await left.provision("LK-0101", rack)
    // Killed after the platform had answered.
    await #expect(throws: LeftBench.Killed.self) { try await left.provision("WM-0101", rack, answers: false) }
    let before = try await provisioning.key(of: "LK-0101")
    let lost = try await provisioning.key(of: "WM-0101")
    let factory = VirtualFactory(
      provisioning: provisioning, folder: BuildingFolder(url), random: .operatingSystem, logger: .silent, plan: plan)
    #expect(factory.missingCount == 5)
    try await factory.equip(rack, by: platform)
    #expect(factory.isDone && BuildingFolder(url).keyed == Set(plan.devicesWithKeys))
    let after = try await provisioning.key(of: "LK-0101")
    let anew = try await provisioning.key(of: "WM-0101")
    #expect(before != nil && before?.id == after?.id)
    #expect(anew?.state == .issued && anew?.id != lost?.id)
    for device in plan.devicesWithKeys {
      // The element has it too: it renews with a device key only.
      _ = try await RackedElement(device, in: rack).beginRenewal(epochStart: 0)
    }
    let lots = try await provisioning.lots(LotQuery(), by: platform).items
    #expect(lots.count == 2 && lots.allSatisfy { $0.lot.closedAt != nil })
    try await factory.equip(rack, by: platform)
    #expect(try await provisioning.lots(LotQuery(), by: platform).items == lots)
    elements.stop()
    server.vault.process?.stop()
  }

  @Test("a building whose key service does not answer says why, and keeps what it has")
  func noKeyService() async throws {
    let house = try ServerHouse()
    let server = try await AnjuServer.open(house.settings(), logger: .silent)
    let platform = try #require(try await server.contexts.accounts.platform())
    let factory = VirtualFactory(
      provisioning: server.contexts.provisioning, folder: BuildingFolder(house.folder.url), random: .operatingSystem,
      logger: .silent, plan: BuildingPlan(floors: 1, roomsPerFloor: 1))
    try factory.folder.note(keyed: ["LK-0101"])
    await #expect(throws: ProvisioningError.keyServiceUnavailable) {
      try await factory.equip(ElementRackLink(socket: house.folder.path("none.sock")), by: platform)
    }
    #expect(factory.missingCount == 2 && factory.folder.keyed == ["LK-0101"])
  }
}

/// A factory as a killed server leaves it: a station whose key is gone, its lot open.
private struct LeftBench {
  struct Killed: Error {}

  private let provisioning: Provisioning
  private let platform: Principal
  private let station: ProvisioningStation
  private let lot: ID<ProvisioningLot>

  init(_ provisioning: Provisioning, _ platform: Principal) async throws {
    let random = RandomSource.operatingSystem
    station = ProvisioningStation(
      name: "VIRTUAL-0", signing: try SM2.SigningKey.generate(random: random),
      decryption: try SM2.DecryptionKey.generate(random: random), random: random)
    let registered = try await provisioning.registerStation(
      .init(name: station.name, verifyingKey: station.verifyingKey, encryptionKey: station.encryptionKey),
      by: platform)
    let now = provisioning.now
    lot = try await provisioning.openLot(
      station: registered.id, quota: 5, from: now, until: now.advanced(by: .seconds(600)), by: platform
    ).id
    self.provisioning = provisioning
    self.platform = platform
  }

  func provision(_ device: String, _ rack: ElementRackLink, answers: Bool = true) async throws {
    _ = try await station.provision(
      RackedElement(device, in: rack), device: device, lot: lot.bytes,
      platform: provisioning.platformKey(by: platform)
    ) { request, signature in
      let answer = try await provisioning.provision(lot: lot, message: request, signature: signature, by: platform)
      if answers { return answer }
      throw Killed()
    }
  }
}
