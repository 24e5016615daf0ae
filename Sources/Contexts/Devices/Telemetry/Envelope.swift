import Kernel
import WireFormats

/// The outer part of a message (docs/device-protocol.md): what numbers it and when it was said.
struct Envelope: Hashable {
  var boot: Int64?
  var sequence: Int64?
  /// Milliseconds since 1970 by the device's clock.
  var time: Int64?
  var hasValues = false
  var hasPoints = false
  var hasEvent = false
  var hasReported = false
  var hasID = false
  var hasState = false
  /// A key of the envelope had a value of the wrong type.
  var isBroken = false

  /// Whether a message of this channel may look like this.
  func fits(_ channel: UpChannel) -> Bool {
    guard !isBroken, boot != nil, sequence != nil else { return false }
    switch channel {
    case .telemetry: return hasValues || hasPoints
    case .event: return hasEvent
    case .hello: return true
    case .reported: return hasReported
    case .reply: return hasID && hasState
    }
  }
}

/// What a device's clock may say to be believed: the reading then goes into the history.
enum ClockWindow {
  /// 2020-01-01: no device of this platform is older.
  static let earliest = Instant(milliseconds: 1_577_836_800_000)
  static let aheadSecondsMax: Int64 = 600

  static func admits(_ time: Instant, receivedAt: Instant) -> Bool {
    time >= earliest && time.microseconds(since: receivedAt) <= aheadSecondsMax * 1_000_000
  }
}

/// Who takes what the scan of a message finds.
protocol EnvelopeSink {
  /// A value that its property's rule admits, in the rule's scale.
  mutating func value(_ rule: PropertyRule, _ value: Int64)
  /// A text that its property's rule admits.
  mutating func text(_ rule: PropertyRule, _ text: String)
  /// Whether `reject` is to be called: reading what was given costs.
  static var keepsRejections: Bool { get }
  /// A value that is not taken.
  mutating func reject(_ reason: RejectionReason, property: String, given: String)
  /// All that came since the last call was measured at this moment of the device's clock, in milliseconds; nil when
  /// neither the point nor the message says.
  mutating func measured(at time: Int64?)
}

/// Why a value is not taken; stable codes.
enum RejectionReason: String, Sendable {
  case unknownProperty = "property.unknown"
  case type = "value.type"
  case range = "value.range"
  /// More decimals than the thing model knows.
  case precision = "value.precision"
  case implausibleTime = "time.implausible"
}

/// Reads one message: one pass, nothing allocated unless a text or a rejected value asks for it.
struct EnvelopeScan<Sink: EnvelopeSink> {
  let channel: UpChannel
  let model: CompiledModel
  var sink: Sink
  var envelope = Envelope()

  init(channel: UpChannel, model: CompiledModel, sink: consuming Sink) {
    self.channel = channel
    self.model = model
    self.sink = sink
  }

  /// - Throws: `WireError` when the bytes are neither JSON nor CBOR; what the sink took before is then void.
  mutating func read(_ payload: UnsafeRawBufferPointer) throws(WireError) {
    switch WireFormat(ofObject: payload) {
    case .json: try JSONReader.read(payload) { reader throws(WireError) in try object(&reader) }
    case .cbor: try CBORReader.read(payload) { reader throws(WireError) in try object(&reader) }
    case nil: throw payload.isEmpty ? .endsTooEarly(offset: 0) : .unexpected(offset: 0)
    }
  }

  private mutating func object<R: WireReader & ~Copyable>(_ reader: inout R) throws(WireError) {
    guard try reader.next() == .beginMap else { throw .unexpected(offset: 0) }
    while true {
      let event = try reader.next()
      guard case .key(let key) = event else { break }
      try member(key, try reader.next(), &reader)
    }
    guard try reader.next() == .end else { throw .trailingBytes(offset: 0) }
    sink.measured(at: envelope.time)
  }

  private mutating func member<R: WireReader & ~Copyable>(
    _ key: WireText, _ event: WireEvent, _ reader: inout R
  ) throws(WireError) {
    switch EnvelopeKey.word(key, reader) {
    case EnvelopeKey.boot: envelope.boot = number(event)
    case EnvelopeKey.sequence: envelope.sequence = number(event)
    case EnvelopeKey.time: envelope.time = signedNumber(event)
    case EnvelopeKey.values where channel == .telemetry || channel == .reply:
      envelope.hasValues = true
      return try values(event, &reader)
    case EnvelopeKey.points where channel == .telemetry:
      envelope.hasPoints = true
      return try points(event, &reader)
    case EnvelopeKey.event where channel == .event: envelope.hasEvent = isText(event)
    case EnvelopeKey.reported where channel == .reported: envelope.hasReported = event == .beginMap
    case EnvelopeKey.id where channel == .reply: envelope.hasID = isText(event)
    case EnvelopeKey.state where channel == .reply: envelope.hasState = isText(event)
    default: break
    }
    try reader.skip(event)
  }

