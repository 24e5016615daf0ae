import Accounts
import Alarms
import CertificateAuthority
import Devices
import Foundation
import Kernel
import NIOCore
import NIOPosix
import TestSupport
import Testing
import VirtualBuilding

@testable import Server

/// The virtual building at the real server: everything in between is real.
@Suite("A building at the server")
struct WholeBuildingTests {
  @Test(
    "its devices are registered, come in, are read, obey, and raise an alarm",
    .clause("5.1b1", "6.2.1", "7.1.1", "7.1.2c"))
  func whole() async throws {
    let house = try ServerHouse()
    let server = try await AnjuServer.open(house.settings(), logger: .silent)
    let platform = try #require(try await server.contexts.accounts.platform())
    let folder = house.folder.url.appending(path: "building")
    let plan = BuildingPlan(floors: 10, roomsPerFloor: 1)
    let estate = VirtualEstate(
      estate: server.contexts.estate, devices: server.contexts.devices,
      authorityPEM: try server.certificates.authority.certificatePEM, folder: folder, plan: plan)
    try await estate.prepare(by: platform)
    try await house.serving(server) { addresses in
      let building = try house.building(plan, in: folder, at: addresses)
      building.start()
      try await comesIn(plan, server, platform)
      try await isRead(server, platform)
      try await obeys(server, platform)
      try await raisesAlarm(building, server, platform)
      await building.stop()
    }
  }

  private func comesIn(_ plan: BuildingPlan, _ server: AnjuServer, _ platform: Principal) async throws {
    try await until {
      let page = try await server.contexts.devices.list(DeviceQuery(page: PageRequest(limit: 100)), by: platform)
      return page.items.count == plan.devices.count && page.items.allSatisfy { $0.liveness.state == .online }
    }
  }

  private func isRead(_ server: AnjuServer, _ platform: Principal) async throws {
    let devices = server.contexts.devices
    for (name, property) in [
      ("EM-0101", "energyWh"), ("WM-0201", "volumeLitres"), ("LK-0101", "locked"), ("SD-0201", "batteryPercent"),
    ] {
      let detail = try await devices.device(named: name, by: platform)
      try await until {
        try await devices.latest(detail.device.id, by: platform).contains { $0.property == property }
      }
    }
  }

  private func obeys(_ server: AnjuServer, _ platform: Principal) async throws {
    let devices = server.contexts.devices
    let lock = try await devices.device(named: "LK-0101", by: platform).device.id
    let command = try await devices.issue(
      NewCommand(device: lock, service: "unlock", arguments: ["seconds": .integer(5)]), by: platform)
    try await until {
      try await devices.command(command.id, by: platform).state == .verified
    }
  }

  private func raisesAlarm(_ building: VirtualBuilding, _ server: AnjuServer, _ platform: Principal) async throws {
    let tamper = try #require(Mischief("tamper", []))
    #expect(await building.happen(tamper, to: "LK-0201").map(\.isDone) == [true])
    try await until {
      let open: [Alarm] = try await server.contexts.alarms.list(AlarmQuery(), by: platform).items
      return open.map { "\($0.source.deviceName) \($0.source.event)" }.contains("LK-0201 tamper")
    }
  }
}
