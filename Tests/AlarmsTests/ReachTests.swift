import Devices
import Estate
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Alarms

/// Two projects; three buildings of two rooms, a lock in each first room, an alarm of each lock, one lock in no room.
private struct Town {
  let fresh: Fresh
  let estate: Estate
  let devices: Devices
  let alarms: Alarms
  let projects: [Project]
  /// Two of the first project, one of the second.
  let buildings: [Building]
  var rooms: [ID<Building>: [Room]] = [:]
  var locks: [ID<Building>: Device] = [:]
  var raised: [ID<Building>: ID<Alarm>] = [:]
  let unplaced: Device

  init(_ backend: Backend) async throws {
    fresh = try await Fresh.on(backend, [Estate.migrations, Devices.migrations, Alarms.migrations])
    let all = fresh.principal()
    let estate = Estate(work: fresh.work)
    let devices = try Devices(
      work: fresh.work, directory: DeviceDirectory(), authority: nil, randomBytes: { Array(repeating: 7, count: $0) })
    try await devices.open()
    let first = try await estate.openProject(name: "First", by: all)
    let second = try await estate.openProject(name: "Second", by: all)
    var buildings: [Building] = []
    for (project, name) in [(first, "A"), (first, "B"), (second, "C")] {
      buildings.append(
        try await estate.addBuilding(
          NewBuilding(project: project.id, name: name, floors: 1, roomsOfFloor: 2), by: all))
    }
    (self.estate, self.devices, self.alarms) = (estate, devices, Alarms(work: fresh.work))
    (self.projects, self.buildings) = ([first, second], buildings)
    unplaced = try await devices.register(NewDevice(name: "LK-0", model: "lock.basic"), by: all)
    let organisation = fresh.organisation
    for building in buildings {
      let rooms = try await estate.board(building.id, by: all).columns.flatMap(\.rows).flatMap(\.rooms)
      let lock = try await devices.register(
        NewDevice(name: "LK-\(building.name)", model: "lock.basic", room: rooms[0].id), by: all)
      let sign = AlarmSign(
        device: lock.id, deviceName: lock.name.description, place: lock.place, event: "forcedOpen",
        name: LocalName(chinese: "强行开门", english: "Forced"), level: .alarm, clearedBy: nil,
        deviceTime: fresh.clock.now, receivedAt: fresh.clock.now, values: [:])
      try await fresh.work.run(AlarmsError.self) { unit in try Alarms.take(sign, organisation: organisation, in: unit) }
      self.rooms[building.id] = rooms
      locks[building.id] = lock
      raised[building.id] = try await alarms.list(AlarmQuery(building: building.id), by: all).items.first?.id
    }
  }

  func somebody(_ scopes: [Scope], _ permissions: Set<Permission> = Set(Permission.allCases)) -> Principal {
    fresh.principal(in: scopes, permissions)
  }
}

/// The contexts cut everything to where a permission holds.
@Suite("Reach", .clause("9.2.2c"))
struct ReachTests {
  @Test("of a building: its guard sees that one only, in lists, counts and by id", arguments: Backend.allCases)
  func building(_ backend: Backend) async throws {
    let town = try await Town(backend)
    let here = town.buildings[0]
    let watcher = town.somebody([.building(here.id.tagged())])
    try await seesOnly([here], of: town, watcher, projects: ["First"])
  }

