package import Kernel

/// What a client of the event stream may ask for.
package enum EventTopic: String, Sendable, Hashable, CaseIterable {
  case alarms
  case commands
  case devices
  case liveness

  /// The kinds of journal entries of the topic.
  package var kinds: Set<String> {
    switch self {
    case .alarms: ["alarm.raised", "alarm.changed"]
    case .commands: ["command.changed"]
    case .devices:
      [
        "certificate.issued", "certificate.revoked", "device.changed", "device.event", "device.registered",
        "reading.rejected", "twin.desired", "twin.reported",
      ]
    case .liveness: ["device.liveness"]
    }
  }

  /// Needed to hear of it.
  package var permission: Permission { self == .alarms ? .alarmsRead : .devicesRead }

  /// All kinds that any topic has.
  package static let allKinds = allCases.reduce(into: Set<String>()) { $0.formUnion($1.kinds) }
}
