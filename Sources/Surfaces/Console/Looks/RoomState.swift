import Devices

/// What a room's tile says, loudest first. Later issues add what they know: frozen, arrears, occupied, vacant.
enum RoomState: String, CaseIterable, Sendable {
  /// An alarm is open.
  case alarm = "alm"
  /// A device does not work.
  case fault = "flt"
  /// A device cannot be reached.
  case offline = "off"
  case normal = "nrm"
  /// Nothing is known: no device, or none that was ever heard.
  case unknown = "unk"

  var icon: String? {
    switch self {
    case .alarm: "siren"
    case .fault: "unplug"
    case .offline: "wifi-off"
    case .normal, .unknown: nil
    }
  }

  var tag: String {
    switch self {
    case .alarm: "tag-alm"
    case .fault: "tag-warn"
    case .offline: "tag-off"
    case .normal: "tag-ok"
    case .unknown: ""
    }
  }

  /// - Parameters:
  ///   - worst: the worst of the room's open alarms.
  ///   - devices: how its devices are heard.
  init(worst: EventLevel?, devices: [LivenessState]) {
    if let worst, worst >= .alarm {
      self = .alarm
    } else if worst == .fault {
      self = .fault
    } else if devices.contains(.offline) {
      self = .offline
    } else if devices.allSatisfy({ $0 == .unseen }) {
      self = .unknown
    } else {
      self = .normal
    }
  }
}
