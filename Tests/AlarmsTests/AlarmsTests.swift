import Devices
import Estate
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Alarms

/// Builds what the tests need: a fresh store and signs of one device.
struct Scene {
  let fresh: Fresh
  let alarms: Alarms
  let device: ID<Device>

  init(_ backend: Backend) async throws {
    fresh = try await Fresh.on(backend, [Estate.migrations, Alarms.migrations])
    alarms = Alarms(work: fresh.work)
    device = fresh.work.ids.next()
  }

  func sign(
    _ event: String = "smokeAlarm", _ level: EventLevel = .critical, device: ID<Device>? = nil,
    clearedBy: String? = "alarmReset", place: DevicePlace? = nil
  ) -> AlarmSign {
    AlarmSign(
      device: device ?? self.device, deviceName: "SD-1203", place: place, event: event,
      name: LocalName(chinese: "火灾报警", english: "Smoke"), level: level, clearedBy: clearedBy,
      deviceTime: fresh.clock.now, receivedAt: fresh.clock.now,
      values: ["temperature": .decimal(mantissa: 715, scale: 1)])
  }

  /// Gives a sign to the context as its reader does.
  func take(_ sign: AlarmSign) async throws {
    let organisation = fresh.organisation
    try await fresh.work.run(AlarmsError.self) { unit in
      try Alarms.take(sign, organisation: organisation, in: unit)
    }
  }

  func open() async throws -> [Alarm] { try await alarms.list(AlarmQuery(), by: fresh.principal()).items }

  func kinds() async throws -> [String] { try await fresh.journal.read(after: 0, limit: 1_000).map(\.kind) }
}

@Suite("The tables of alarms")
struct AlarmsMigrationTests {
  @Test("are made once, however often they are asked for", arguments: Backend.allCases)
  func twice(backend: Backend) async throws {
    let scene = try await Scene(backend)
    try await scene.fresh.store.migrate([Alarms.migrations])
    #expect(try await scene.fresh.store.migrationsApplied("alarms") == [1])
  }
}

@Suite("The life of an alarm", .clause("6.2.1", "7.1.2f"))
struct AlarmsTests {
  @Test("a sign of an unknown device in an unknown place is shown all the same", arguments: Backend.allCases)
  func raised(backend: Backend) async throws {
    let scene = try await Scene(backend)
    try await scene.take(scene.sign())
    let alarm = try #require(try await scene.open().first)
    #expect(alarm.state == .raised)
    #expect(alarm.count == 1)
    #expect(alarm.values == ["temperature": .decimal(mantissa: 715, scale: 1)])
    #expect(try await scene.kinds() == ["alarm.raised"])
  }

  @Test(
    "an alarm says where it is, when the estate knows the room; an unknown room hides nothing", .clause("6.2.2b"),
    arguments: Backend.allCases)
  func place(backend: Backend) async throws {
    let scene = try await Scene(backend)
    let person = scene.fresh.principal()
    let estate = Estate(work: scene.fresh.work)
    let project = try await estate.openProject(name: "安居苑", by: person)
    let building = try await estate.addBuilding(
      NewBuilding(project: project.id, name: "2号楼", floors: 1, roomsOfFloor: 1), by: person)
    let room = try #require(try await estate.rooms(RoomQuery(), by: person).items.first).room.id
    try await scene.take(scene.sign("a", place: DevicePlace(building: building.id, room: room)))
    try await scene.take(scene.sign("b", place: DevicePlace(building: building.id, room: scene.fresh.work.ids.next())))
    let names = try await scene.open().map(\.source.placeName)
    #expect(Set(names) == ["2号楼 101", ""])
    let tiles = try await scene.alarms.rooms(of: building.id, by: person)
    #expect(tiles[room] == RoomAlarms(worst: .critical, open: 1, unacknowledged: 1))
    #expect(try await scene.alarms.list(AlarmQuery(room: room), by: person).items.count == 1)
  }

  @Test("an information raises nothing", arguments: EventLevel.allCases)
  func levels(level: EventLevel) async throws {
    let scene = try await Scene(.sqlite)
    try await scene.take(scene.sign("any", level))
    #expect(try await scene.open().map(\.level) == (level == .info ? [] : [level]))
    #expect(try await scene.open().allSatisfy { $0.isFault == (level == .fault) })
  }

