import Devices
import Kernel

struct LatestBody: Encodable, Described, Sendable {
  struct Value: Encodable, Sendable {
    let property: String
    let value: PropertyValue
    let deviceTime: String
    let receivedAt: String
  }

  let values: [Value]

  init(_ values: [LatestValue]) {
    self.values = values.map {
      Value(
        property: $0.property, value: $0.value, deviceTime: $0.deviceTime.description,
        receivedAt: $0.receivedAt.description)
    }
  }

  static let schema = Schema.named(
    "LatestValues",
    .object([
      .needs(
        "values",
        .array(
          .object([
            .needs("property", DeviceSchemas.property), .needs("value", .scalar), .needs("deviceTime", .time),
            .needs("receivedAt", .time),
          ]), max: 256))
    ]))
}

struct HistoryBody: Encodable, Described, Sendable {
  struct Sample: Encodable, Sendable {
    let at: String
    let value: PropertyValue
  }

  struct Bucket: Encodable, Sendable {
    let start: String
    let count: Int
    let minimum: PropertyValue?
    let maximum: PropertyValue?
    let mean: PropertyValue?
    let last: PropertyValue?
  }

  enum Aggregate: String, CaseIterable {
    case minimum, maximum, mean, last
  }

  let property: String
  let samples: [Sample]?
  let buckets: [Bucket]?
  let nextCursor: String?

  /// - Parameter aggregates: those to show of a bucket; all when empty.
  init(_ property: String, _ history: History, aggregates: [Aggregate], seal: (String?) throws -> String?) rethrows {
    self.property = property
    switch history {
    case .samples(let samples, let next):
      self.samples = samples.map { Sample(at: $0.at.description, value: $0.value) }
      buckets = nil
      nextCursor = try seal(next)
    case .buckets(let buckets):
      let shown = Set(aggregates.isEmpty ? Aggregate.allCases : aggregates)
      samples = nil
      self.buckets = buckets.map {
        Bucket(
          start: $0.start.description, count: $0.count, minimum: shown.contains(.minimum) ? $0.minimum : nil,
          maximum: shown.contains(.maximum) ? $0.maximum : nil, mean: shown.contains(.mean) ? $0.mean : nil,
          last: shown.contains(.last) ? $0.last : nil)
      }
      nextCursor = nil
    }
  }

  static let schema = Schema.named(
    "History",
    .object([
      .needs("property", DeviceSchemas.property),
      .may(
        "samples", .array(.object([.needs("at", .time), .needs("value", .scalar)]), max: 5_000),
        "Oldest first, by the device's clock; without bucketSeconds."),
      .may(
        "buckets",
        .array(
          .object([
            .needs("start", .time), .needs("count", .count), .may("minimum", .scalar), .may("maximum", .scalar),
            .may("mean", .scalar), .may("last", .scalar),
          ]), max: 5_000), "Oldest first; with bucketSeconds. Those without a sample are left out."),
      .may("nextCursor", .text(1...1_024, example: "eyJ…")),
    ]))
}

struct RawMessageBody: Encodable, Described, Sendable {
  let channel: String
  let receivedAt: String
  let text: String
  let bytes: Int

  init(_ message: RawMessage) {
    channel = message.channel
    receivedAt = message.receivedAt.description
    text = message.text
    bytes = message.bytes
  }

  static let schema = Schema.named(
    "RawMessage",
    .object([
      .needs("channel", .text(1...32, example: "telemetry")), .needs("receivedAt", .time),
      .needs("text", .text(0...1_000_000, example: "{}"), "As it came; CBOR as JSON."), .needs("bytes", .count),
    ]))
}

struct RejectedReadingBody: Encodable, Described, Sendable {
  let id: Int64
  let deviceNumber: UInt32
  let property: String?
  let reason: String
  let given: String
  let deviceTime: String?
  let receivedAt: String

  init(_ reading: RejectedReading) {
    id = reading.id
    deviceNumber = reading.device.value
    property = reading.property
    reason = reading.reason
    given = reading.given
    deviceTime = reading.deviceTime?.description
    receivedAt = reading.receivedAt.description
  }

  static let schema = Schema.named(
    "RejectedReading",
    .object([
      .needs("id", .count), .needs("deviceNumber", .count),
      .may("property", .text(0...256, example: "temperature"), "Left out when the whole message was rejected."),
      .needs("reason", .text(1...100, example: "value.range")), .needs("given", .text(0...1_024, example: "-400")),
      .may("deviceTime", .time), .needs("receivedAt", .time),
    ]))
}

struct CompletenessBody: Encodable, Described, Sendable {
  struct Day: Encodable, Sendable {
    let day: LocalDate
    let received: Int64
    let missing: Int64
    let duplicates: Int64
    let rejected: Int64
    let perTenThousand: Int64
  }

  let days: [Day]

  init(_ days: [DayCompleteness]) {
    self.days = days.map {
      Day(
        day: $0.day, received: $0.received, missing: $0.missing, duplicates: $0.duplicates, rejected: $0.rejected,
        perTenThousand: $0.perTenThousand)
    }
  }

  static let schema = Schema.named(
    "Completeness",
    .object([
      .needs(
        "days",
        .array(
          .object([
            .needs("day", .date), .needs("received", .count), .needs("missing", .count), .needs("duplicates", .count),
            .needs("rejected", .count), .needs("perTenThousand", .integer(0...10_000)),
          ]), max: 366), "Of China's time, oldest first.")
    ]))
}

struct DeviceEventBody: Encodable, Described, Sendable {
  let id: ID<DeviceEvent>
  let device: ID<Device>
  let deviceName: String
  let event: String
  let name: LocalName
  let level: EventLevel
  let deviceTime: String
  let receivedAt: String
  let values: [String: PropertyValue]

  init(_ event: DeviceEvent) {
    id = event.id
    device = event.device
    deviceName = event.deviceName.description
    self.event = event.event
    name = event.name
    level = event.level
    deviceTime = event.deviceTime.description
    receivedAt = event.receivedAt.description
    values = event.values
  }

  static let schema = Schema.named(
    "DeviceEvent",
    .object([
      .needs("id", .id), .needs("device", .id), .needs("deviceName", DeviceSchemas.name),
      .needs("event", DeviceSchemas.key), .needs("name", DeviceSchemas.localName),
      .needs("level", DeviceSchemas.level), .needs("deviceTime", .time), .needs("receivedAt", .time),
      .needs("values", DeviceSchemas.values),
    ]))
}
