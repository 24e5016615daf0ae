package import Kernel

/// A project was opened.
package struct ProjectOpened: JournalEvent {
  package static let kind = "estate.projectOpened"
  package let project: ID<Project>
  package let name: String

  package var subject: String { project.description }
}

/// A building and all its rooms were added.
package struct BuildingAdded: JournalEvent {
  package static let kind = "estate.buildingAdded"
  package let building: ID<Building>
  package let project: ID<Project>
  package let name: String
  package let rooms: Int

  package var subject: String { building.description }
}

/// A room got another name.
package struct RoomRenamed: JournalEvent {
  package static let kind = "estate.roomRenamed"
  package let room: ID<Room>
  package let name: String

  package var subject: String { room.description }
}

/// A project got another name.
package struct ProjectRenamed: JournalEvent {
  package static let kind = "estate.projectRenamed"
  package let project: ID<Project>
  package let name: String

  package var subject: String { project.description }
}
