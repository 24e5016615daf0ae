import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Estate

@Suite("The estate")
struct EstateTests {
  private func estate(_ backend: Backend) async throws -> (Estate, Fresh) {
    let fresh = try await Fresh.on(backend, [Estate.migrations])
    return (Estate(work: fresh.work), fresh)
  }

  @Test("the tables are made once, however often they are asked for", arguments: Backend.allCases)
  func migrations(backend: Backend) async throws {
    let (_, fresh) = try await estate(backend)
    try await fresh.store.migrate([Estate.migrations])
    #expect(try await fresh.store.migrationsApplied("estate") == [1])
  }

  @Test(
    "a building is added with all its staircases, floors and rooms, and its board shows them from the top down",
    .clause("7.3.2b", "8.6a"),
    arguments: Backend.allCases)
  func board(backend: Backend) async throws {
    let (estate, fresh) = try await estate(backend)
    let principal = fresh.principal()
    let project = try await estate.openProject(name: "安居苑", by: principal)
    let building = try await estate.addBuilding(
      NewBuilding(project: project.id, name: "2号楼", units: 2, floors: 3, basements: 1, roomsOfFloor: 14),
      by: principal)
    #expect(building.rooms == 112)
    let board = try await estate.board(building.id, by: principal)
    #expect(board.columns.map(\.unit.position) == [1, 2])
    #expect(board.columns.allSatisfy { $0.rows.map(\.floor.level) == [3, 2, 1, -1] })
    #expect(board.columns.allSatisfy { $0.rows.allSatisfy { $0.rooms.map(\.position) == Array(1...14) } })
    #expect(board.columns[0].rows[0].rooms.first?.name == "301")
    #expect(board.columns[0].rows[3].rooms.last?.name == "-114")
    let kinds = try await fresh.journal.read(after: 0, limit: 10).map(\.kind)
    #expect(kinds == ["estate.projectOpened", "estate.buildingAdded"])
  }

  @Test("the board is one range of one index, whatever else the organisation has")
  func boardPlan() async throws {
    let (_, fresh) = try await estate(.sqlite)
    let plan = try await fresh.store.read { sql in
      let query = SQLConnection.boardQuery(ID(high: 1, low: 1), of: fresh.organisation)
      return try sql.rows("EXPLAIN QUERY PLAN " + query).map { try $0.text("detail") }
    }
    #expect(plan.contains { $0.contains("SEARCH r USING INDEX estate_room_board_key") }, "\(plan)")
    #expect(!plan.contains { $0.contains("SCAN") }, "\(plan)")
  }

  @Test("a name that is taken adds nothing at all", arguments: Backend.allCases)
  func nameTaken(backend: Backend) async throws {
    let (estate, fresh) = try await estate(backend)
    let principal = fresh.principal()
    let project = try await estate.openProject(name: "A", by: principal)
    let new = NewBuilding(project: project.id, name: "1", floors: 1, roomsOfFloor: 2)
    _ = try await estate.addBuilding(new, by: principal)
    await #expect(throws: EstateError.nameTaken("1")) { try await estate.addBuilding(new, by: principal) }
    await #expect(throws: EstateError.nameTaken("A")) { try await estate.openProject(name: "A", by: principal) }
    #expect(try await estate.rooms(RoomQuery(), by: principal).items.count == 2)
    #expect(try await fresh.journal.read(after: 0, limit: 10).count == 2)
  }

  @Test(
    "a building out of all proportion is refused",
    arguments: [
      (0, 1, 0, 1), (21, 1, 0, 1), (1, 0, 0, 1), (1, 151, 0, 1), (1, 1, 11, 1), (1, 1, -1, 1), (1, 1, 0, 0),
      (1, 1, 0, 100), (20, 150, 10, 99),
    ])
  func shape(units: Int, floors: Int, basements: Int, rooms: Int) async throws {
    let (estate, fresh) = try await estate(.sqlite)
    let project = try await estate.openProject(name: "A", by: fresh.principal())
    let new = NewBuilding(
      project: project.id, name: "1", units: units, floors: floors, basements: basements, roomsOfFloor: rooms)
    let error = await #expect(throws: EstateError.self) { try await estate.addBuilding(new, by: fresh.principal()) }
    #expect(error?.kind == .invalid)
  }

