import Estate
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Devices

@Suite("Devices on both stores")
struct StoresTests {
  private func fixture(_ backend: Backend) async throws -> Fixture {
    try await Fixture(fresh: Fresh.on(backend, [Estate.migrations, Devices.migrations]))
  }

  @Test("the registry, its lists and its files", arguments: Backend.allCases)
  func registry(_ backend: Backend) async throws {
    let fixture = try await fixture(backend)
    let (devices, principal) = (fixture.devices, fixture.principal)
    let estate = Estate(work: fixture.fresh.work)
    let project = try await estate.openProject(name: "P", by: principal)
    let building = try await estate.addBuilding(
      NewBuilding(project: project.id, name: "1号楼", floors: 1, roomsOfFloor: 2), by: principal)
    let csv = "name,model,building,room\nB-2,lock.basic,1号楼,101\nA_1,smoke.basic,,\nB-2,lock.basic,,\n"
    let report = try await devices.register(csv: Array(csv.utf8), by: principal)
    #expect(report.registered == 2 && report.refused == 1)
    #expect(
      try await devices.list(DeviceQuery(), by: principal).items.map(\.device.name.description) == ["A_1", "B-2"])
    #expect(try await devices.list(DeviceQuery(text: "A_"), by: principal).items.count == 1)
    #expect(try await devices.list(DeviceQuery(building: building.id), by: principal).items.count == 1)
    #expect(try await devices.counts(by: principal).lines.map(\.count) == [1, 1])
    let lock = try await devices.device(named: "B-2", by: principal).device
    let changed = try await devices.change(lock.id, DeviceChange(room: .some(nil)), expecting: 1, by: principal)
    #expect(changed.place == nil)
    let issued = try await devices.issueCertificate(
      lock.id, requestPEM: try Requests.pem(), validityDays: nil, by: principal)
    _ = try await devices.revokeCertificate(
      lock.id, serial: issued.record.serial, reason: "superseded", by: principal)
    #expect(try await devices.certificates(lock.id, by: principal).first?.revocationReason == "superseded")
    #expect(!(try await devices.revocationList(by: principal)).isEmpty)
    let next = fixture.stranger()
    try await devices.transfer(lock.id, to: next.organisation, by: principal)
    _ = try await devices.decommission(lock.id, by: next)
    let again = try await Fixture(fresh: fixture.fresh)
    #expect(again.devices.directory["B-2"]?.decommissioned == true)
  }

  @Test("commands, twins, events, greetings, rejected parts and liveness",
    .clause("7.1.2d", "7.2.2a"), arguments: Backend.allCases)
  func activity(_ backend: Backend) async throws {
    let fixture = try await fixture(backend)
    let (devices, principal, lock) = (fixture.devices, fixture.principal, try await fixture.lock())
    fixture.sessions.connect(lock, at: fixture.fresh.clock.now)
    let dispatcher = CommandDispatcher(devices: devices)
    let command = try await devices.issue(
      NewCommand(device: lock.id, service: "unlock", idempotencyKey: "k"), by: principal)
    try await dispatcher.sweep()
    let answer = #"{"boot":1,"seq":1,"id":"\#(command.id)","state":"done","values":{"locked":false}}"#
    _ = try await fixture.handle(answer, .reply, from: lock, sequence: 1)
    try await dispatcher.endOverdue()
    try await dispatcher.verifyDone()
    #expect(try await devices.commands(CommandQuery(states: [.verified]), by: principal).items.count == 1)
    _ = try await devices.desire(lock.id, ["soundOn": .bool(true)], expecting: 0, by: principal)
    try await TwinReconciler(devices: devices).sweep()
    _ = try await fixture.handle(
      #"{"boot":1,"seq":2,"reported":{"soundOn":true}}"#, .reported, from: lock, sequence: 2)
    #expect(!(try await devices.twin(lock.id, by: principal).differs))
    for _ in 0..<2 {
      _ = try await fixture.handle(#"{"boot":1,"seq":3,"event":"tamper"}"#, .event, from: lock, sequence: 3)
    }
    #expect(try await devices.events(DeviceEventQuery(levels: [.alarm]), by: principal).items.count == 1)
    for boot: Int64 in [3, 2] {
      _ = try await fixture.handle(
        #"{"boot":\#(boot),"seq":0,"firmware":"\#(boot)"}"#, .hello, from: lock, boot: boot)
    }
    #expect(try await devices.device(lock.id, by: principal).hello?.boot == 3)
    let liveness = LivenessService(devices: devices, board: fixture.board)
    try await liveness.open()
    fixture.board.connected([lock.number], at: fixture.fresh.clock.now)
    try await liveness.turn()
    #expect(try await devices.list(DeviceQuery(liveness: [.online]), by: principal).items.count == 1)
  }

  @Test("rejected parts of both sources are one list, newest first, in pages", arguments: Backend.allCases)
  func rejected(_ backend: Backend) async throws {
    let fixture = try await fixture(backend)
    let lock = try await fixture.lock()
    let messages = DeviceMessages(devices: fixture.devices)
    for sequence: Int64 in 0..<5 {
      let message = UrgentMessage(
        device: lock.number, channel: .event, boot: 1, sequence: sequence, deviceTime: fixture.fresh.clock.now,
        receivedAt: fixture.fresh.clock.now,
        payload: Array(#"{"boot":1,"seq":\#(sequence),"event":"x\#(sequence)"}"#.utf8))
      try await fixture.fresh.work.run(DevicesError.self) { unit in try messages.handle(unit, message) }
      fixture.fresh.clock.advance(by: .seconds(1))
    }
    var given: [String] = []
    var cursor: String?
    repeat {
      let page = try await fixture.devices.rejectedReadings(
        lock.id, PageRequest(cursor: cursor, limit: 2), by: fixture.principal)
      given += page.items.map(\.given)
      cursor = page.next
    } while cursor != nil
    #expect(given == ["x4", "x3", "x2", "x1", "x0"])
    #expect(try await fixture.kinds().filter { $0 == "reading.rejected" }.count == 5)
    await #expect(throws: DevicesError.cursorInvalid) {
      try await fixture.devices.rejectedReadings(
        lock.id, PageRequest(cursor: "nonsense"), by: fixture.principal)
    }
  }

  @Test("the migrations may run twice", arguments: Backend.allCases)
  func migrations(_ backend: Backend) async throws {
    let fixture = try await fixture(backend)
    try await fixture.fresh.store.migrate([Devices.migrations])
  }

  @Test("another process's changes reach this one by the journal, and end its sessions")
  func follower() async throws {
    let here = try await Fixture()
    let there = try await Fixture(fresh: here.fresh)
    let lock = try await there.lock()
    let issued = try await there.devices.issueCertificate(
      lock.id, requestPEM: try Requests.pem(), validityDays: nil, by: here.principal)
    here.sessions.connect(lock, at: here.fresh.clock.now)
    here.fresh.clock.advance(by: .seconds(1))
    _ = try await there.devices.revokeCertificate(
      lock.id, serial: issued.record.serial, reason: "keyCompromise", by: here.principal)
    #expect(here.devices.directory["LK-1"] == nil)
    let follower = DirectoryFollower(devices: here.devices, journal: here.fresh.journal, start: 0)
    try await follower.drain()
    #expect(here.devices.directory["LK-1"]?.number == lock.number)
    #expect(here.devices.revoked.contains(issued.record.serial))
    #expect(here.sessions.ended.map(\.1) == [.certificateRevoked])
  }

  @Test("lists of devices, commands and events read along an index, never a whole table")
  func plans() async throws {
    let fixture = try await Fixture()
    let organisation = fixture.fresh.organisation
    let queries: [SQL] = [
      "SELECT * FROM device WHERE organisation = \(organisation) AND name > 'a' ORDER BY name LIMIT 51",
      "SELECT * FROM device_command WHERE ended_at IS NULL AND due_at <= 1 ORDER BY due_at, id LIMIT 500",
      """
      SELECT * FROM device_command WHERE organisation = \(organisation) AND device = \(organisation)
        AND ended_at IS NULL ORDER BY id
      """,
      "SELECT * FROM device_event WHERE organisation = \(organisation) ORDER BY id DESC LIMIT 51",
      "SELECT device FROM device_twin WHERE differs = 1 ORDER BY device LIMIT 500",
    ]
    for query in queries {
      let plan = try await fixture.fresh.store.read { sql in
        try sql.rows("EXPLAIN QUERY PLAN " + query).map { try $0.text("detail") }
      }
      #expect(!plan.contains { $0.hasPrefix("SCAN") && !$0.contains("INDEX") }, "\(query.text): \(plan)")
    }
  }
}
