import Devices
import Estate
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Alarms

/// A device's event as JSON, written by hand: what the journal holds stays readable.
private struct WrittenEvent: JournalEvent {
  static let kind = "device.event"
  let id: ID<DeviceEvent>
  let device: ID<Device>
  let deviceName: String
  let deviceKind: String
  let event: String
  let name: LocalName
  let level: String
  let clearedBy: String?
  let deviceTime: Instant
  let receivedAt: Instant
  let values: [String: PropertyValue]

  var subject: String { device.description }
}

/// An entry of the kind that no reader can understand.
private struct Garbage: JournalEvent {
  static let kind = "device.event"
  let device: ID<Device>
  var subject: String { device.description }
}

@Suite("The reader that raises alarms", .clause("6.2.1"), .timeLimit(.minutes(10)))
struct ReaderTests {
  private func record(
    _ fresh: Fresh, _ device: ID<Device>, _ event: String, _ level: EventLevel, clearedBy: String? = nil
  ) async throws {
    let organisation = fresh.organisation
    try await fresh.work.run(AlarmsError.self) { unit in
      let event = WrittenEvent(
        id: unit.newID(), device: device, deviceName: "SD-1", deviceKind: "smokeDetector", event: event,
        name: LocalName(chinese: "火灾报警", english: "Smoke"), level: level.rawValue, clearedBy: clearedBy,
        deviceTime: unit.now, receivedAt: unit.now, values: ["smoke": .integer(7)])
      try unit.record(event, organisation: organisation)
    }
  }

  @Test("raises, counts and resets each event once, however often it starts over", arguments: Backend.allCases)
  func once(backend: Backend) async throws {
    let fresh = try await Fresh.on(backend, [Estate.migrations, Alarms.migrations])
    let alarms = Alarms(work: fresh.work)
    let device: ID<Device> = fresh.work.ids.next()
    try await record(fresh, device, "smokeAlarm", .critical, clearedBy: "alarmReset")
    try await record(fresh, device, "smokeAlarm", .critical, clearedBy: "alarmReset")
    for _ in 1...3 { try await alarms.reader(fresh.journal).drain() }
    let raised = try #require(try await alarms.list(AlarmQuery(), by: fresh.principal()).items.first)
    #expect(raised.count == 2)
    #expect(raised.source.kind == .smokeDetector)
    try await record(fresh, device, "alarmReset", .info)
    for _ in 1...3 { try await alarms.reader(fresh.journal).drain() }
    let items = try await alarms.list(AlarmQuery(), by: fresh.principal()).items
    #expect(items.map(\.state) == [.reset])
    #expect(items.map(\.count) == [2])
  }

  @Test("an entry that can not be read is an alarm too, and holds up nobody")
  func unreadable() async throws {
    let fresh = try await Fresh.inMemory([Estate.migrations, Alarms.migrations])
    let alarms = Alarms(work: fresh.work)
    let device: ID<Device> = fresh.work.ids.next()
    let organisation = fresh.organisation
    try await fresh.work.run(AlarmsError.self) { unit in
      try unit.record(Garbage(device: device), organisation: organisation)
    }
    try await record(fresh, device, "smokeAlarm", .critical)
    try await alarms.reader(fresh.journal).drain()
    let items = try await alarms.list(AlarmQuery(), by: fresh.principal()).items
    #expect(items.map(\.source.event) == ["smokeAlarm", "unreadable"])
    #expect(items.allSatisfy { $0.source.device == device })
  }

  @Test("a device that falls silent is a fault until it is heard of again; one out of service may be silent",
    .clause("7.1.2f"), arguments: Backend.allCases)
  func silent(backend: Backend) async throws {
    let fresh = try await Fresh.on(
      backend, [Estate.migrations, Devices.migrations, TelemetryTables.business, Alarms.migrations])
    let random = SharedRandom(seed: 5)
    let devices = try Devices(
      work: fresh.work, directory: DeviceDirectory(), authority: nil, randomBytes: { random.bytes($0) })
    try await devices.open()
    let alarms = Alarms(work: fresh.work)
    let board = LivenessBoard(directory: devices.directory)
    let liveness = LivenessService(devices: devices, board: board)
    try await liveness.open()
    let principal = fresh.principal()
    let detectors = [
      try await devices.register(NewDevice(name: "SD-1", model: "smoke.basic", labels: ["8F"]), by: principal),
      try await devices.register(NewDevice(name: "SD-2", model: "smoke.basic"), by: principal),
    ]
    board.connected(detectors.map(\.number), at: fresh.clock.now)
    try await liveness.turn()
    board.disconnected(detectors.map(\.number), at: fresh.clock.now)
    _ = try await devices.decommission(detectors[1].id, by: principal)
    fresh.clock.advance(by: .seconds(3_000))
    try await liveness.turn()
    for _ in 1...2 { try await alarms.reader(fresh.journal).drain() }
    let raised = try await alarms.list(AlarmQuery(), by: principal).items
    #expect(raised.map(\.source.deviceName) == ["SD-1"])
    #expect(raised.map(\.level) == [.fault])
    #expect(raised.map(\.source.placeName) == ["8F"])
    board.connected([detectors[0].number], at: fresh.clock.now)
    try await liveness.turn()
    try await alarms.reader(fresh.journal).drain()
    #expect(try await alarms.list(AlarmQuery(), by: principal).items.map(\.state) == [.reset])
  }

  @Test("a running reader is woken by the journal: an alarm is there without anybody moving the clock")
  func woken() async throws {
    let fresh = try await Fresh.inMemory([Estate.migrations, Alarms.migrations])
    let alarms = Alarms(work: fresh.work)
    let changes = fresh.journal.changes()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await alarms.reader(fresh.journal).run() }
      try await record(fresh, fresh.work.ids.next(), "gasLeak", .critical)
      var alarm: Alarm?
      for await _ in changes {
        alarm = try await alarms.list(AlarmQuery(), by: fresh.principal()).items.first
        if alarm != nil { break }
      }
      #expect(alarm?.source.event == "gasLeak")
      group.cancelAll()
    }
  }
}
