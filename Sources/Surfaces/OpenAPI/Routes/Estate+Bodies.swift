import Estate
import Kernel

/// What the estate's records look like as JSON.
struct ProjectBody: Encodable, Described, Sendable {
  let id: ID<Project>
  let name: String
  let createdAt: String
  let version: Int64

  init(_ project: Project) {
    id = project.id
    name = project.name
    createdAt = project.createdAt.description
    version = project.version
  }

  static let schema = Schema.named(
    "Project",
    .object([
      .needs("id", .id), .needs("name", EstateSchemas.name), .needs("createdAt", .time), .needs("version", .count),
    ]))
}

struct BuildingBody: Encodable, Described, Sendable {
  let id: ID<Building>
  let project: ID<Project>
  let name: String
  let rooms: Int
  let createdAt: String
  let version: Int64

  init(_ building: Building) {
    id = building.id
    project = building.project
    name = building.name
    rooms = building.rooms
    createdAt = building.createdAt.description
    version = building.version
  }

  static let schema = Schema.named(
    "Building",
    .object([
      .needs("id", .id), .needs("project", .id), .needs("name", EstateSchemas.name), .needs("rooms", .count),
      .needs("createdAt", .time), .needs("version", .count),
    ]))
}

struct RoomBody: Encodable, Described, Sendable {
  let id: ID<Room>
  let name: String
  let project: ID<Project>
  let projectName: String
  let building: ID<Building>
  let buildingName: String
  let unit: String
  let floor: String
  let floorLevel: Int
  let version: Int64

  init(_ place: RoomPlace) {
    id = place.room.id
    name = place.room.name
    project = place.project
    projectName = place.projectName
    building = place.room.building
    buildingName = place.buildingName
    unit = place.unitName
    floor = place.floorName
    floorLevel = place.room.floorLevel
    version = place.room.version
  }

  static let schema = Schema.named(
    "Room",
    .object([
      .needs("id", .id), .needs("name", EstateSchemas.name), .needs("project", .id),
      .needs("projectName", EstateSchemas.name), .needs("building", .id),
      .needs("buildingName", EstateSchemas.name), .needs("unit", EstateSchemas.name, "The staircase's name."),
      .needs("floor", EstateSchemas.name), .needs("floorLevel", .integer(-100...1_000)), .needs("version", .count),
    ]))
}

struct BoardBody: Encodable, Described, Sendable {
  struct RoomTile: Encodable, Sendable {
    let id: ID<Room>
    let name: String
    let position: Int
  }

  struct FloorRow: Encodable, Sendable {
    let level: Int
    let name: String
    let rooms: [RoomTile]
  }

  struct UnitColumn: Encodable, Sendable {
    let position: Int
    let name: String
    let floors: [FloorRow]
  }

  let building: BuildingBody
  let units: [UnitColumn]

  init(_ board: Board) {
    building = BuildingBody(board.building)
    units = board.columns.map { column in
      UnitColumn(
        position: column.unit.position, name: column.unit.name,
        floors: column.rows.map { row in
          FloorRow(
            level: row.floor.level, name: row.floor.name,
            rooms: row.rooms.map { RoomTile(id: $0.id, name: $0.name, position: $0.position) })
        })
    }
  }

  static let schema: Schema = {
    let room = Schema.object([
      .needs("id", .id), .needs("name", EstateSchemas.name), .needs("position", .integer(1...99)),
    ])
    let floor = Schema.object([
      .needs("level", .integer(-100...1_000)), .needs("name", EstateSchemas.name),
      .needs("rooms", .array(room, max: 99)),
    ])
    let unit = Schema.object([
      .needs("position", .integer(1...20)), .needs("name", EstateSchemas.name),
      .needs("floors", .array(floor, max: 160), "From the top down."),
    ])
    return .named(
      "Board", .object([.needs("building", BuildingBody.schema), .needs("units", .array(unit, max: 20))]))
  }()
}

/// A new name of something.
struct NameBody: Decodable, Described {
  let name: String

  static let schema = Schema.named("Name", .object([.needs("name", EstateSchemas.name)]))
}

struct NewBuildingBody: Decodable, Described {
  let project: ID<Project>
  let name: String
  let units: Int?
  let floors: Int
  let basements: Int?
  let roomsOfFloor: Int

  var building: NewBuilding {
    NewBuilding(
      project: project, name: name, units: units ?? 1, floors: floors, basements: basements ?? 0,
      roomsOfFloor: roomsOfFloor)
  }

  static let schema = Schema.named(
    "NewBuilding",
    .object([
      .needs("project", .id), .needs("name", EstateSchemas.name),
      .may("units", .integer(1...Int64(NewBuilding.unitsMax)), "Staircases; 1 when left out."),
      .needs("floors", .integer(1...Int64(NewBuilding.floorsMax)), "From the ground up."),
      .may("basements", .integer(0...Int64(NewBuilding.basementsMax)), "Floors below the ground with rooms."),
      .needs("roomsOfFloor", .integer(1...Int64(NewBuilding.roomsOfFloorMax)), "On each floor of each staircase."),
    ]))
}

enum EstateSchemas {
  static let name = Schema.text(1...64, example: "1203")
}
