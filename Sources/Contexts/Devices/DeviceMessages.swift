package import Kernel
import SQLStore
import WireFormats

/// What devices say that someone waits for: events, greetings, reported twins, answers to commands. Each message is
/// handled in the transaction that moves the reader's place, so that it counts once.
package struct DeviceMessages: UrgentHandler {
  let devices: Devices

  package init(devices: Devices) {
    self.devices = devices
  }

  /// Handles one message and keeps what of it was not taken for the list of rejected readings.
  ///
  /// Nothing in a message can make this fail; only the store's errors are thrown.
  package func handle(_ unit: Unit, _ message: UrgentMessage) throws {
    let rejected = try handle(message, in: unit)
    guard !rejected.isEmpty, let entry = devices.directory[message.device] else { return }
    for part in rejected.prefix(Self.rejectedOfMessageMax) {
      try unit.sql.insert(part, message, of: entry.id, organisation: entry.organisation)
    }
    try unit.sql.trimRejected(of: entry.id, organisation: entry.organisation, to: Self.rejectedOfDeviceMax)
    let event = ReadingRejected(
      device: entry.id, channel: message.channel.name, reason: rejected[0].reason, count: rejected.count)
    try unit.record(event, organisation: entry.organisation)
  }

  /// Rejected parts of one message that are kept.
  static let rejectedOfMessageMax = 32
  /// Rejected parts of one device that are kept; the oldest go.
  static let rejectedOfDeviceMax = 1_000

  /// - Returns: what of the message was not taken.
  func handle(_ message: UrgentMessage, in unit: Unit) throws -> [RejectedPart] {
    guard let entry = devices.directory[message.device] else {
      return [RejectedPart(property: nil, reason: "device.unknown", given: "")]
    }
    guard let body = try? WireValue(parsing: message.payload), body.members != nil else {
      return [RejectedPart(property: nil, reason: "message.unreadable", given: "")]
    }
    switch message.channel {
    case .event: return try event(message, body, entry, unit)
    case .hello: return try hello(message, body, entry, unit)
    case .reported: return try reported(message, body, entry, unit)
    case .reply: return try reply(message, body, entry, unit)
    case .telemetry: return []
    }
  }

  private func hello(
    _ message: UrgentMessage, _ body: WireValue, _ entry: DeviceDirectory.Entry, _ unit: Unit
  ) throws -> [RejectedPart] {
    try unit.activate(entry.id, organisation: entry.organisation)
    let model = entry.model.model
    var rejected: [RejectedPart] = []
    if let said = body["model"]?.string, said != model.key {
      rejected.append(RejectedPart(property: "model", reason: "model.other", given: said))
    }
    let version = body["modelVersion"]?.integer ?? Int64(model.version)
    if version != Int64(model.version) {
      rejected.append(RejectedPart(property: "modelVersion", reason: "model.otherVersion", given: "\(version)"))
    }
    let firmware = String((body["firmware"]?.string ?? "").prefix(64))
    let hello = DeviceHello(
      boot: message.boot, firmware: firmware, modelVersion: Int(clamping: version), at: message.receivedAt)
    try unit.sql.put(hello, sequence: message.sequence, of: entry.id, organisation: entry.organisation)
    return rejected
  }

  private func reply(
    _ message: UrgentMessage, _ body: WireValue, _ entry: DeviceDirectory.Entry, _ unit: Unit
  ) throws -> [RejectedPart] {
    guard let id = body["id"]?.string.flatMap({ ID<Command>($0) }) else {
      return [RejectedPart(property: "id", reason: "command.unknown", given: body["id"]?.string ?? "")]
    }
    guard let state = body["state"]?.string.flatMap(CommandReply.State.init(rawValue:)) else {
      return [RejectedPart(property: "state", reason: "reply.state", given: body["state"]?.string ?? "")]
    }
    let found = try? unit.sql.command(id, of: entry.organisation)
    guard var command = found, command.device == entry.id else {
      return [RejectedPart(property: "id", reason: "command.unknown", given: id.description)]
    }
    // Values that do not fit were told as rejected when the telemetry was folded: they are property values.
    let (values, _) = entry.model.model.values(body["values"], of: entry.model.model.properties.map(\.field))
    let reply = CommandReply(
      id: id, state: state, code: body["code"]?.string.map { String($0.prefix(64)) },
      message: body["message"]?.string.map { String($0.prefix(256)) }, values: values)
    let readBack = entry.model.model.service(command.service)?.readBack
    if command.apply(reply, readBack: readBack, at: unit.now) {
      try unit.save(command, organisation: entry.organisation)
    }
    return []
  }

  private func reported(
    _ message: UrgentMessage, _ body: WireValue, _ entry: DeviceDirectory.Entry, _ unit: Unit
  ) throws -> [RejectedPart] {
    let writable = entry.model.model.properties.filter(\.writable).map(\.field)
    let (values, rejected) = entry.model.model.values(body["reported"], of: writable)
    guard !values.isEmpty else { return rejected }
    var rows = try unit.sql.twinRows(of: entry.id, organisation: entry.organisation)
    var changed = false
    for (key, value) in values.sorted(by: { $0.key < $1.key }) {
      var row = rows[key] ?? TwinRow(property: key)
      // A message kept by the device and sent late does not undo a newer one.
      if let boot = row.boot, let sequence = row.sequence, (boot, sequence) >= (message.boot, message.sequence) {
        continue
      }
      row.reported = value
      row.reportedAt = message.receivedAt
      row.boot = message.boot
      row.sequence = message.sequence
      rows[key] = row
      changed = true
      try unit.sql.put(row, of: entry.id, organisation: entry.organisation)
    }
    guard changed else { return rejected }
    var versions = try unit.sql.twinVersions(of: entry.id, organisation: entry.organisation)
    versions.reported += 1
    let differs = rows.values.contains(where: \.differs)
    try unit.sql.put(versions, differs: differs, of: entry.id, organisation: entry.organisation)
    try unit.record(
      TwinReported(device: entry.id, version: versions.reported, differs: differs), organisation: entry.organisation)
    return rejected
  }
}

