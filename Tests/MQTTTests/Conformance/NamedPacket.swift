/// A control packet as a list of named fields in wire order, the form in which vector files speak of packets.
///
/// It knows nothing of the codec under test: a fault there can not hide itself here.
struct NamedPacket: Equatable, Sendable {
  var kind: Kind
  var fields: [Field]

  /// A field; the value is text, a decimal number, or `0x…` for bytes that are no printable text.
  struct Field: Equatable, Sendable {
    var name: String
    var value: String
  }

  enum Kind: String, CaseIterable, Sendable {
    case connect, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback
    case pingreq, pingresp, disconnect, auth

    /// The packet type of the fixed header, 1 to 15.
    var number: UInt8 { UInt8(Kind.allCases.firstIndex(of: self) ?? 0) + 1 }

    /// The flags that the standard prescribes, PUBLISH apart.
    var flags: UInt8 {
      switch self {
      case .pubrel, .subscribe, .unsubscribe: 2
      default: 0
      }
    }
  }

  /// The values of all fields of that name, in order.
  func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

  /// The first value of that name.
  func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }

  /// A number field, or `fallback` where the field is absent.
  func number(_ name: String, else fallback: Int) throws(VectorFault) -> Int {
    guard let value = value(name) else { return fallback }
    return try NamedPacket.number(value, of: name)
  }

  /// Reads a decimal or `0x` number.
  static func number(_ value: String, of name: String) throws(VectorFault) -> Int {
    let number = value.hasPrefix("0x") ? Int(value.dropFirst(2), radix: 16) : Int(value)
    guard let number else { throw VectorFault("\(name)=\(value) is no number") }
    return number
  }

  /// The bytes that a field value stands for: `0x…` is hex, all else its UTF-8.
  static func bytes(_ value: String) throws(VectorFault) -> [UInt8] {
    guard value.hasPrefix("0x") else { return Array(value.utf8) }
    let digits = Array(value.utf8.dropFirst(2))
    guard digits.count.isMultiple(of: 2) else { throw VectorFault("odd number of hex digits in \(value)") }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else {
        throw VectorFault("no hex: \(value)")
      }
      bytes.append(byte)
    }
    return bytes
  }

  /// The field value for bytes: text where they are printable UTF-8, `0x…` otherwise.
  static func text(_ bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self),
      !text.hasPrefix("0x"), !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f })
    {
      return text
    }
    return "0x" + hex(bytes, separator: "")
  }

  /// Hex pairs, by default with a space between them.
  static func hex(_ bytes: some Collection<UInt8>, separator: String = " ") -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: separator)
  }
}

/// Says what is wrong with a vector, or where the broker departed from it.
struct VectorFault: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
