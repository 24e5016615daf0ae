package import Devices
package import Estate
package import Kernel

/// Which alarms to list: worst first, then newest first.
package struct AlarmQuery: Sendable, Hashable {
  /// Empty for all levels.
  package var levels: Set<EventLevel>
  /// Empty for all that are not closed.
  package var states: Set<AlarmState>
  package var kinds: Set<DeviceKind>
  package var building: ID<Building>?
  package var room: ID<Room>?
  package var device: ID<Device>?
  /// A part of the device's name, the event's name or the place's, without regard to case; at most 64 characters.
  package var text: String?
  package var page: PageRequest

  package init(
    levels: Set<EventLevel> = [], states: Set<AlarmState> = [], kinds: Set<DeviceKind> = [],
    building: ID<Building>? = nil, room: ID<Room>? = nil, device: ID<Device>? = nil, text: String? = nil,
    page: PageRequest = PageRequest()
  ) {
    self.levels = levels
    self.states = states
    self.kinds = kinds
    self.building = building
    self.room = room
    self.device = device
    self.text = text
    self.page = page
  }
}

/// How many alarms are open at each level.
package struct AlarmCounts: Sendable, Hashable {
  /// How many alarms of one level are open.
  package struct Line: Sendable, Hashable {
    package let level: EventLevel
    package let open: Int
    /// Of these, taken by nobody.
    package let unacknowledged: Int
  }

  /// Worst first; every level that can be an alarm, those with none too.
  package let lines: [Line]
}

/// An alarm with the steps of its life, oldest first.
package struct AlarmDetail: Sendable, Hashable {
  package let alarm: Alarm
  package let steps: [AlarmStep]
}

/// What a room's tile shows of its open alarms.
package struct RoomAlarms: Sendable, Hashable {
  package let worst: EventLevel
  package let open: Int
  package let unacknowledged: Int
}

/// The place in the list after which a page begins: the list's own order.
struct AlarmPosition: Hashable, Comparable {
  let rank: Int
  let raisedAt: Instant
  let id: ID<Alarm>

  init(_ alarm: Alarm) {
    rank = alarm.level.rank
    raisedAt = alarm.raisedAt
    id = alarm.id
  }

  /// - Throws: `.cursorInvalid` for anything that `text` did not write.
  init(_ text: String) throws(AlarmsError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 3, let rank = Int(parts[0]), let moment = Int64(parts[1]),
      let id = ID<Alarm>(String(parts[2]))
    else { throw .cursorInvalid }
    self.rank = rank
    self.raisedAt = Instant(microseconds: moment)
    self.id = id
  }

  static func < (left: Self, right: Self) -> Bool {
    (left.rank, left.raisedAt, left.id) < (right.rank, right.raisedAt, right.id)
  }

  var text: String { "\(rank),\(raisedAt.microseconds),\(id)" }
}
