import Alarms
import Devices
import Estate
import Kernel

struct AlarmBody: Encodable, Described, Sendable {
  let id: ID<Alarm>
  let level: EventLevel
  let state: AlarmState
  let isFault: Bool
  let event: String
  let name: LocalName
  let device: ID<Device>
  let deviceName: String
  let kind: DeviceKind?
  let building: ID<Building>?
  let room: ID<Room>?
  let place: String
  let raisedAt: String
  let lastAt: String
  let deviceTime: String
  let count: Int64
  let values: [String: PropertyValue]
  let acknowledged: ActBody?
  let resetAt: String?
  let closed: ActBody?
  let canReset: Bool
  let version: Int64

  init(_ alarm: Alarm) {
    id = alarm.id
    level = alarm.level
    state = alarm.state
    isFault = alarm.isFault
    event = alarm.source.event
    name = alarm.source.name
    device = alarm.source.device
    deviceName = alarm.source.deviceName
    kind = alarm.source.kind
    building = alarm.source.place?.building
    room = alarm.source.place?.room
    place = alarm.source.placeName
    raisedAt = alarm.raisedAt.description
    lastAt = alarm.lastAt.description
    deviceTime = alarm.deviceTime.description
    count = alarm.count
    values = alarm.values
    acknowledged = alarm.acknowledged.map { ActBody($0) }
    resetAt = alarm.resetAt?.description
    closed = alarm.closed.map { ActBody($0) }
    canReset = alarm.source.clearedBy != nil
    version = alarm.version
  }

  static let schema = Schema.named(
    "Alarm",
    .object([
      .needs("id", .id), .needs("level", .choice(AlarmSchemas.levels)),
      .needs("state", .choice(AlarmState.allCases.map(\.rawValue))),
      .needs("isFault", .boolean, "The device does not work; otherwise people or things are in danger."),
      .needs("event", DeviceSchemas.key), .needs("name", DeviceSchemas.localName), .needs("device", .id),
      .needs("deviceName", DeviceSchemas.name), .may("kind", DeviceSchemas.kind), .may("building", .id),
      .may("room", .id),
      .needs("place", .text(0...300, example: "2 号楼 1203"), "The device's labels where it hangs in no room."),
      .needs("raisedAt", .time), .needs("lastAt", .time), .needs("deviceTime", .time), .needs("count", .count),
      .needs("values", .map(.scalar)), .may("acknowledged", ActBody.schema), .may("resetAt", .time),
      .may("closed", ActBody.schema),
      .needs("canReset", .boolean, "Whether the device says by itself that it is back to normal."),
      .needs("version", .count),
    ]))
}

struct ActBody: Encodable, Described, Sendable {
  let by: String
  let at: String
  let note: String

  init(_ act: AlarmAct) {
    by = act.by
    at = act.at.description
    note = act.note
  }

  static let schema = Schema.named(
    "AlarmAct",
    .object([.needs("by", .text(0...200, example: "王芳")), .needs("at", .time), .needs("note", AlarmSchemas.note)]))
}

struct AlarmDetailBody: Encodable, Described, Sendable {
  struct Step: Encodable, Sendable {
    let act: AlarmStep.Act
    let at: String
    let by: String?
    let note: String
  }

  let alarm: AlarmBody
  let steps: [Step]

  init(_ detail: AlarmDetail) {
    alarm = AlarmBody(detail.alarm)
    steps = detail.steps.map { Step(act: $0.act, at: $0.at.description, by: $0.by, note: $0.note) }
  }

  static let schema: Schema = {
    let step = Schema.object([
      .needs("act", .choice(["raised", "raisedAgain", "acknowledged", "reset", "closed"])), .needs("at", .time),
      .may("by", .text(0...200, example: "王芳"), "Left out for what the device did."), .needs("note", AlarmSchemas.note),
    ])
    return .named(
      "AlarmDetail", .object([.needs("alarm", AlarmBody.schema), .needs("steps", .array(step, max: 1_000))]))
  }()
}

struct AlarmCountsBody: Encodable, Described, Sendable {
  struct Line: Encodable, Sendable {
    let level: EventLevel
    let open: Int
    let unacknowledged: Int
  }

  let lines: [Line]

  init(_ counts: AlarmCounts) {
    lines = counts.lines.map { Line(level: $0.level, open: $0.open, unacknowledged: $0.unacknowledged) }
  }

  static let schema = Schema.named(
    "AlarmCounts",
    .object([
      .needs(
        "lines",
        .array(
          .object([
            .needs("level", .choice(AlarmSchemas.levels)), .needs("open", .count), .needs("unacknowledged", .count),
          ]), max: 8))
    ]))
}

struct AcknowledgeBody: Decodable, Described {
  let note: String?

  static let schema = Schema.named("Acknowledge", .object([.may("note", AlarmSchemas.note)]))
}

struct CloseBody: Decodable, Described {
  let note: String
  let withoutReset: Bool?

  static let schema = Schema.named(
    "Close",
    .object([
      .needs("note", .text(1...1_000, example: "锅烧干了，已通风"), "How it ended."),
      .may("withoutReset", .boolean, "Closes though the device has not said that it is back to normal."),
    ]))
}

enum AlarmSchemas {
  static let levels = EventLevel.allCases.filter { $0 >= .warning }.map(\.rawValue)
  static let note = Schema.text(0...1_000, example: "正在赶往现场")
}
