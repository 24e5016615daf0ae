import CertificateAuthority
import Devices
import Estate
import Foundation
import Kernel
import TestSupport
import Testing
import VirtualBuilding

@testable import Server

@Suite("The virtual building's estate")
struct VirtualEstateTests {
  @Test("every room has its devices, every connection its certificate; preparing again changes nothing",
    .clause("5.1b1"))
  func prepares() async throws {
    let folder = try TemporaryFolder("estate")
    let fresh = try await Fresh.inMemory([Estate.migrations, Devices.migrations])
    let random = SharedRandom(seed: 3)
    let authority = try CertificateAuthority.create(
      name: "Test CA", serial: Array(1...16), from: fresh.clock.now.milliseconds / 1_000 - 86_400, days: 7_300)
    let devices = try Devices(
      work: fresh.work, directory: DeviceDirectory(), authority: authority, randomBytes: { random.bytes($0) })
    try await devices.open()
    let estate = Estate(work: fresh.work)
    let plan = BuildingPlan(floors: 10, roomsPerFloor: 2)
    let virtual = VirtualEstate(
      estate: estate, devices: devices, authorityPEM: try authority.certificatePEM,
      folder: URL(fileURLWithPath: folder.path("building")), plan: plan)
    let platform = fresh.principal(kind: .platform)
    try await virtual.prepare(by: platform)
    let lock = try await devices.device(named: "LK-0802", by: platform)
    let room = try #require(lock.device.place?.room)
    #expect(try await estate.room(room, by: platform).room.name == "0802")
    #expect(try await devices.certificates(lock.device.id, by: platform).count == 1)
    #expect(try await devices.device(named: "GM-08", by: platform).device.gateway != nil)
    let before = try await fresh.journal.last()
    try await virtual.prepare(by: platform)
    #expect(try await fresh.journal.last() == before)
    let files = BuildingFolder(URL(fileURLWithPath: folder.path("building")))
    #expect(plan.connected.allSatisfy { files.holds($0.name) } && !files.holds("GM-08"))
  }
}
