import Accounts
import CertificateAuthority
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
    await factory.equip(ElementRackLink(socket: elements.socket), by: platform)
    #expect(factory.isDone && files.keyed.count == 30)
    let last = try await server.contexts.provisioning.key(of: "GM-10")
    #expect(last?.state == .issued && last?.element?.count == 16)
    try await house.serving(server) { addresses in
      let building = try Self.building(plan, folder, elements.socket, house.folder.path("flash.db"), addresses)
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

  private static func building(
    _ plan: BuildingPlan, _ folder: URL, _ socket: String, _ flash: String, _ addresses: AnjuServer.Addresses
  ) throws -> VirtualBuilding {
    let port = try #require(addresses.devices.split(separator: ":").last.flatMap { Int($0) })
    var options = VirtualBuilding.Options(host: "127.0.0.1", port: port)
    options.startSpreadMilliseconds = 50
    options.elementSocket = socket
    let clock = VirtualClock(
      wallMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000),
      realMilliseconds: { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) })
    return try VirtualBuilding(
      plan: plan, options: options, folder: BuildingFolder(folder), flashPath: flash, clock: clock,
      group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
  }
}
