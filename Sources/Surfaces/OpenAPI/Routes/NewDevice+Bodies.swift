import Devices
import Estate
import Kernel

struct NewDeviceBody: Decodable, Described {
  let name: String
  let model: String
  let modelVersion: Int?
  let room: ID<Room>?
  let gateway: String?
  let labels: [String]?
  let approvals: [ApprovalCertificate]?

  var device: NewDevice {
    NewDevice(
      name: name, model: model, modelVersion: modelVersion, room: room, gateway: gateway, labels: labels ?? [],
      approvals: approvals ?? [])
  }

  static let schema = Schema.named(
    "NewDevice",
    .object([
      .needs("name", DeviceSchemas.name, "Its serial: A-Z a-z 0-9 . _ -"), .needs("model", DeviceSchemas.model),
      .may("modelVersion", DeviceSchemas.modelVersion, "The newest when left out."), .may("room", .id),
      .may("gateway", DeviceSchemas.name, "The name of the device that brings it."),
      .may("labels", DeviceSchemas.labels), .may("approvals", DeviceSchemas.approvals),
    ]))
}

struct DeviceChangeBody: Decodable, Described {
  let change: DeviceChange

  private enum Key: String, CodingKey { case room, labels, approvals, modelVersion }

  /// A room that is null takes the device out of its room; one that is left out leaves it there.
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    var change = DeviceChange()
    if container.contains(.room) { change.room = .some(try container.decode(ID<Room>?.self, forKey: .room)) }
    change.labels = try container.decodeIfPresent([String].self, forKey: .labels)
    change.approvals = try container.decodeIfPresent([ApprovalCertificate].self, forKey: .approvals)
    change.modelVersion = try container.decodeIfPresent(Int.self, forKey: .modelVersion)
    self.change = change
  }

  static let schema = Schema.named(
    "DeviceChange",
    .object([
      .may("room", .nullable(.id), "null takes it out of its room."), .may("labels", DeviceSchemas.labels),
      .may("approvals", DeviceSchemas.approvals), .may("modelVersion", DeviceSchemas.modelVersion),
    ]))
}

struct TransferBody: Decodable, Described {
  let organisation: ID<Organisation>

  static let schema = Schema.named("Transfer", .object([.needs("organisation", .id)]))
}

struct BatchReportBody: Encodable, Described, Sendable {
  struct Line: Encodable, Sendable {
    let line: Int
    let name: String
    let outcome: String
    let device: ID<Device>?
    let code: String?
    let reason: String?

    init(_ line: BatchReport.Line) {
      self.line = line.line
      name = line.name
      switch line.outcome {
      case .registered(let id): (outcome, device, code, reason) = ("registered", id, nil, nil)
      case .unchanged(let id): (outcome, device, code, reason) = ("unchanged", id, nil, nil)
      case .refused(let code, let reason): (outcome, device, self.code, self.reason) = ("refused", nil, code, reason)
      }
    }
  }

  let registered: Int
  let unchanged: Int
  let refused: Int
  let lines: [Line]

  init(_ report: BatchReport) {
    registered = report.registered
    unchanged = report.unchanged
    refused = report.refused
    lines = report.lines.map { Line($0) }
  }

  static let schema = Schema.named(
    "BatchReport",
    .object([
      .needs("registered", .count), .needs("unchanged", .count), .needs("refused", .count),
      .needs(
        "lines",
        .array(
          .object([
            .needs("line", .count, "As an editor counts; the heading is 1."),
            .needs("name", .text(0...1_000, example: "SD-1203")),
            .needs("outcome", .choice(["registered", "unchanged", "refused"])), .may("device", .id),
            .may("code", .text(1...200, example: "device.nameTaken")),
            .may("reason", .text(1...2_000, example: "A device named SD-1203 is registered already.")),
          ]), max: 10_000)),
    ]))
}
