/// The properties of MQTT 5 (section 2.2.2.2) under the names that vector files use.
struct PropertyForm: Sendable {
  var name: String
  var number: UInt8
  var form: Form

  enum Form: Sendable { case byte, two, four, variable, text, binary, pair }

  static let all: [PropertyForm] = [
    .init(name: "payload-format", number: 0x01, form: .byte),
    .init(name: "message-expiry", number: 0x02, form: .four),
    .init(name: "content-type", number: 0x03, form: .text),
    .init(name: "response-topic", number: 0x08, form: .text),
    .init(name: "correlation", number: 0x09, form: .binary),
    .init(name: "subscription-id", number: 0x0b, form: .variable),
    .init(name: "session-expiry", number: 0x11, form: .four),
    .init(name: "assigned-id", number: 0x12, form: .text),
    .init(name: "server-keep-alive", number: 0x13, form: .two),
    .init(name: "auth-method", number: 0x15, form: .text),
    .init(name: "auth-data", number: 0x16, form: .binary),
    .init(name: "request-problem", number: 0x17, form: .byte),
    .init(name: "delay", number: 0x18, form: .four),
    .init(name: "request-response", number: 0x19, form: .byte),
    .init(name: "response-information", number: 0x1a, form: .text),
    .init(name: "server-reference", number: 0x1c, form: .text),
    .init(name: "reason-string", number: 0x1f, form: .text),
    .init(name: "receive-maximum", number: 0x21, form: .two),
    .init(name: "topic-alias-maximum", number: 0x22, form: .two),
    .init(name: "topic-alias", number: 0x23, form: .two),
    .init(name: "maximum-qos", number: 0x24, form: .byte),
    .init(name: "retain-available", number: 0x25, form: .byte),
    .init(name: "user", number: 0x26, form: .pair),
    .init(name: "maximum-packet", number: 0x27, form: .four),
    .init(name: "wildcard-available", number: 0x28, form: .byte),
    .init(name: "subscription-id-available", number: 0x29, form: .byte),
    .init(name: "shared-available", number: 0x2a, form: .byte),
  ]

  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
  static let byNumber = Dictionary(uniqueKeysWithValues: all.map { ($0.number, $0) })
}

extension ByteWriter {
  /// Writes the property length and those fields that are properties; `prefix` tells will properties from others.
  mutating func properties(_ fields: [NamedPacket.Field], prefix: String = "") throws(VectorFault) {
    var inner = ByteWriter()
    for field in fields where field.name.hasPrefix(prefix) {
      guard let form = PropertyForm.byName[String(field.name.dropFirst(prefix.count))] else { continue }
      try inner.property(form, field.value)
    }
    variable(inner.bytes.count)
    bytes += inner.bytes
  }

  private mutating func property(_ form: PropertyForm, _ value: String) throws(VectorFault) {
    byte(form.number)
    switch form.form {
    case .byte: byte(UInt8(truncatingIfNeeded: try NamedPacket.number(value, of: form.name)))
    case .two: two(try NamedPacket.number(value, of: form.name))
    case .four: four(try NamedPacket.number(value, of: form.name))
    case .variable: variable(try NamedPacket.number(value, of: form.name))
    case .text, .binary: prefixed(try NamedPacket.bytes(value))
    case .pair:
      let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw VectorFault("user property without colon: \(value)") }
      prefixed(Array(parts[0].utf8))
      prefixed(Array(parts[1].utf8))
    }
  }
}

extension ByteReader {
  /// Reads the property length and the properties.
  mutating func properties(prefix: String = "") throws(VectorFault) -> [NamedPacket.Field] {
    let length = try variable()
    var inner = ByteReader(try take(length))
    var fields: [NamedPacket.Field] = []
    while !inner.atEnd {
      let number = try inner.byte()
      guard let form = PropertyForm.byNumber[number] else { throw VectorFault("unknown property \(number)") }
      fields.append(.init(name: prefix + form.name, value: try inner.property(form.form)))
    }
    return fields
  }

  private mutating func property(_ form: PropertyForm.Form) throws(VectorFault) -> String {
    switch form {
    case .byte: return String(try byte())
    case .two: return String(try two())
    case .four: return String(try four())
    case .variable: return String(try variable())
    case .text, .binary: return NamedPacket.text(try prefixed())
    case .pair:
      let name = NamedPacket.text(try prefixed())
      return name + ":" + NamedPacket.text(try prefixed())
    }
  }
}
