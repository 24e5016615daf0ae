/// What a device does: the vendor's part. A value with mutating events; it says what it wants through the desk and does
/// no I/O of its own to the platform, so that it behaves the same under a test's clock.
///
/// ```swift
/// struct Doorbell: DeviceProgram {
///   let services = ["chime": ServiceRule()]
///   mutating func perform(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome? {
///     desk.raise("chimed", .info)
///     return .done()
///   }
/// }
/// ```
public protocol DeviceProgram: Sendable {
  /// The services offered, by the thing model's names.
  var services: [String: ServiceRule] { get }
  /// The settings in force: the twin's reported part.
  var settings: DeviceValues { get }
  /// When to be woken next, in uptime milliseconds; nil: not by time. Read after every event.
  var wakeAtUptimeMilliseconds: Int64? { get }

  /// The device has started; the desk holds what was remembered.
  mutating func powerOn(_ desk: inout DeviceDesk)
  /// The time it wanted to be woken at has come.
  mutating func wake(_ desk: inout DeviceDesk)
  /// Does a command. Its changes to memory become durable together with its outcome.
  /// - Returns: how it ended; nil when `desk.finish` will say so later.
  mutating func perform(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome?
  /// The platform wants other settings; take those that can be taken. `settings` is reported afterwards.
  mutating func desire(_ settings: [String: DeviceValue], _ desk: inout DeviceDesk)
  /// The connection to the platform came or went.
  mutating func connectionChanged(_ desk: inout DeviceDesk)
  /// The clock was put forward by so many milliseconds (back when negative).
  mutating func clockCorrected(byMilliseconds: Int64, _ desk: inout DeviceDesk)
}

extension DeviceProgram {
  public var services: [String: ServiceRule] { [:] }
  public var settings: DeviceValues { [:] }
  public var wakeAtUptimeMilliseconds: Int64? { nil }
  public mutating func powerOn(_ desk: inout DeviceDesk) {}
  public mutating func wake(_ desk: inout DeviceDesk) {}
  public mutating func perform(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome? {
    .refused(code: "unknownService", message: "this device does not offer the service")
  }
  public mutating func desire(_ settings: [String: DeviceValue], _ desk: inout DeviceDesk) {}
  public mutating func connectionChanged(_ desk: inout DeviceDesk) {}
  public mutating func clockCorrected(byMilliseconds: Int64, _ desk: inout DeviceDesk) {}
}

/// How much an event matters, as thing models say it.
public enum EventLevel: Sendable, Hashable {
  case info, warning, fault, alarm, critical
}

/// Where a program puts what it has to say, and reads what it may know, during one event.
public struct DeviceDesk: Sendable {
  enum Outgoing: Sendable {
    case values(DeviceValues, time: Int64)
    case points([ReadingPoint])
    case event(String, EventLevel, DeviceValues, time: Int64)
    case outcome(String, CommandOutcome)
  }

  public let identity: DeviceIdentity
  public let moment: DeviceMoment
  /// The corrected clock: milliseconds since 1970 UTC.
  public let time: Int64
  /// Whether the clock has been set since the start.
  public let isClockSet: Bool
  /// Whether the platform can be reached now.
  public let isOnline: Bool
  /// Messages not yet acknowledged.
  public let messagesWaiting: Int
  /// Reproducible numbers of the device.
  public var random: DeviceRandom

  var outgoing: [Outgoing] = []
  var memory: [String: [UInt8]]
  var changes: [FlashChange] = []

  static let keyPrefix = "p/"

  /// Reports readings of now, or of an earlier moment.
  public mutating func report(_ values: DeviceValues, at earlier: Int64? = nil) {
    outgoing.append(.values(values, time: earlier ?? time))
  }

  /// Reports readings of several moments in messages of at most 200 points.
  public mutating func report(points: [ReadingPoint]) {
    for start in stride(from: 0, to: points.count, by: 200) {
      outgoing.append(.points(Array(points[start..<min(points.count, start + 200)])))
    }
  }

  /// Raises an event of now, or of an earlier moment.
  public mutating func raise(
    _ event: String, _ level: EventLevel, _ values: DeviceValues = [:], at earlier: Int64? = nil
  ) {
    outgoing.append(.event(event, level, values, time: earlier ?? time))
  }

  /// Ends a command for which `perform` returned nil.
  public mutating func finish(_ command: String, _ outcome: CommandOutcome) {
    outgoing.append(.outcome(command, outcome))
  }

  /// What was remembered under a name.
  public func remembered(_ name: String) -> [UInt8]? { memory[name] }

  /// Remembers bytes across power cuts; nil forgets. Durable together with everything else of the event.
  public mutating func remember(_ name: String, _ bytes: [UInt8]?) {
    guard memory[name] != bytes else { return }
    memory[name] = bytes
    let key = Self.keyPrefix + name
    changes.append(bytes.map { .put(key: key, value: $0) } ?? .delete(key: key))
  }

  /// A whole number remembered under a name.
  public func rememberedNumber(_ name: String) -> Int64? {
    memory[name].flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
  }

  /// Remembers a whole number.
  public mutating func remember(_ name: String, number: Int64) { remember(name, Array(String(number).utf8)) }
}
