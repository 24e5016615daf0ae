import Devices
import Estate
import Kernel

/// What a page's event stream tells.
enum LiveTopic: Sendable, Equatable {
  /// Only the number of open alarms.
  case none
  case today
  case board(ID<Building>?, BoardView)
  case alarms
  case devices
  case device(ID<Device>)

  /// From the stream's address; nil for what no page asks.
  init?(_ query: PageQuery) {
    switch query["on"] {
    case "none": self = .none
    case "today": self = .today
    case "board": self = .board(query["building"].flatMap { ID($0) }, query.word("show") ?? .state)
    case "alarms": self = .alarms
    case "devices": self = .devices
    case "device":
      guard let id: ID<Device> = query["device"].flatMap({ ID($0) }) else { return nil }
      self = .device(id)
    default: return nil
    }
  }

  static let alarmKinds: Set<String> = ["alarm.raised", "alarm.changed"]

  /// The kinds of journal entries that the page must hear of.
  var kinds: Set<String> {
    switch self {
    case .none, .alarms: Self.alarmKinds
    case .today: Self.alarmKinds.union(["command.changed", "device.liveness", "reading.rejected"])
    case .board(_, .lock): Self.alarmKinds.union(["device.liveness", "device.event"])
    case .board, .devices: Self.alarmKinds.union(["device.liveness"])
    case .device:
      Self.alarmKinds.union([
        "command.changed", "device.event", "device.liveness", "reading.rejected", "twin.desired", "twin.reported",
      ])
    }
  }

  /// The parts of the page that an entry of this kind makes untrue.
  func parts(_ kind: String) -> [String] {
    let isAlarm = Self.alarmKinds.contains(kind)
    switch self {
    case .none: return []
    case .today: return isAlarm ? ["feed", "numbers"] : ["numbers"]
    case .board: return ["numbers"]
    case .alarms: return ["alarms", "feed"]
    case .devices: return isAlarm ? [] : ["devices"]
    case .device:
      switch kind {
      case "command.changed": return ["commands"]
      case "device.event", "reading.rejected": return ["events"]
      case "device.liveness": return ["facts"]
      case "twin.desired", "twin.reported": return ["twin"]
      default: return ["feed"]
      }
    }
  }

  /// The least time between two refetches of the page's parts: a storm of events must not become one of requests.
  var refreshInterval: Duration {
    switch self {
    case .devices: .seconds(5)
    case .board, .today: .seconds(2)
    case .alarms: .seconds(1)
    case .none, .device: .milliseconds(200)
    }
  }
}
