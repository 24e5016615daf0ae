package import Devices
package import Estate
package import Kernel

/// An alarm was raised, or an open one raised again: a person is needed.
package struct AlarmRaised: JournalEvent {
  package static let kind = "alarm.raised"
  package let alarm: ID<Alarm>
  package let device: ID<Device>
  package let deviceName: String
  package let event: String
  package let name: LocalName
  package let level: EventLevel
  package let building: ID<Building>?
  package let room: ID<Room>?
  package let placeName: String
  package let raisedAt: Instant
  package let count: Int64

  package var subject: String { alarm.description }

  init(_ alarm: Alarm) {
    self.alarm = alarm.id
    device = alarm.source.device
    deviceName = alarm.source.deviceName
    event = alarm.source.event
    name = alarm.source.name
    level = alarm.level
    building = alarm.source.place?.building
    room = alarm.source.place?.room
    placeName = alarm.source.placeName
    raisedAt = alarm.raisedAt
    count = alarm.count
  }
}

/// Something about an open alarm changed.
package struct AlarmChanged: JournalEvent {
  /// What about the alarm is new.
  package enum Change: String, Sendable, Hashable, Codable {
    case repeated
    case acknowledged
    case reset
    case closed
  }

  package static let kind = "alarm.changed"
  package let alarm: ID<Alarm>
  package let change: Change
  package let state: AlarmState
  package let level: EventLevel
  package let device: ID<Device>
  package let building: ID<Building>?
  package let room: ID<Room>?
  package let lastAt: Instant
  package let count: Int64
  package let version: Int64

  package var subject: String { alarm.description }

  init(_ alarm: Alarm, _ change: Change) {
    self.alarm = alarm.id
    self.change = change
    state = alarm.state
    level = alarm.level
    device = alarm.source.device
    building = alarm.source.place?.building
    room = alarm.source.place?.room
    lastAt = alarm.lastAt
    count = alarm.count
    version = alarm.version
  }
}