/// A part of a message that was not taken, and why.
package struct RejectedPart: Sendable, Hashable {
  /// nil: the whole message.
  package let property: String?
  /// Stable: `value.range`, `event.unknown`, `command.unknown` …
  package let reason: String
  /// What was given; at most 256 characters are kept.
  package let given: String

  package init(property: String?, reason: String, given: String) {
    self.property = property.map { String($0.prefix(64)) }
    self.reason = reason
    self.given = String(given.prefix(256))
  }
}

extension ThingModel {
  /// The values of a map that fit their fields, and what was wrong with the others.
  func values(
    _ map: WireValue?, of fields: [Field]
  ) -> (values: [String: PropertyValue], rejected: [RejectedPart]) {
    guard let map else { return ([:], []) }
    guard let members = map.members else {
      return ([:], [RejectedPart(property: nil, reason: "message.envelope", given: "values")])
    }
    var values: [String: PropertyValue] = [:]
    var rejected: [RejectedPart] = []
    for member in members {
      guard let field = fields.first(where: { $0.key == member.key }) else {
        rejected.append(
          RejectedPart(property: member.key, reason: "property.unknown", given: member.value.short))
        continue
      }
      let value = PropertyValue(member.value)
      if let normalized = value.flatMap({ field.type.normalized($0) }) {
        values[member.key] = normalized
      } else {
        let reason = value.map { field.type.admitsKind(of: $0) } == true ? "value.range" : "value.type"
        rejected.append(RejectedPart(property: member.key, reason: reason, given: member.value.short))
      }
    }
    return (values, rejected)
  }
}

extension ThingModel.ValueType {
  /// Whether a value is of this type at all, whatever its range.
  fileprivate func admitsKind(of value: PropertyValue) -> Bool {
    switch (self, value) {
    case (.bool, .bool), (.integer, .integer), (.decimal, .integer), (.decimal, .decimal), (.text, .text),
      (.enumeration, .text):
      true
    default: false
    }
  }
}

extension WireValue {
  /// The value as JSON, cut to what a list shows.
  fileprivate var short: String {
    String(decoding: JSONWriter.bytes(self).prefix(256), as: UTF8.self)
  }
}