  @Test("names without characters, with blanks around or control characters are refused", arguments: [
    "", " A", "A ", "A\u{7}", String(repeating: "楼", count: 65),
  ])
  func names(name: String) async throws {
    let (estate, fresh) = try await estate(.sqlite)
    let error = await #expect(throws: EstateError.self) {
      try await estate.openProject(name: name, by: fresh.principal())
    }
    #expect(error?.code == "estate.fieldInvalid")
  }

  @Test("another organisation sees nothing of it", arguments: Backend.allCases)
  func tenancy(backend: Backend) async throws {
    let (estate, fresh) = try await estate(backend)
    let principal = fresh.principal()
    let project = try await estate.openProject(name: "A", by: principal)
    let building = try await estate.addBuilding(
      NewBuilding(project: project.id, name: "1", floors: 1, roomsOfFloor: 1), by: principal)
    let room = try #require(try await estate.rooms(RoomQuery(), by: principal).items.first?.room.id)
    let stranger = Principal(
      id: fresh.work.ids.next(), kind: .person, organisation: fresh.work.ids.next(), name: "Stranger",
      permissions: Set(Permission.allCases))
    await #expect(throws: EstateError.projectUnknown) { try await estate.project(project.id, by: stranger) }
    await #expect(throws: EstateError.buildingUnknown) { try await estate.building(building.id, by: stranger) }
    await #expect(throws: EstateError.buildingUnknown) { try await estate.board(building.id, by: stranger) }
    await #expect(throws: EstateError.roomUnknown) { try await estate.room(room, by: stranger) }
    await #expect(throws: EstateError.roomUnknown) {
      try await estate.renameRoom(room, to: "X", expecting: nil, by: stranger)
    }
    await #expect(throws: EstateError.projectUnknown) {
      try await estate.addBuilding(
        NewBuilding(project: project.id, name: "2", floors: 1, roomsOfFloor: 1), by: stranger)
    }
    #expect(try await estate.rooms(RoomQuery(), by: stranger).items.isEmpty)
    #expect(try await estate.projects(PageRequest(), by: stranger).items.isEmpty)
    #expect(try await estate.buildings(PageRequest(), by: stranger).items.isEmpty)
  }

  @Test("every use case asks for its permission", arguments: Backend.allCases)
  func permissions(backend: Backend) async throws {
    let (estate, fresh) = try await estate(backend)
    let nobody = fresh.principal([])
    let reader = fresh.principal([.estateRead])
    await #expect(throws: EstateError.denied(.estateRead)) { try await estate.projects(PageRequest(), by: nobody) }
    await #expect(throws: EstateError.denied(.estateRead)) { try await estate.rooms(RoomQuery(), by: nobody) }
    await #expect(throws: EstateError.denied(.estateWrite)) { try await estate.openProject(name: "A", by: reader) }
  }

  @Test("rooms are paged without a gap or a repeat, and found by a part of their name", arguments: Backend.allCases)
  func paging(backend: Backend) async throws {
    let (estate, fresh) = try await estate(backend)
    let principal = fresh.principal()
    let project = try await estate.openProject(name: "A", by: principal)
    _ = try await estate.addBuilding(
      NewBuilding(project: project.id, name: "1", units: 2, floors: 4, basements: 1, roomsOfFloor: 5), by: principal)
    var names: [String] = []
    var cursor: String?
    repeat {
      let page = try await estate.rooms(RoomQuery(page: PageRequest(cursor: cursor, limit: 7)), by: principal)
      names += page.items.map { "\($0.room.unitPosition)-\($0.room.name)" }
      cursor = page.next
    } while cursor != nil
    #expect(names.count == 50)
    #expect(Set(names).count == 50)
    #expect(names.first == "1--101" && names.last == "2-405")
    #expect(try await estate.rooms(RoomQuery(text: "402"), by: principal).items.count == 2)
    #expect(try await estate.rooms(RoomQuery(text: "%"), by: principal).items.isEmpty)
    #expect(try await estate.rooms(RoomQuery(text: "_"), by: principal).items.isEmpty)
    await #expect(throws: EstateError.cursorInvalid) {
      try await estate.rooms(RoomQuery(page: PageRequest(cursor: "1,2,3")), by: principal)
    }
  }

  @Test("a change based on an old version is refused", arguments: Backend.allCases)
  func stale(backend: Backend) async throws {
    let (estate, fresh) = try await estate(backend)
    let principal = fresh.principal()
    let project = try await estate.openProject(name: "A", by: principal)
    let renamed = try await estate.renameProject(project.id, to: "B", expecting: 1, by: principal)
    #expect(renamed.version == 2)
    await #expect(throws: EstateError.stale(current: 2)) {
      try await estate.renameProject(project.id, to: "C", expecting: 1, by: principal)
    }
    #expect(try await estate.project(project.id, by: principal).name == "B")
  }
}