  @Test("of a project: all its buildings, also those added later, and no others", arguments: Backend.allCases)
  func project(_ backend: Backend) async throws {
    let town = try await Town(backend)
    let watcher = town.somebody([.project(town.projects[0].id.tagged())])
    try await seesOnly(Array(town.buildings.prefix(2)), of: town, watcher, projects: ["First"])
    let later = try await town.estate.addBuilding(
      NewBuilding(project: town.projects[0].id, name: "D", floors: 1, roomsOfFloor: 1), by: watcher)
    #expect(try await town.estate.building(later.id, by: watcher).name == "D")
    await #expect(throws: EstateError.denied(.estateWrite)) {
      try await town.estate.addBuilding(
        NewBuilding(project: town.projects[1].id, name: "E", floors: 1, roomsOfFloor: 1), by: watcher)
    }
    await #expect(throws: EstateError.denied(.estateWrite)) {
      try await town.estate.openProject(name: "Third", by: watcher)
    }
  }

  @Test("of nothing that exists sees nothing; of the organisation, all")
  func edges() async throws {
    let town = try await Town(.sqlite)
    let nobody = town.somebody([.building(town.fresh.work.ids.next()), .project(town.fresh.work.ids.next())])
    try await seesOnly([], of: town, nobody, projects: [])
    let all = town.somebody([.organisation])
    #expect(try await town.devices.list(DeviceQuery(), by: all).items.count == 4)
    #expect(try await town.devices.device(town.unplaced.id, by: all).device.place == nil)
  }

  private func seesOnly(
    _ seen: [Building], of town: Town, _ watcher: Principal, projects: [String]
  ) async throws {
    let page = PageRequest()
    #expect(try await town.estate.projects(page, by: watcher).items.map(\.name) == projects)
    #expect(Set(try await town.estate.buildings(page, by: watcher).items.map(\.name)) == Set(seen.map(\.name)))
    #expect(try await town.estate.rooms(RoomQuery(), by: watcher).items.count == 2 * seen.count)
    #expect(
      try await town.devices.list(DeviceQuery(), by: watcher).items.map(\.device.name.description)
        == seen.map { "LK-\($0.name)" })
    #expect(try await town.devices.counts(by: watcher).lines.reduce(0) { $0 + $1.count } == seen.count)
    #expect(try await town.alarms.list(AlarmQuery(), by: watcher).items.count == seen.count)
    #expect(try await town.alarms.counts(by: watcher).lines.reduce(0) { $0 + $1.open } == seen.count)
    await #expect(throws: DevicesError.deviceUnknown) { try await town.devices.device(town.unplaced.id, by: watcher) }
    #expect(
      try await town.alarms.readable(Set(town.raised.values), by: watcher)
        == Set(seen.compactMap { town.raised[$0.id] }))
    #expect(
      try await town.devices.readable(Set(town.locks.values.map(\.id)), by: watcher)
        == Set(seen.compactMap { town.locks[$0.id]?.id }))
    for building in town.buildings where !seen.contains(building) {
      try await isNotFound(building, in: town, watcher)
    }
    for building in seen {
      let lock = try #require(town.locks[building.id])
      _ = try await town.estate.board(building.id, by: watcher)
      _ = try await town.devices.twin(lock.id, by: watcher)
      let command = try await town.devices.issue(NewCommand(device: lock.id, service: "unlock"), by: watcher)
      #expect(try await town.devices.command(command.id, by: watcher).device == lock.id)
      _ = try await town.alarms.acknowledge(try #require(town.raised[building.id]), by: watcher)
    }
    #expect(try await town.devices.commands(CommandQuery(), by: watcher).items.count == seen.count)
  }

  private func isNotFound(_ building: Building, in town: Town, _ watcher: Principal) async throws {
    let lock = try #require(town.locks[building.id])
    let (estate, devices, alarms) = (town.estate, town.devices, town.alarms)
    let room = try #require(town.rooms[building.id]?.first)
    let alarm = try #require(town.raised[building.id])
    let command = try await devices.issue(
      NewCommand(device: lock.id, service: "unlock"), by: town.fresh.principal())
    await #expect(throws: EstateError.buildingUnknown) { try await estate.building(building.id, by: watcher) }
    await #expect(throws: EstateError.buildingUnknown) { try await estate.board(building.id, by: watcher) }
    await #expect(throws: EstateError.roomUnknown) { try await estate.room(room.id, by: watcher) }
    await #expect(throws: EstateError.roomUnknown) {
      try await estate.renameRoom(room.id, to: "X", expecting: nil, by: watcher)
    }
    let acts: [@Sendable () async throws -> Void] = [
      { _ = try await devices.device(lock.id, by: watcher) },
      { _ = try await devices.device(named: lock.name.description, by: watcher) },
      { _ = try await devices.twin(lock.id, by: watcher) },
      { _ = try await devices.desire(lock.id, [:], expecting: nil, by: watcher) },
      { _ = try await devices.change(lock.id, DeviceChange(labels: ["x"]), expecting: nil, by: watcher) },
      { _ = try await devices.issue(NewCommand(device: lock.id, service: "unlock"), by: watcher) },
      { _ = try await devices.certificates(lock.id, by: watcher) },
      { _ = try await devices.revokeCertificate(lock.id, serial: "1", reason: "unspecified", by: watcher) },
      { _ = try await devices.decommission(lock.id, by: watcher) },
      { try await devices.transfer(lock.id, to: town.fresh.work.ids.next(), by: watcher) },
    ]
    for act in acts { await #expect(throws: DevicesError.deviceUnknown) { try await act() } }
    await #expect(throws: DevicesError.commandUnknown) { try await devices.command(command.id, by: watcher) }
    await #expect(throws: AlarmsError.alarmUnknown) { try await alarms.alarm(alarm, by: watcher) }
    await #expect(throws: AlarmsError.alarmUnknown) { try await alarms.acknowledge(alarm, by: watcher) }
    await #expect(throws: AlarmsError.alarmUnknown) { try await alarms.close(alarm, note: "x", by: watcher) }
    #expect(try await alarms.rooms(of: building.id, by: watcher).isEmpty)
    // Nor may a device be hung there, or nowhere.
    for place in [Optional(room.id), nil] {
      await #expect(throws: DevicesError.self) {
        try await devices.register(NewDevice(name: "LK-X", model: "lock.basic", room: place), by: watcher)
      }
    }
  }
}
