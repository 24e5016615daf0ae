import Kernel
import SQLStore

extension SQLConnection {
  func insert(_ unit: BuildingUnit, of organisation: ID<Organisation>) throws {
    try execute(
      """
      INSERT INTO estate_unit (organisation, id, building, position, name)
      VALUES (\(organisation), \(unit.id), \(unit.building), \(unit.position), \(unit.name))
      """)
  }

  func insert(_ floor: Floor, of organisation: ID<Organisation>) throws {
    try execute(
      """
      INSERT INTO estate_floor (organisation, id, unit, level, name)
      VALUES (\(organisation), \(floor.id), \(floor.unit), \(floor.level), \(floor.name))
      """)
  }

  func insert(_ room: Room, of organisation: ID<Organisation>) throws {
    try execute(
      """
      INSERT INTO estate_room
        (organisation, id, building, unit, floor, unit_position, floor_level, position, name, version)
      VALUES (\(organisation), \(room.id), \(room.building), \(room.unit), \(room.floor), \(room.unitPosition),
        \(room.floorLevel), \(room.position), \(room.name), \(room.version))
      """)
  }

  func update(_ room: Room, of organisation: ID<Organisation>) throws {
    do {
      try execute(
        """
        UPDATE estate_room SET name = \(room.name), version = \(room.version)
        WHERE organisation = \(organisation) AND id = \(room.id)
        """)
    } catch .unique {
      throw EstateError.nameTaken(room.name)
    }
  }

  /// One range of the index estate_room_board_key, with the names beside.
  func board(_ building: Building) throws -> Board {
    let found = try rows(Self.boardQuery(building.id, of: building.organisation))
    return Board(
      building: building,
      rows: try found.map { row in
        let room = try Room(row)
        return (
          BuildingUnit(
            id: room.unit, building: room.building, position: room.unitPosition, name: try row.text("unit_name")),
          Floor(id: room.floor, unit: room.unit, level: room.floorLevel, name: try row.text("floor_name")),
          room
        )
      })
  }

  static func boardQuery(_ building: ID<Building>, of organisation: ID<Organisation>) -> SQL {
    """
    SELECT r.*, u.name AS unit_name, f.name AS floor_name
    FROM estate_room r
    JOIN estate_unit u ON u.organisation = r.organisation AND u.id = r.unit
    JOIN estate_floor f ON f.organisation = r.organisation AND f.id = r.floor
    WHERE r.organisation = \(organisation) AND r.building = \(building)
    ORDER BY r.unit_position, r.floor_level DESC, r.position
    """
  }

  func room(_ id: ID<Room>, of organisation: ID<Organisation>) throws -> RoomPlace {
    let row = try row(Self.placeQuery + " WHERE r.organisation = \(organisation) AND r.id = \(id)")
    guard let row else { throw EstateError.roomUnknown }
    return try RoomPlace(row)
  }

  func rooms(
    _ query: RoomQuery, of organisation: ID<Organisation>, _ reach: Reach, after: RoomPosition?
  ) throws -> [RoomPlace] {
    var sql = Self.placeQuery + " WHERE r.organisation = \(organisation)"
    sql += reach.clause("r.building")
    if let building = query.building { sql += " AND r.building = \(building)" }
    if let project = query.project { sql += " AND b.project = \(project)" }
    if let text = query.text, !text.isEmpty { sql += " AND LOWER(r.name) LIKE \(Self.pattern(text)) ESCAPE '\\'" }
    if let after {
      sql += """
         AND (r.building, r.unit_position, r.floor_level, r.position)
          > (\(after.building), \(after.unit), \(after.level), \(after.position))
        """
    }
    sql += " ORDER BY r.building, r.unit_position, r.floor_level, r.position LIMIT \(query.page.limit + 1)"
    return try rows(sql).map { try RoomPlace($0) }
  }

  private static let placeQuery: SQL = """
    SELECT r.*, b.project AS project, b.name AS building_name, p.name AS project_name,
      u.name AS unit_name, f.name AS floor_name,
      (SELECT COUNT(*) FROM estate_unit o WHERE o.organisation = b.organisation AND o.building = b.id) AS units
    FROM estate_room r
    JOIN estate_building b ON b.organisation = r.organisation AND b.id = r.building
    JOIN estate_project p ON p.organisation = b.organisation AND p.id = b.project
    JOIN estate_unit u ON u.organisation = r.organisation AND u.id = r.unit
    JOIN estate_floor f ON f.organisation = r.organisation AND f.id = r.floor
    """

  /// A LIKE pattern that finds the text anywhere, its own wildcards taken literally.
  private static func pattern(_ text: String) -> String {
    let literal = text.lowercased().flatMap { character in
      character == "%" || character == "_" || character == "\\" ? "\\\(character)" : String(character)
    }
    return "%\(String(literal))%"
  }
}

extension Room {
  init(_ row: SQLRow) throws(SQLError) {
    self.init(
      id: try row.id("id"), building: try row.id("building"), unit: try row.id("unit"), floor: try row.id("floor"),
      unitPosition: try row.int("unit_position"), floorLevel: try row.int("floor_level"),
      position: try row.int("position"), name: try row.text("name"), version: try row.integer("version"))
  }
}

extension RoomPlace {
  init(_ row: SQLRow) throws(SQLError) {
    self.init(
      room: try Room(row), project: try row.id("project"), projectName: try row.text("project_name"),
      buildingName: try row.text("building_name"), unitName: try row.text("unit_name"),
      floorName: try row.text("floor_name"), isOnlyUnit: try row.integer("units") == 1)
  }
}
