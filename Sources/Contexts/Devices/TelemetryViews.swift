package import Kernel

/// The last value of one property.
package struct LatestValue: Sendable, Hashable {
  package let property: String
  package let value: PropertyValue
  /// By the device's clock.
  package let deviceTime: Instant
  package let receivedAt: Instant

  package init(property: String, value: PropertyValue, deviceTime: Instant, receivedAt: Instant) {
    self.property = property
    self.value = value
    self.deviceTime = deviceTime
    self.receivedAt = receivedAt
  }
}

/// Which part of a property's history to read, in the device's time.
package struct HistoryQuery: Sendable, Hashable {
  package let property: String
  package let from: Instant
  /// Not included.
  package let to: Instant
  /// nil: every sample, in pages; else buckets of so many seconds (1 to 31,622,400), at most 5,000 of them.
  package let bucketSeconds: Int?
  /// Samples a page: 1 to 5,000.
  package let limit: Int
  package let cursor: String?

  package init(
    property: String, from: Instant, to: Instant, bucketSeconds: Int? = nil, limit: Int = 1_000,
    cursor: String? = nil
  ) {
    self.property = property
    self.from = from
    self.to = to
    self.bucketSeconds = bucketSeconds
    self.limit = min(max(limit, 1), 5_000)
    self.cursor = cursor
  }
}

/// A part of a property's history, oldest first.
package enum History: Sendable, Hashable {
  case samples([Sample], next: String?)
  case buckets([Bucket])

  /// One value at one moment.
  package struct Sample: Sendable, Hashable {
    package let at: Instant
    package let value: PropertyValue

    package init(at: Instant, value: PropertyValue) {
      self.at = at
      self.value = value
    }
  }

  /// What happened within one bucket; numbers only (an enumeration and a boolean count by their place).
  package struct Bucket: Sendable, Hashable {
    package let start: Instant
    package let count: Int
    package let minimum: PropertyValue
    package let maximum: PropertyValue
    /// Rounded half away from zero to the property's scale plus two.
    package let mean: PropertyValue
    package let last: PropertyValue

    package init(
      start: Instant, count: Int, minimum: PropertyValue, maximum: PropertyValue, mean: PropertyValue,
      last: PropertyValue
    ) {
      self.start = start
      self.count = count
      self.minimum = minimum
      self.maximum = maximum
      self.mean = mean
      self.last = last
    }
  }
}

/// A message as it came, while the log still holds it.
package struct RawMessage: Sendable, Hashable {
  /// `telemetry`, `event`, `hello`, `reported`, `reply`.
  package let channel: String
  package let receivedAt: Instant
  /// JSON as it came; CBOR as JSON for reading.
  package let text: String
  package let bytes: Int

  package init(channel: String, receivedAt: Instant, text: String, bytes: Int) {
    self.channel = channel
    self.receivedAt = receivedAt
    self.text = text
    self.bytes = bytes
  }
}

/// A value or a message that was not taken, and why: never silently dropped.
package struct RejectedReading: Sendable, Hashable {
  package let id: Int64
  package let device: DeviceNumber
  /// nil: the whole message.
  package let property: String?
  /// Stable: `property.unknown`, `value.range`, `value.type`, `message.unreadable`, `time.implausible`.
  package let reason: String
  /// What was given, at most 256 characters.
  package let given: String
  package let deviceTime: Instant?
  package let receivedAt: Instant

  package init(
    id: Int64, device: DeviceNumber, property: String?, reason: String, given: String, deviceTime: Instant?,
    receivedAt: Instant
  ) {
    self.id = id
    self.device = device
    self.property = property
    self.reason = reason
    self.given = given
    self.deviceTime = deviceTime
    self.receivedAt = receivedAt
  }
}

/// How much of what a device numbered on one day has arrived.
package struct DayCompleteness: Sendable, Hashable {
  package let day: LocalDate
  package let received: Int64
  /// Numbers between the first and the last of the day that never came.
  package let missing: Int64
  package let duplicates: Int64
  package let rejected: Int64

  /// 0 to 10,000: ten-thousandths of what was expected; 10,000 when nothing was.
  package var perTenThousand: Int64 {
    received + missing == 0 ? 10_000 : received * 10_000 / (received + missing)
  }

  package init(day: LocalDate, received: Int64, missing: Int64, duplicates: Int64, rejected: Int64) {
    self.day = day
    self.received = received
    self.missing = missing
    self.duplicates = duplicates
    self.rejected = rejected
  }
}

/// An event that a device told of, searchable.
package struct DeviceEvent: Sendable, Hashable {
  package let id: ID<DeviceEvent>
  package let device: ID<Device>
  package let deviceName: DeviceName
  package let event: String
  package let name: LocalName
  package let level: EventLevel
  package let deviceTime: Instant
  package let receivedAt: Instant
  package let values: [String: PropertyValue]
}

/// Which events to list, newest first.
package struct DeviceEventQuery: Sendable, Hashable {
  package var device: ID<Device>?
  package var levels: Set<EventLevel>
  package var events: Set<String>
  package var from: Instant?
  /// Not included.
  package var to: Instant?
  package var page: PageRequest

  package init(
    device: ID<Device>? = nil, levels: Set<EventLevel> = [], events: Set<String> = [], from: Instant? = nil,
    to: Instant? = nil, page: PageRequest = PageRequest()
  ) {
    self.device = device
    self.levels = levels
    self.events = events
    self.from = from
    self.to = to
    self.page = page
  }
}

/// Where the service reads what devices measured; the folder Telemetry implements it.
package protocol TelemetryArchive: Sendable {
  /// In the model's order; only properties that have a value.
  func latest(_ device: DeviceNumber) async throws -> [LatestValue]
  /// Many devices in one call, for lists and boards; at most 1,000.
  func latest(_ devices: [DeviceNumber]) async throws -> [DeviceNumber: [LatestValue]]
  func history(_ device: DeviceNumber, _ query: HistoryQuery) async throws -> History
  /// Newest first.
  func rawMessages(_ device: DeviceNumber, _ page: PageRequest) async throws -> Page<RawMessage>
  /// Newest first.
  func rejectedReadings(_ devices: [DeviceNumber]?, organisation: ID<Organisation>, _ page: PageRequest)
    async throws -> Page<RejectedReading>
  /// One a day, oldest first; days are those of UTC+`offsetMinutes`.
  func completeness(_ device: DeviceNumber, from: LocalDate, through: LocalDate, offsetMinutes: Int)
    async throws -> [DayCompleteness]
  /// The numbers that are known to be missing, oldest first.
  func missing(_ device: DeviceNumber, limit: Int) async throws -> [SequenceRange]
}

/// Message numbers of one boot, both ends included.
package struct SequenceRange: Sendable, Hashable, Codable {
  package let boot: Int64
  package let from: Int64
  package let to: Int64

  package init(boot: Int64, from: Int64, to: Int64) {
    self.boot = boot
    self.from = from
    self.to = to
  }
}
