/// What makes a message of a device unique: the start it was made in, and its place in that start's count.
public struct MessageNumber: Hashable, Comparable, Sendable {
  /// Grows by one with each start of the device.
  public let boot: Int64
  /// Counts the messages of that start from 0, without a gap.
  public let sequence: Int64

  public init(boot: Int64, sequence: Int64) {
    self.boot = boot
    self.sequence = sequence
  }

  public static func < (left: Self, right: Self) -> Bool {
    (left.boot, left.sequence) < (right.boot, right.sequence)
  }
}

/// Consecutive message numbers of one start, both ends included.
public struct MessageRange: Hashable, Sendable {
  public var boot: Int64
  public var from: Int64
  public var to: Int64

  public init(boot: Int64, from: Int64, to: Int64) {
    self.boot = boot
    self.from = from
    self.to = to
  }

  /// Whether the range holds a number.
  public func contains(_ number: MessageNumber) -> Bool {
    number.boot == boot && (from...max(from, to)).contains(number.sequence)
  }
}

/// The way up a message takes; the topic's last word.
public enum UpChannel: UInt8, Sendable, CaseIterable {
  case hello, telemetry, event, reported, reply
  /// A reply that goes protected by the session's keys.
  case protected

  /// The word in the topic.
  public var word: String {
    switch self {
    case .hello: "hello"
    case .telemetry: "telemetry"
    case .event: "event"
    case .reported: "reported"
    case .reply: "reply"
    case .protected: "protected"
    }
  }
}

/// How dear a message is when the outbox is full: the cheapest, oldest goes first.
public enum MessageWorth: UInt8, Sendable, Comparable {
  /// Readings: the oldest are given up first.
  case reading
  /// Twin reports and answers to commands.
  case answer
  /// Events of level info or warning.
  case notice
  /// Alarms and faults: given up last, and only for newer alarms.
  case alarm

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A message that waits to be acknowledged.
public struct OutboxEntry: Hashable, Sendable {
  public let number: MessageNumber
  public let channel: UpChannel
  public let worth: MessageWorth
  public var payload: [UInt8]

  public init(number: MessageNumber, channel: UpChannel, worth: MessageWorth, payload: [UInt8]) {
    self.number = number
    self.channel = channel
    self.worth = worth
    self.payload = payload
  }
}

extension OutboxEntry {
  static let keyPrefix = "o/"

  static func key(_ number: MessageNumber) -> String { "\(keyPrefix)\(number.boot)/\(number.sequence)" }

  var stored: FlashChange {
    .put(key: Self.key(number), value: [channel.rawValue, worth.rawValue] + payload)
  }

  /// The entry in a cell; nil when the cell is no entry (another version's, damaged).
  init?(key: String, value: [UInt8]) {
    let parts = key.dropFirst(Self.keyPrefix.count).split(separator: "/", omittingEmptySubsequences: false)
    guard key.hasPrefix(Self.keyPrefix), parts.count == 2, let boot = Int64(parts[0]), let sequence = Int64(parts[1]),
      value.count >= 2, let channel = UpChannel(rawValue: value[0]), let worth = MessageWorth(rawValue: value[1])
    else { return nil }
    self.init(
      number: MessageNumber(boot: boot, sequence: sequence), channel: channel, worth: worth,
      payload: Array(value[2...]))
  }
}
