import Devices
import Estate
import Kernel

struct DeviceBody: Encodable, Described, Sendable {
  let id: ID<Device>
  let number: UInt32
  let name: String
  let model: String
  let modelVersion: Int
  let kind: DeviceKind
  let status: DeviceStatus
  let building: ID<Building>?
  let room: ID<Room>?
  let gateway: ID<Device>?
  let labels: [String]
  let approvals: [ApprovalCertificate]
  let registeredAt: String
  let version: Int64

  init(_ device: Device) {
    id = device.id
    number = device.number.value
    name = device.name.description
    model = device.model
    modelVersion = device.modelVersion
    kind = device.kind
    status = device.status
    building = device.place?.building
    room = device.place?.room
    gateway = device.gateway
    labels = device.labels
    approvals = device.approvals
    registeredAt = device.registeredAt.description
    version = device.version
  }

  static let schema = Schema.named(
    "Device",
    .object([
      .needs("id", .id), .needs("number", .integer(1...Int64(UInt32.max))),
      .needs("name", DeviceSchemas.name, "Its serial, unique on the platform."), .needs("model", DeviceSchemas.model),
      .needs("modelVersion", DeviceSchemas.modelVersion), .needs("kind", DeviceSchemas.kind),
      .needs("status", DeviceSchemas.status), .may("building", .id), .may("room", .id),
      .may("gateway", .id, "The device that brings it."), .needs("labels", DeviceSchemas.labels),
      .needs("approvals", DeviceSchemas.approvals), .needs("registeredAt", .time), .needs("version", .count),
    ]))
}

struct LivenessBody: Encodable, Described, Sendable {
  let state: LivenessState
  let since: String?
  let lastMessageAt: String?
  let connected: Bool

  init(_ view: LivenessView) {
    state = view.state
    since = view.since?.description
    lastMessageAt = view.lastMessageAt?.description
    connected = view.connected
  }

  static let schema = Schema.named(
    "Liveness",
    .object([
      .needs("state", DeviceSchemas.liveness, "stale: what is shown is old; offline: it can not be reached."),
      .may("since", .time), .may("lastMessageAt", .time), .needs("connected", .boolean),
    ]))
}

struct DeviceSummaryBody: Encodable, Described, Sendable {
  let device: DeviceBody
  let modelName: LocalName
  let liveness: LivenessBody

  init(_ summary: DeviceSummary) {
    device = DeviceBody(summary.device)
    modelName = summary.modelName
    liveness = LivenessBody(summary.liveness)
  }

  static let schema = Schema.named(
    "DeviceSummary",
    .object([
      .needs("device", DeviceBody.schema), .needs("modelName", DeviceSchemas.localName),
      .needs("liveness", LivenessBody.schema),
    ]))
}

struct DeviceDetailBody: Encodable, Described, Sendable {
  struct Hello: Encodable, Sendable {
    let boot: Int64
    let firmware: String
    let modelVersion: Int
    let at: String
  }

  let device: DeviceBody
  let modelName: LocalName
  let liveness: LivenessBody
  let hello: Hello?
  let gatewayName: String?
  let subDevices: [String]
  let certificates: [CertificateBody]
  let missingApprovals: [String]

  init(_ detail: DeviceDetail) {
    device = DeviceBody(detail.device)
    modelName = detail.model.name
    liveness = LivenessBody(detail.liveness)
    hello = detail.hello.map {
      Hello(boot: $0.boot, firmware: $0.firmware, modelVersion: $0.modelVersion, at: $0.at.description)
    }
    gatewayName = detail.gatewayName?.description
    subDevices = detail.subDevices.map(\.description)
    certificates = detail.certificates.map { CertificateBody($0) }
    missingApprovals = detail.missingApprovals
  }

  static let schema = Schema.named(
    "DeviceDetail",
    .object([
      .needs("device", DeviceBody.schema), .needs("modelName", DeviceSchemas.localName),
      .needs("liveness", LivenessBody.schema),
      .may(
        "hello",
        .object([
          .needs("boot", .count), .needs("firmware", .text(0...200, example: "1.4.2")),
          .needs("modelVersion", .integer(0...1_000_000)), .needs("at", .time),
        ]), "What it said of itself when it last started."),
      .may("gatewayName", DeviceSchemas.name), .needs("subDevices", .array(DeviceSchemas.name, max: 256)),
      .needs("certificates", .array(CertificateBody.schema, max: 1_000)),
      .needs(
        "missingApprovals", .array(.text(0...200, example: "GA 374"), max: 64),
        "Type approvals that its model asks for and the registry does not hold."),
    ]))
}

struct DeviceCountsBody: Encodable, Described, Sendable {
  struct Line: Encodable, Sendable {
    let kind: DeviceKind
    let liveness: LivenessState
    let count: Int
  }

  let lines: [Line]

  init(_ counts: DeviceCounts) {
    lines = counts.lines.map { Line(kind: $0.kind, liveness: $0.liveness, count: $0.count) }
  }

  static let schema = Schema.named(
    "DeviceCounts",
    .object([
      .needs(
        "lines",
        .array(
          .object([
            .needs("kind", DeviceSchemas.kind), .needs("liveness", DeviceSchemas.liveness), .needs("count", .count),
          ]), max: 200))
    ]))
}
