import Devices

/// How loud an alarm is shown: normal is quiet, exceptions are loud; a fault never looks like a fire.
enum AlarmTone: String, CaseIterable, Sendable {
  /// 紧急: red, a running timer.
  case critical = "crit"
  /// 重要: amber.
  case high
  /// 故障: amber, with its own sign and its own sound.
  case fault
  /// 一般: blue.
  case middle = "mid"

  init(_ level: EventLevel) {
    switch level {
    case .critical: self = .critical
    case .alarm: self = .high
    case .fault: self = .fault
    case .warning, .info: self = .middle
    }
  }

  var level: EventLevel {
    switch self {
    case .critical: .critical
    case .high: .alarm
    case .fault: .fault
    case .middle: .warning
    }
  }

  /// The style of a card: a fault is drawn in amber.
  var card: String { self == .fault ? "high" : rawValue }

  var tag: String {
    switch self {
    case .critical: "tag-alm"
    case .high, .fault: "tag-warn"
    case .middle: "tag-info"
    }
  }
}

/// What an event is about, as a sign.
enum EventIcon {
  /// By the event's key, then by its level, then by the device's kind.
  static func name(event: String, level: EventLevel, kind: DeviceKind?) -> String {
    let key = event.lowercased()
    for (part, icon) in byWord where key.contains(part) { return icon }
    if level == .fault { return "unplug" }
    return kind.map(DeviceLook.icon) ?? "triangle-alert"
  }

  private static let byWord = [
    ("smoke", "flame"), ("residual", "zap"), ("temperature", "thermometer"), ("gasleak", "flame"),
    ("tamper", "shield-alert"), ("forced", "shield-alert"), ("password", "lock-keyhole"), ("battery", "battery-low"),
    ("magnetic", "magnet"), ("cover", "shield-off"), ("removed", "shield-off"), ("leak", "droplets"),
    ("flow", "droplets"), ("ajar", "door-open"), ("mains", "unplug"), ("subdevice", "wifi-off"), ("clock", "clock"),
  ]
}
