import Devices
import Kernel

struct TwinBody: Encodable, Described, Sendable {
  struct Entry: Encodable, Sendable {
    let property: String
    let desired: PropertyValue?
    let desiredAt: String?
    let reported: PropertyValue?
    let reportedAt: String?
    let differs: Bool
  }

  let device: ID<Device>
  let desiredVersion: Int64
  let reportedVersion: Int64
  let differs: Bool
  let entries: [Entry]

  init(_ twin: Twin) {
    device = twin.device
    desiredVersion = twin.desiredVersion
    reportedVersion = twin.reportedVersion
    differs = twin.differs
    entries = twin.entries.map {
      Entry(
        property: $0.property, desired: $0.desired, desiredAt: $0.desiredAt?.description, reported: $0.reported,
        reportedAt: $0.reportedAt?.description, differs: $0.differs)
    }
  }

  static let schema: Schema = {
    let entry = Schema.object([
      .needs("property", DeviceSchemas.property), .may("desired", .scalar), .may("desiredAt", .time),
      .may("reported", .scalar), .may("reportedAt", .time),
      .needs("differs", .boolean, "The device has not reported what is desired."),
    ])
    return .named(
      "Twin",
      .object([
        .needs("device", .id), .needs("desiredVersion", .count), .needs("reportedVersion", .count),
        .needs("differs", .boolean), .needs("entries", .array(entry, max: 256)),
      ]))
  }()
}

struct DesireBody: Decodable, Described {
  let desired: [String: PropertyValue?]

  static let schema = Schema.named(
    "Desire",
    .object([
      .needs("desired", .map(.nullable(.scalar)), "By property; null takes the desire back.")
    ]))
}

struct CommandBody: Encodable, Described, Sendable {
  let id: ID<Command>
  let device: ID<Device>
  let service: String
  let arguments: [String: PropertyValue]
  let dangerous: Bool
  let state: Command.State
  let ended: Bool
  let issuedBy: String
  let issuedAt: String
  let deadline: String
  let attempts: Int
  let sentAt: String?
  let receivedAt: String?
  let doneAt: String?
  let endedAt: String?
  let result: [String: PropertyValue]
  let failure: Command.Failure?
  let version: Int64

  init(_ command: Command) {
    id = command.id
    device = command.device
    service = command.service
    arguments = command.arguments
    dangerous = command.dangerous
    state = command.state
    ended = command.ended
    issuedBy = command.issuedBy
    issuedAt = command.issuedAt.description
    deadline = command.deadline.description
    attempts = command.attempts
    sentAt = command.sentAt?.description
    receivedAt = command.receivedAt?.description
    doneAt = command.doneAt?.description
    endedAt = command.endedAt?.description
    result = command.result
    failure = command.failure
    version = command.version
  }

  static let schema = Schema.named(
    "Command",
    .object([
      .needs("id", .id), .needs("device", .id), .needs("service", DeviceSchemas.service),
      .needs("arguments", DeviceSchemas.values), .needs("dangerous", .boolean),
      .needs(
        "state", .choice(Command.State.allCases.map(\.rawValue)),
        "done is the device's word; verified is what the read-back showed."),
      .needs("ended", .boolean, "Nothing more is expected."), .needs("issuedBy", .text(0...200, example: "王芳")),
      .needs("issuedAt", .time), .needs("deadline", .time), .needs("attempts", .count), .may("sentAt", .time),
      .may("receivedAt", .time), .may("doneAt", .time), .may("endedAt", .time), .needs("result", DeviceSchemas.values),
      .may(
        "failure",
        .object([
          .needs("code", .text(0...200, example: "deadline.passed")),
          .needs("message", .text(0...2_000, example: "No answer came before the deadline.")),
        ])),
      .needs("version", .count),
    ]))
}

struct NewCommandBody: Decodable, Described {
  let service: String
  let arguments: [String: PropertyValue]?
  let deadlineSeconds: Int?

  static let schema = Schema.named(
    "NewCommand",
    .object([
      .needs("service", DeviceSchemas.service, "One of the thing model's."), .may("arguments", DeviceSchemas.values),
      .may("deadlineSeconds", .integer(1...604_800), "The model's own when left out."),
    ]))
}

extension DeviceSchemas {
  static let service = Schema.text(1...64, example: "unlock")
}
