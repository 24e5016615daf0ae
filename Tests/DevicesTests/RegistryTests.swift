import Estate
import Foundation
import Kernel
import Synchronization
import TestSupport
import Testing

@testable import Devices

@Suite("The registry of devices")
struct RegistryTests {
  @Test("one device has one owner: a name that another organisation registered is taken", .clause("7.1.2b"))
  func oneOwner() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    let stranger = fixture.stranger()
    await #expect(throws: DevicesError.nameTaken("LK-1")) {
      try await fixture.devices.register(NewDevice(name: "LK-1", model: "lock.basic"), by: stranger)
    }
    await #expect(throws: DevicesError.deviceUnknown) { try await fixture.devices.device(lock.id, by: stranger) }
    await #expect(throws: DevicesError.deviceUnknown) { try await fixture.devices.decommission(lock.id, by: stranger) }
    await #expect(throws: DevicesError.deviceUnknown) {
      try await fixture.devices.transfer(lock.id, to: stranger.organisation, by: stranger)
    }
  }

  @Test("only its owner gives a device away, and its past stays with the old owner", .clause("7.1.2b"))
  func transfer() async throws {
    let fixture = try await Fixture()
    let (lock, owner, next) = (try await fixture.lock(), fixture.principal, fixture.stranger())
    let early = fixture.fresh.clock.now
    _ = try await fixture.handle(
      #"{"boot":1,"seq":0,"ts":1,"event":"tamper"}"#, .event, from: lock)
    let command = try await fixture.devices.issue(NewCommand(device: lock.id, service: "lock"), by: owner)
    fixture.fresh.clock.advance(by: .seconds(60))
    fixture.archive.set(
      [LatestValue(property: "locked", value: .bool(true), deviceTime: early, receivedAt: early)], of: lock)
    try await fixture.devices.transfer(lock.id, to: next.organisation, by: owner)
    #expect(try await fixture.devices.device(lock.id, by: next).device.organisation == next.organisation)
    await #expect(throws: DevicesError.deviceUnknown) { try await fixture.devices.device(lock.id, by: owner) }
    #expect(try await fixture.devices.events(DeviceEventQuery(), by: next).items.isEmpty)
    #expect(try await fixture.devices.events(DeviceEventQuery(), by: owner).items.count == 1)
    #expect(try await fixture.devices.command(command.id, by: owner).failure?.code == "device.transferred")
    #expect(try await fixture.devices.latest(lock.id, by: next).isEmpty)
    let from = early.advanced(by: .seconds(-3_600))
    _ = try await fixture.devices.history(
      lock.id, HistoryQuery(property: "locked", from: from, to: fixture.fresh.clock.now.advanced(by: .seconds(9))),
      by: next)
    #expect(fixture.archive.state.withLock { $0.asked.first?.from } == fixture.fresh.clock.now)
    #expect(fixture.sessions.ended.map(\.1) == [.transferred])
    #expect(fixture.devices.directory[lock.number]?.organisation == next.organisation)
  }

  @Test("wrong names, models, rooms and gateways are refused, each with its reason")
  func refusals() async throws {
    let fixture = try await Fixture()
    func register(_ new: NewDevice) async throws { _ = try await fixture.devices.register(new, by: fixture.principal) }
    await #expect(throws: DevicesError.nameInvalid("a b")) {
      try await register(NewDevice(name: "a b", model: "lock.basic"))
    }
    await #expect(throws: DevicesError.modelUnknown("no")) { try await register(NewDevice(name: "a", model: "no")) }
    await #expect(throws: DevicesError.modelUnknown("lock.basic@9")) {
      try await register(NewDevice(name: "a", model: "lock.basic", modelVersion: 9))
    }
    await #expect(throws: DevicesError.fieldInvalid(field: "room", problem: "there is no such room")) {
      try await register(NewDevice(name: "a", model: "lock.basic", room: .init(high: 1, low: 1)))
    }
    _ = try await fixture.lock("LK-9")
    await #expect(
      throws: DevicesError.fieldInvalid(field: "gateway", problem: "there is no gateway of this name in service")
    ) { try await register(NewDevice(name: "a", model: "lock.basic", gateway: "LK-9")) }
    let reader = fixture.fresh.principal([.devicesRead])
    await #expect(throws: DevicesError.denied(.devicesWrite)) {
      try await fixture.devices.register(NewDevice(name: "a", model: "lock.basic"), by: reader)
    }
  }

  @Test("devices are listed by name in pages, and found by text, kind, building and state", .clause("7.3.2d"))
  func list() async throws {
    let fixture = try await Fixture()
    let (principal, devices) = (fixture.principal, fixture.devices)
    let estate = Estate(work: fixture.fresh.work)
    let project = try await estate.openProject(name: "P", by: principal)
    let building = try await estate.addBuilding(
      NewBuilding(project: project.id, name: "2号楼", floors: 1, roomsOfFloor: 2), by: principal)
    let room = try await estate.rooms(RoomQuery(building: building.id), by: principal).items[0].room
    for index in 0..<25 {
      _ = try await devices.register(
        NewDevice(
          name: "LK_\(index)", model: "lock.basic", room: index < 3 ? room.id : nil, labels: ["楼道%\(index)"]),
        by: principal)
    }
    _ = try await devices.register(NewDevice(name: "LKX7", model: "smoke.basic"), by: principal)
    var names: [String] = []
    var cursor: String?
    repeat {
      let page = try await devices.list(DeviceQuery(page: PageRequest(cursor: cursor, limit: 10)), by: principal)
      names += page.items.map(\.device.name.description)
      cursor = page.next
    } while cursor != nil
    #expect(names.count == 26 && names == names.sorted())
    let found = try await devices.list(DeviceQuery(text: "k_7"), by: principal)
    #expect(found.items.map(\.device.name.description) == ["LK_7"])
    #expect(try await devices.list(DeviceQuery(text: "楼道%24"), by: principal).items.count == 1)
    #expect(try await devices.list(DeviceQuery(kinds: [.smokeDetector]), by: principal).items.count == 1)
    #expect(try await devices.list(DeviceQuery(building: building.id), by: principal).items.count == 3)
    #expect(try await devices.list(DeviceQuery(liveness: [.online]), by: principal).items.isEmpty)
    #expect(try await devices.list(DeviceQuery(), by: fixture.stranger()).items.isEmpty)
    await #expect(throws: DevicesError.cursorInvalid) {
      try await devices.list(DeviceQuery(page: PageRequest(cursor: "no cursor")), by: principal)
    }
    let counts = try await devices.counts(by: principal)
    #expect(counts.lines.map(\.count) == [25, 1])
  }

  @Test("a change on a record that changed meanwhile is refused")
  func stale() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    let changed = try await fixture.devices.change(
      lock.id, DeviceChange(labels: ["a"]), expecting: 1, by: fixture.principal)
    #expect(changed.version == 2 && changed.labels == ["a"])
    await #expect(throws: DevicesError.stale(current: 2)) {
      try await fixture.devices.change(lock.id, DeviceChange(labels: ["b"]), expecting: 1, by: fixture.principal)
    }
  }

  @Test("approvals that the standard asks for are missed until the registry holds them", .clause("6.1.2a", "6.2.2a"))
  func approvals() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    #expect(try await fixture.devices.device(lock.id, by: fixture.principal).missingApprovals == ["GA 374", "GB 21556"])
    let approvals = [
      ApprovalCertificate(standard: "GA 374", number: "1", expires: LocalDate("2030-01-01")),
      ApprovalCertificate(standard: "GB 21556", number: "2", expires: LocalDate("2020-01-01")),
    ]
    _ = try await fixture.devices.change(
      lock.id, DeviceChange(approvals: approvals), expecting: nil, by: fixture.principal)
    #expect(try await fixture.devices.device(lock.id, by: fixture.principal).missingApprovals == ["GB 21556"])
  }

  @Test("a decommissioned device loses its certificates, its session and its open commands, and its name stays taken")
  func decommission() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    let issued = try await fixture.devices.issueCertificate(
      lock.id, requestPEM: try Requests.pem(), validityDays: nil, by: fixture.principal)
    let command = try await fixture.devices.issue(NewCommand(device: lock.id, service: "lock"), by: fixture.principal)
    _ = try await fixture.devices.decommission(lock.id, by: fixture.principal)
    #expect(fixture.devices.revoked.contains(issued.record.serial))
    #expect(fixture.sessions.ended.map(\.1) == [.decommissioned])
    #expect(fixture.devices.directory[lock.number]?.decommissioned == true)
    #expect(try await fixture.devices.command(command.id, by: fixture.principal).state == .failed)
    await #expect(throws: DevicesError.nameTaken("LK-1")) { try await fixture.lock() }
    #expect(try await fixture.devices.list(DeviceQuery(), by: fixture.principal).items.isEmpty)
  }

  @Test("a program that starts again knows devices, models and revocations")
  func reopened() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    let issued = try await fixture.devices.issueCertificate(
      lock.id, requestPEM: try Requests.pem(), validityDays: nil, by: fixture.principal)
    _ = try await fixture.devices.revokeCertificate(
      lock.id, serial: issued.record.serial, reason: "keyCompromise", by: fixture.principal)
    let text = ThingModelTests.minimal.replacingOccurrences(of: "PROPERTIES", with: "")
      .replacingOccurrences(of: "EVENTS", with: "").replacingOccurrences(of: "SERVICES", with: "")
    _ = try await fixture.devices.load(modelJSON: Array(text.utf8), by: fixture.principal)
    let own = try await fixture.devices.register(NewDevice(name: "X", model: "x.y"), by: fixture.principal)
    let again = try await Fixture(fresh: fixture.fresh)
    #expect(again.devices.directory["LK-1"]?.number == lock.number)
    #expect(again.devices.directory[own.id]?.model.model.key == "x.y")
    #expect(again.devices.revoked.contains(issued.record.serial))
    let stranger = fixture.stranger()
    await #expect(throws: DevicesError.modelUnknown("x.y")) {
      try await again.devices.register(NewDevice(name: "Y", model: "x.y"), by: stranger)
    }
    let changed = text.replacingOccurrences(of: "\"A\"", with: "\"B\"")
    await #expect(throws: DevicesError.modelTaken("x.y@1")) {
      try await fixture.devices.load(modelJSON: Array(changed.utf8), by: fixture.principal)
    }
  }
}
