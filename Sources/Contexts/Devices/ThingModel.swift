/// What a model of device can say, must say and can do (物模型): the contract that its messages are checked against.
///
/// A model is known by its key and version (`lock.basic`, 1); a version never changes once devices use it.
package struct ThingModel: Sendable, Hashable {
  /// `lock.basic`: 1 to 64 characters of `a-z 0-9 . -`.
  package let key: String
  /// Counts from 1.
  package let version: Int
  package let kind: DeviceKind
  package let name: LocalName
  package let liveness: LivenessContract
  /// Type approvals that the standard asks of this kind; the certificates themselves are data of the registry.
  ///
  /// - Source: clauses 6.1.2 a and 6.2.2 a.
  package let approvals: [Approval]
  /// At most 256.
  package let properties: [Property]
  /// At most 128.
  package let events: [Event]
  /// At most 64.
  package let services: [Service]
  /// Nothing sensitive goes to a device of this model without protection by its own keys, even when it has none yet.
  ///
  /// - Source: clause 9.4 b.
  package let requiresProtection: Bool

  package init(
    key: String, version: Int, kind: DeviceKind, name: LocalName, liveness: LivenessContract,
    approvals: [Approval] = [], properties: [Property], events: [Event] = [], services: [Service] = [],
    requiresProtection: Bool = false
  ) {
    self.key = key
    self.version = version
    self.kind = kind
    self.name = name
    self.liveness = liveness
    self.approvals = approvals
    self.properties = properties
    self.events = events
    self.services = services
    self.requiresProtection = requiresProtection
  }

  package func property(_ key: String) -> Property? { properties.first { $0.key == key } }
  package func event(_ key: String) -> Event? { events.first { $0.key == key } }
  package func service(_ key: String) -> Service? { services.first { $0.key == key } }
}

/// A name in the two languages of the pages.
package struct LocalName: Sendable, Hashable, Codable {
  package let chinese: String
  package let english: String

  package init(chinese: String, english: String) {
    self.chinese = chinese
    self.english = english
  }

  enum CodingKeys: String, CodingKey {
    case chinese = "zh-CN"
    case english = "en"
  }
}

/// What kind of thing a device is; decides where it is shown and who listens to it.
package enum DeviceKind: String, Sendable, Hashable, Codable, CaseIterable {
  case lock
  case smokeDetector
  case electricalFireDetector
  case electricityMeter
  case waterMeter
  case gasMeter
  /// Brings sub-devices (网关).
  case gateway
  case other
}

/// How long a kind of data is kept; the durations are configuration.
package enum DataClass: String, Sendable, Hashable, Codable, CaseIterable {
  /// Signal strength, temperature of the board: weeks.
  case diagnostic
  /// Door closed, valve open, battery: months.
  case state
  /// Smoke, temperature, residual current: years, since a fire is investigated later.
  case safety
  /// What is billed: years, by law.
  case metering
}

/// How urgent an event is; each is worse than the one before.
package enum EventLevel: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  case info
  case warning
  /// The device does not work as it should (故障).
  case fault
  /// A person is needed (告警).
  case alarm
  /// Lives may depend on it.
  case critical

  package var rank: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .fault: 2
    case .alarm: 3
    case .critical: 4
    }
  }

  package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

/// When a silent device is stale and when it is offline: two different things.
///
/// Stale: it has missed its report, what is shown is old. Offline: it cannot be reached.
package struct LivenessContract: Sendable, Hashable, Codable {
  /// How devices of this model reach the platform.
  package enum Connection: String, Sendable, Hashable, Codable, CaseIterable {
    /// The device stays connected; without a connection it is offline after `offlineAfterSeconds`.
    case permanent
    /// The device connects to report and sleeps; offline when nothing came for `offlineAfterSeconds`.
    case periodic
  }

  package let connection: Connection
  /// How often the device reports unless its twin says otherwise.
  package let reportIntervalSeconds: Int
  /// Since the last message; longer than the interval.
  package let staleAfterSeconds: Int
  /// Since the connection ended (permanent) or the last message (periodic).
  package let offlineAfterSeconds: Int

  package init(
    connection: Connection, reportIntervalSeconds: Int, staleAfterSeconds: Int, offlineAfterSeconds: Int
  ) {
    self.connection = connection
    self.reportIntervalSeconds = reportIntervalSeconds
    self.staleAfterSeconds = staleAfterSeconds
    self.offlineAfterSeconds = offlineAfterSeconds
  }
}

/// A type approval that a device of the model carries.
package struct Approval: Sendable, Hashable, Codable {
  /// `GA 374`.
  package let standard: String
  /// A device without its certificate number is shown as lacking it.
  package let required: Bool

  package init(standard: String, required: Bool) {
    self.standard = standard
    self.required = required
  }
}
