package import Kernel

/// Which rooms to list: by building, staircase, floor and place.
package struct RoomQuery: Sendable, Hashable {
  /// A part of the room's name, without regard to case; nil or empty for all. At most 64 characters.
  package var text: String?
  package var project: ID<Project>?
  package var building: ID<Building>?
  package var page: PageRequest

  package init(
    text: String? = nil, project: ID<Project>? = nil, building: ID<Building>? = nil,
    page: PageRequest = PageRequest()
  ) {
    self.text = text
    self.project = project
    self.building = building
    self.page = page
  }
}

/// The place in the list of rooms after which a page begins: the list's own order.
struct RoomPosition: Hashable {
  let building: ID<Building>
  let unit: Int
  let level: Int
  let position: Int

  init(_ room: Room) {
    building = room.building
    unit = room.unitPosition
    level = room.floorLevel
    position = room.position
  }

  /// - Throws: `.cursorInvalid` for anything that `text` did not write.
  init(_ text: String) throws(EstateError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 4, let building = ID<Building>(String(parts[0])), let unit = Int(parts[1]),
      let level = Int(parts[2]), let position = Int(parts[3])
    else { throw .cursorInvalid }
    self.building = building
    self.unit = unit
    self.level = level
    self.position = position
  }

  var text: String { "\(building),\(unit),\(level),\(position)" }
}
