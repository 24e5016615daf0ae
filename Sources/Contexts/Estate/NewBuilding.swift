package import Kernel

/// A building described by its regular shape, to be created with all its rooms at once.
package struct NewBuilding: Sendable, Hashable {
  package static let unitsMax = 20
  package static let floorsMax = 150
  package static let basementsMax = 10
  package static let roomsOfFloorMax = 99
  /// Rooms of one building in all.
  package static let roomsMax = 5_000

  package let project: ID<Project>
  package let name: String
  /// Staircases: 1 to 20.
  package let units: Int
  /// Floors from the ground up: 1 to 150.
  package let floors: Int
  /// Floors below the ground with rooms: 0 to 10.
  package let basements: Int
  /// Rooms on each floor of each staircase: 1 to 99.
  package let roomsOfFloor: Int

  package init(
    project: ID<Project>, name: String, units: Int = 1, floors: Int, basements: Int = 0, roomsOfFloor: Int
  ) {
    self.project = project
    self.name = name
    self.units = units
    self.floors = floors
    self.basements = basements
    self.roomsOfFloor = roomsOfFloor
  }

  /// How many rooms it will have.
  package var rooms: Int { units * (floors + basements) * roomsOfFloor }

  /// Its levels from the lowest: -2, -1, 1, 2, …
  package var levels: [Int] { Array((-basements)..<0) + Array(1...floors) }

  /// What stands at a door: level and place. All doors above the ground have as many digits as the highest: `1203` and
  /// `0803` of twelve floors, `803` of nine; `-103` below the ground.
  package func roomName(level: Int, position: Int) -> String {
    let missing = level < 0 ? 0 : String(floors).count - String(level).count
    return String(repeating: "0", count: missing) + "\(level)\(position < 10 ? "0" : "")\(position)"
  }

  /// - Throws: `.fieldInvalid` when a number is out of its range.
  func check() throws(EstateError) {
    _ = try EstateName.check(name, "name")
    try Self.check(units, 1...Self.unitsMax, "units")
    try Self.check(floors, 1...Self.floorsMax, "floors")
    try Self.check(basements, 0...Self.basementsMax, "basements")
    try Self.check(roomsOfFloor, 1...Self.roomsOfFloorMax, "roomsOfFloor")
    guard rooms <= Self.roomsMax else {
      throw .fieldInvalid(field: "roomsOfFloor", problem: "makes \(rooms) rooms; at most \(Self.roomsMax) a building")
    }
  }

  private static func check(_ value: Int, _ range: ClosedRange<Int>, _ field: String) throws(EstateError) {
    guard range.contains(value) else {
      throw .fieldInvalid(field: field, problem: "must be \(range.lowerBound) to \(range.upperBound)")
    }
  }
}