  @Test(
    "the same sign again is counted on the open alarm, and told to the journal sparingly",
    arguments: Backend.allCases)
  func repeated(backend: Backend) async throws {
    let scene = try await Scene(backend)
    for _ in 1...100 { try await scene.take(scene.sign()) }
    let alarm = try #require(try await scene.open().first)
    #expect(try await scene.open().count == 1)
    #expect(alarm.count == 100)
    #expect(try await scene.kinds().count == 10)
    scene.fresh.clock.advance(by: .seconds(10))
    try await scene.take(scene.sign())
    #expect(try await scene.kinds().count == 11)
  }

  @Test(
    "an alarm goes from raised to taken, back to normal and closed, and keeps every step",
    arguments: Backend.allCases)
  func life(backend: Backend) async throws {
    let scene = try await Scene(backend)
    let person = scene.fresh.principal()
    try await scene.take(scene.sign())
    let alarm = try #require(try await scene.open().first)
    #expect(try await scene.alarms.acknowledge(alarm.id, note: "On my way", by: person).state == .acknowledged)
    await #expect(throws: AlarmsError.alreadyAcknowledged(by: "Test")) {
      try await scene.alarms.acknowledge(alarm.id, by: person)
    }
    await #expect(throws: AlarmsError.notReset) { try await scene.alarms.close(alarm.id, note: "Toast", by: person) }
    try await scene.take(scene.sign("alarmReset", .info))
    #expect(try await scene.alarms.alarm(alarm.id, by: person).alarm.state == .reset)
    await #expect(throws: AlarmsError.noteMissing) { try await scene.alarms.close(alarm.id, note: " ", by: person) }
    #expect(try await scene.alarms.close(alarm.id, note: "Toast", by: person).state == .closed)
    await #expect(throws: AlarmsError.alreadyClosed) { try await scene.alarms.close(alarm.id, note: "x", by: person) }
    let detail = try await scene.alarms.alarm(alarm.id, by: person)
    #expect(detail.steps.map(\.act) == [.raised, .acknowledged, .reset, .closed])
    #expect(detail.steps.map(\.by) == [nil, "Test", nil, "Test"])
    #expect(try await scene.open().isEmpty)
    #expect(try await scene.alarms.list(AlarmQuery(states: [.closed, .raised]), by: person).items.count == 1)
    #expect(try await scene.kinds() == ["alarm.raised", "alarm.changed", "alarm.changed", "alarm.changed"])
  }

  @Test(
    "a sign after the device was back to normal needs a person again; one after the close is a new alarm",
    arguments: Backend.allCases)
  func again(backend: Backend) async throws {
    let scene = try await Scene(backend)
    let person = scene.fresh.principal()
    try await scene.take(scene.sign())
    let first = try #require(try await scene.open().first)
    _ = try await scene.alarms.acknowledge(first.id, by: person)
    try await scene.take(scene.sign("alarmReset", .info))
    try await scene.take(scene.sign())
    let again = try #require(try await scene.open().first)
    #expect(again.id == first.id)
    #expect(again.state == .raised)
    #expect(again.count == 2)
    _ = try await scene.alarms.close(first.id, note: "Replaced", withoutReset: true, by: person)
    try await scene.take(scene.sign())
    let second = try #require(try await scene.open().first)
    #expect(second.id != first.id)
    #expect(try await scene.kinds().filter { $0 == "alarm.raised" }.count == 3)
  }

  @Test("an alarm of a device that never says it is over can be closed without it", arguments: Backend.allCases)
  func neverCleared(backend: Backend) async throws {
    let scene = try await Scene(backend)
    try await scene.take(scene.sign("forcedOpen", .critical, clearedBy: nil))
    let alarm = try #require(try await scene.open().first)
    let closed = try await scene.alarms.close(alarm.id, note: "Police came", by: scene.fresh.principal())
    #expect(closed.state == .closed)
    #expect(closed.acknowledged?.by == "Test")
  }

  @Test("the feed shows the worst first, then the newest, in pages without gap or repeat", arguments: Backend.allCases)
  func feed(backend: Backend) async throws {
    let scene = try await Scene(backend)
    let levels: [EventLevel] = [.warning, .fault, .alarm, .critical]
    for number in 0..<40 {
      scene.fresh.clock.advance(by: .milliseconds(1))
      try await scene.take(scene.sign("event\(number)", levels[number % 4]))
    }
    var seen: [Alarm] = []
    var cursor: String?
    repeat {
      let page = try await scene.alarms.list(
        AlarmQuery(page: PageRequest(cursor: cursor, limit: 7)), by: scene.fresh.principal())
      seen += page.items
      cursor = page.next
    } while cursor != nil
    #expect(seen.count == 40)
    #expect(seen.map(\.level.rank) == seen.map(\.level.rank).sorted(by: >))
    for (left, right) in zip(seen, seen.dropFirst()) where left.level == right.level {
      #expect(left.raisedAt > right.raisedAt)
    }
    let counts = try await scene.alarms.counts(by: scene.fresh.principal())
    #expect(counts.lines.map(\.level) == [.critical, .alarm, .fault, .warning])
    #expect(counts.lines.allSatisfy { $0.open == 10 && $0.unacknowledged == 10 })
  }

  @Test("filters narrow the feed", arguments: Backend.allCases)
  func filters(backend: Backend) async throws {
    let scene = try await Scene(backend)
    try await scene.take(scene.sign("a", .critical))
    try await scene.take(scene.sign("b", .fault, device: scene.fresh.work.ids.next()))
    let person = scene.fresh.principal()
    let list = { (query: AlarmQuery) in try await scene.alarms.list(query, by: person).items.map(\.source.event) }
    #expect(try await list(AlarmQuery(levels: [.fault])) == ["b"])
    #expect(try await list(AlarmQuery(device: scene.device)) == ["a"])
    #expect(try await list(AlarmQuery(text: "sd-12")) == ["a", "b"])
    #expect(try await list(AlarmQuery(text: "火灾")) == ["a", "b"])
    #expect(try await list(AlarmQuery(text: "100%")) == [])
    #expect(try await list(AlarmQuery(states: [.acknowledged])) == [])
    #expect(try await list(AlarmQuery(kinds: [.lock])) == [])
    #expect(try await list(AlarmQuery(building: ID(high: 1, low: 1))) == [])
  }

  @Test("the feed is a range of an index, read backwards without sorting")
  func plan() async throws {
    let scene = try await Scene(.sqlite)
    let organisation = scene.fresh.organisation
    let plan = try await scene.fresh.store.read { sql in
      try [false, true].flatMap { closed in
        let query = SQLConnection.feedQuery(AlarmQuery(), of: organisation, after: nil, closed: closed)
        return try sql.rows("EXPLAIN QUERY PLAN " + query).map { try $0.text("detail") }
      }
    }
    #expect(plan.count == 2, "\(plan)")
    #expect(plan.first?.contains("USING INDEX alarm_feed") == true, "\(plan)")
    #expect(plan.last?.contains("USING INDEX alarm_closed") == true, "\(plan)")
    #expect(!plan.contains { $0.contains("TEMP B-TREE") || $0.contains("SCAN") }, "\(plan)")
  }

  @Test("another organisation sees and touches nothing; permissions are asked for", arguments: Backend.allCases)
  func tenancy(backend: Backend) async throws {
    let scene = try await Scene(backend)
    try await scene.take(scene.sign())
    let alarm = try #require(try await scene.open().first)
    let stranger = Principal(
      id: scene.fresh.work.ids.next(), kind: .person, organisation: scene.fresh.work.ids.next(), name: "S",
      permissions: Set(Permission.allCases))
    await #expect(throws: AlarmsError.alarmUnknown) { try await scene.alarms.alarm(alarm.id, by: stranger) }
    await #expect(throws: AlarmsError.alarmUnknown) { try await scene.alarms.acknowledge(alarm.id, by: stranger) }
    #expect(try await scene.alarms.list(AlarmQuery(), by: stranger).items.isEmpty)
    #expect(try await scene.alarms.counts(by: stranger).lines.allSatisfy { $0.open == 0 })
    let reader = scene.fresh.principal([.alarmsRead])
    await #expect(throws: AlarmsError.denied(.alarmsAcknowledge)) {
      try await scene.alarms.acknowledge(alarm.id, by: reader)
    }
    await #expect(throws: AlarmsError.denied(.alarmsRead)) {
      try await scene.alarms.list(AlarmQuery(), by: scene.fresh.principal([]))
    }
  }
}
