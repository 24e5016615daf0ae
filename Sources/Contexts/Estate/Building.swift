package import Kernel

/// A building of a project (楼栋).
package struct Building: Sendable, Hashable {
  package let id: ID<Building>
  package let organisation: ID<Organisation>
  package let project: ID<Project>
  /// 1 to 64 characters, unique in the project.
  package let name: String
  /// How many rooms it has.
  package let rooms: Int
  package let createdAt: Instant
  /// Counts the changes of this record; an ETag.
  package let version: Int64
}

/// A staircase of a building (单元).
package struct BuildingUnit: Sendable, Hashable {
  package let id: ID<BuildingUnit>
  package let building: ID<Building>
  /// Order within the building, from 1.
  package let position: Int
  package let name: String
}

/// A floor of a staircase (楼层).
package struct Floor: Sendable, Hashable {
  package let id: ID<Floor>
  package let unit: ID<BuildingUnit>
  /// As people count: 1 is at the ground, -1 below it; there is no 0.
  package let level: Int
  package let name: String
}

/// The smallest thing that is let whole (房间): a flat, or a room in it.
package struct Room: Sendable, Hashable {
  package let id: ID<Room>
  package let building: ID<Building>
  package let unit: ID<BuildingUnit>
  package let floor: ID<Floor>
  /// The staircase's order within the building.
  package let unitPosition: Int
  package let floorLevel: Int
  /// Order on its floor, from 1.
  package let position: Int
  /// What stands at its door: `1203`; unique on its staircase.
  package internal(set) var name: String
  /// Counts the changes of this record; an ETag.
  package internal(set) var version: Int64

  /// Gives it another name.
  mutating func rename(to name: String) throws(EstateError) {
    self.name = try EstateName.check(name, "name")
    version += 1
  }
}

/// A room with the names of what it is in: enough to say where it is.
package struct RoomPlace: Sendable, Hashable {
  package let room: Room
  package let project: ID<Project>
  package let projectName: String
  package let buildingName: String
  package let unitName: String
  package let floorName: String
  /// The building has no other unit, so that nobody need say which one.
  package let isOnlyUnit: Bool

  /// Building and room in one line, `3 号楼 0803`; `3 号楼 2-0803` where the building has several units.
  package var text: String { Self.text(buildingName, unit: isOnlyUnit ? nil : unitName, room: room.name) }

  /// - Parameter unit: nil in a building of one unit.
  package static func text(_ building: String, unit: String?, room: String) -> String {
    "\(building) \(unit.map { "\($0)-" } ?? "")\(room)"
  }
}

/// The rule of names: 1 to 64 characters, no control characters, no blanks around.
enum EstateName {
  static let lengthMax = 64

  static func check(_ name: String, _ field: String) throws(EstateError) -> String {
    guard (1...lengthMax).contains(name.unicodeScalars.count) else {
      throw .fieldInvalid(field: field, problem: "must have 1 to \(lengthMax) characters")
    }
    guard name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
      throw .fieldInvalid(field: field, problem: "must not have control characters")
    }
    guard name.first?.isWhitespace == false, name.last?.isWhitespace == false else {
      throw .fieldInvalid(field: field, problem: "must not begin or end with a blank")
    }
    return name
  }
}
