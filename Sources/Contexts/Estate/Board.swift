/// All rooms of a building where they are: the room board (房态图).
package struct Board: Sendable, Hashable {
  /// One floor of a staircase with its rooms from left to right.
  package struct Row: Sendable, Hashable {
    package let floor: Floor
    package let rooms: [Room]
  }

  /// One staircase with its floors from the top down, as a building is seen.
  package struct Column: Sendable, Hashable {
    package let unit: BuildingUnit
    package let rows: [Row]
  }

  package let building: Building
  package let columns: [Column]

  /// Orders what one query gave: rooms by staircase, floor from the top, place.
  init(building: Building, rows: [(unit: BuildingUnit, floor: Floor, room: Room)]) {
    self.building = building
    var columns: [Column] = []
    var floors: [Row] = []
    var rooms: [Room] = []
    for (index, row) in rows.enumerated() {
      rooms.append(row.room)
      let following = index + 1 < rows.count ? rows[index + 1] : nil
      guard following?.floor.id != row.floor.id else { continue }
      floors.append(Row(floor: row.floor, rooms: rooms))
      rooms = []
      guard following?.unit.id != row.unit.id else { continue }
      columns.append(Column(unit: row.unit, rows: floors))
      floors = []
    }
    self.columns = columns
  }
}