  private mutating func points<R: WireReader & ~Copyable>(
    _ event: WireEvent, _ reader: inout R
  ) throws(WireError) {
    guard event == .beginList else {
      envelope.isBroken = true
      return try reader.skip(event)
    }
    while true {
      let item = try reader.next()
      if item == .endList { return }
      guard item == .beginMap else {
        envelope.isBroken = true
        try reader.skip(item)
        continue
      }
      var time: Int64?
      while case .key(let key) = try reader.next() {
        let value = try reader.next()
        switch EnvelopeKey.word(key, reader) {
        case EnvelopeKey.time:
          time = signedNumber(value)
          try reader.skip(value)
        case EnvelopeKey.values: try values(value, &reader)
        default: try reader.skip(value)
        }
      }
      // A point without a time is of no use, and the message's own would be a guess.
      if time == nil { envelope.isBroken = true }
      sink.measured(at: time)
    }
  }

  private mutating func values<R: WireReader & ~Copyable>(
    _ event: WireEvent, _ reader: inout R
  ) throws(WireError) {
    guard event == .beginMap else {
      envelope.isBroken = true
      return try reader.skip(event)
    }
    while case .key(let key) = try reader.next() {
      let value = try reader.next()
      let rule = key.isPlain ? model.property(reader.bytes(key)) : model.property(named: reader.string(key))
      if let rule {
        try take(value, rule, key, &reader)
      } else {
        try reject(.unknownProperty, key, value, &reader)
      }
    }
  }

  private mutating func take<R: WireReader & ~Copyable>(
    _ event: WireEvent, _ rule: PropertyRule, _ key: WireText, _ reader: inout R
  ) throws(WireError) {
    switch (rule.kind, event) {
    case (.bool, .bool(let value)):
      sink.value(rule, value ? 1 : 0)
    case (.integer, .number(let number)), (.decimal, .number(let number)):
      guard let value = rule.scaled(mantissa: number.mantissa, scale: -number.exponent) else {
        return try reject(rule.kind == .integer ? .type : .precision, key, event, &reader)
      }
      guard rule.admits(value) else { return try reject(.range, key, event, &reader) }
      sink.value(rule, value)
    case (.integer, .double), (.decimal, .double):
      try reject(.precision, key, event, &reader)
    case (.enumeration, .text(let text)):
      let place =
        text.isPlain ? model.choice(of: rule, reader.bytes(text)) : reader.decoded(text).withUnsafeBytes {
          model.choice(of: rule, $0)
        }
      guard let place else { return try reject(.range, key, event, &reader) }
      sink.value(rule, place)
    case (.text, .text(let text)):
      let decoded = reader.string(text)
      guard rule.admits(Int64(decoded.utf8.count)) else { return try reject(.range, key, event, &reader) }
      sink.text(rule, decoded)
    default:
      try reject(.type, key, event, &reader)
    }
  }

  private mutating func reject<R: WireReader & ~Copyable>(
    _ reason: RejectionReason, _ key: WireText, _ event: WireEvent, _ reader: inout R
  ) throws(WireError) {
    if Sink.keepsRejections {
      let name = String(reader.string(key).prefix(64))
      sink.reject(reason, property: name, given: GivenValue.text(event, reader))
    }
    try reader.skip(event)
  }

  private func isText(_ event: WireEvent) -> Bool {
    if case .text = event { true } else { false }
  }

  private mutating func number(_ event: WireEvent) -> Int64? {
    guard let value = signedNumber(event), value >= 0 else {
      envelope.isBroken = true
      return nil
    }
    return value
  }

  private mutating func signedNumber(_ event: WireEvent) -> Int64? {
    // Up to 2^53, what every JSON implementation on a device can hold.
    guard case .number(let number) = event, let value = number.integer, value.magnitude <= 1 << 53 else {
      envelope.isBroken = true
      return nil
    }
    return value
  }
}

/// The envelope's keys as words of up to eight bytes, so that one comparison finds one.
enum EnvelopeKey {
  static let boot: UInt64 = 0x746f_6f62
  static let sequence: UInt64 = 0x71_6573
  static let time: UInt64 = 0x7374
  static let values: UInt64 = 0x7365_756c_6176
  static let points: UInt64 = 0x7374_6e69_6f70
  static let event: UInt64 = 0x74_6e65_7665
  static let reported: UInt64 = 0x6465_7472_6f70_6572
  static let id: UInt64 = 0x6469
  static let state: UInt64 = 0x65_7461_7473

  /// The key's bytes, the first lowest; 0 when there are more than eight.
  @inline(__always)
  static func word<R: WireReader & ~Copyable>(_ key: WireText, _ reader: borrowing R) -> UInt64 {
    guard key.count <= 8, key.isPlain else { return 0 }
    let bytes = reader.bytes(key)
    var word: UInt64 = 0
    for index in 0..<key.count { word |= UInt64(bytes[index]) << UInt64(8 * index) }
    return word
  }
}

/// A rejected value for reading: at most 256 characters.
enum GivenValue {
  static let charactersMax = 256

  static func text<R: WireReader & ~Copyable>(_ event: WireEvent, _ reader: borrowing R) -> String {
    switch event {
    case .number(let number): String(decoding: JSONWriter.bytes(.number(number)), as: UTF8.self)
    case .double(let value): value.description
    case .bool(let value): value ? "true" : "false"
    case .null: "null"
    case .text(let text): String(reader.string(text).prefix(charactersMax))
    case .bytes(let bytes): "\(bytes.count) bytes"
    case .beginMap: "{…}"
    case .beginList: "[…]"
    case .key, .endMap, .endList, .end: ""
    }
  }
}
