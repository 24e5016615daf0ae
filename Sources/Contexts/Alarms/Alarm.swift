package import Devices
import Estate
package import Kernel

/// Something that needs a person (告警), from its first sign to its close.
///
/// A device and an event of it have one open alarm at most: the same sign again is counted, not raised anew.
package struct Alarm: Sendable, Hashable {
  package let id: ID<Alarm>
  package let organisation: ID<Organisation>
  package let source: AlarmSource
  package let level: EventLevel
  /// When the platform received the first sign, and the newest.
  package let raisedAt: Instant
  package internal(set) var lastAt: Instant
  /// By the device's clock, of the newest sign.
  package internal(set) var deviceTime: Instant
  /// How many signs came, the first included.
  package internal(set) var count: Int64
  /// What the newest sign carried.
  package internal(set) var values: [String: PropertyValue]
  package internal(set) var acknowledged: AlarmAct?
  /// When the device said that it is back to normal (复位); nil while it has not, or can not.
  package internal(set) var resetAt: Instant?
  package internal(set) var closed: AlarmAct?
  /// Counts the changes of this record; an ETag.
  package internal(set) var version: Int64
  /// When the journal was last told of a repeat.
  var toldAt: Instant

  /// Where in its life it is.
  package var state: AlarmState {
    if closed != nil { return .closed }
    if resetAt != nil { return .reset }
    return acknowledged == nil ? .raised : .acknowledged
  }

  /// A fault (故障) says that a device does not work; an alarm that people or things are in danger.
  package var isFault: Bool { level == .fault }
}

/// Which device said what, and where it hangs; the names are those of the time it was raised.
package struct AlarmSource: Sendable, Hashable {
  package let device: ID<Device>
  package let deviceName: String
  /// nil when the registry did not know the device.
  package let kind: DeviceKind?
  /// The event's key in the thing model: `smokeAlarm`.
  package let event: String
  package let name: LocalName
  /// nil when it hangs nowhere that the estate knows: the alarm is shown all the same.
  package let place: DevicePlace?
  /// `2 号楼 1203`; without a place the device's labels, which may be none.
  package let placeName: String
  /// The event that says that it is over; nil when the device never says.
  package let clearedBy: String?

  package init(
    device: ID<Device>, deviceName: String, kind: DeviceKind?, event: String, name: LocalName, place: DevicePlace?,
    placeName: String, clearedBy: String?
  ) {
    self.device = device
    self.deviceName = deviceName
    self.kind = kind
    self.event = event
    self.name = name
    self.place = place
    self.placeName = placeName
    self.clearedBy = clearedBy
  }
}

/// What a named person did, and what they noted.
package struct AlarmAct: Sendable, Hashable, Codable {
  package let by: String
  package let at: Instant
  package let note: String

  package init(by: String, at: Instant, note: String) {
    self.by = by
    self.at = at
    self.note = note
  }
}

/// How far people have come with an alarm.
package enum AlarmState: String, Sendable, Hashable, Codable, CaseIterable {
  /// Nobody has taken it.
  case raised
  /// A named person has taken it (确认); the device is not back to normal.
  case acknowledged
  /// The device is back to normal; a person still has to close it.
  case reset
  case closed
}

/// One step of an alarm's life, kept for good.
package struct AlarmStep: Sendable, Hashable {
  /// What was done with an alarm, by whomever.
  package enum Act: String, Sendable, Hashable, Codable {
    case raised
    /// The sign came again after the device was back to normal, or after a person had taken the alarm.
    case raisedAgain
    case acknowledged
    case reset
    case closed
  }

  package let act: Act
  package let at: Instant
  /// nil for what a device did.
  package let by: String?
  package let note: String

  package init(act: Act, at: Instant, by: String?, note: String) {
    self.act = act
    self.at = at
    self.by = by
    self.note = note
  }
}
