/// Writes values one after the other; JSON and CBOR take the same calls. The caller nests correctly.
public protocol WireWriter {
  /// What has been written.
  var bytes: [UInt8] { get }
  init()
  mutating func beginMap()
  mutating func endMap()
  mutating func beginList()
  mutating func endList()
  mutating func key(_ key: String)
  mutating func text(_ text: String)
  mutating func number(_ number: WireNumber)
  mutating func integer(_ value: Int64)
  mutating func double(_ value: Double)
  mutating func bool(_ value: Bool)
  mutating func null()
}

extension WireWriter {
  /// Writes a whole value. Byte strings become a text of hexadecimal digits: JSON knows none.
  public mutating func value(_ value: WireValue) {
    switch value {
    case .null: null()
    case .bool(let value): bool(value)
    case .number(let value): number(value)
    case .double(let value): double(value)
    case .text(let value): text(value)
    case .bytes(let value):
      text(value.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
    case .list(let values):
      beginList()
      for value in values { self.value(value) }
      endList()
    case .map(let members):
      beginMap()
      for member in members {
        key(member.key)
        self.value(member.value)
      }
      endMap()
    }
  }

  /// The bytes of a whole value.
  public static func bytes(_ value: WireValue) -> [UInt8] {
    var writer = Self()
    writer.value(value)
    return writer.bytes
  }
}

/// Writes JSON without white space.
public struct JSONWriter: WireWriter {
  public private(set) var bytes: [UInt8] = []
  private var needsComma = false

  public init() {}

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  public mutating func beginMap() {
    separate()
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
  }

  public mutating func endMap() {
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  public mutating func beginList() {
    separate()
    bytes.append(UInt8(ascii: "["))
    needsComma = false
  }

  public mutating func endList() {
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  public mutating func key(_ key: String) {
    text(key)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  public mutating func text(_ text: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
      case 0x0a: bytes.append(contentsOf: "\\n".utf8)
      case 0x0d: bytes.append(contentsOf: "\\r".utf8)
      case 0x09: bytes.append(contentsOf: "\\t".utf8)
      case 0..<0x20: bytes.append(contentsOf: "\\u00\(byte < 16 ? "0" : "1")\(String(byte & 15, radix: 16))".utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// In plain notation up to 18 places on either side of the point, with an exponent beyond.
  public mutating func number(_ number: WireNumber) {
    separate()
    bytes.append(contentsOf: Self.text(number).utf8)
  }

  public mutating func integer(_ value: Int64) {
    separate()
    bytes.append(contentsOf: String(value).utf8)
  }

  /// Not a number and the infinities, which JSON lacks, become null.
  public mutating func double(_ value: Double) {
    separate()
    bytes.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
  }

  public mutating func bool(_ value: Bool) {
    separate()
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  public mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
  }

  private static func text(_ number: WireNumber) -> String {
    let digits = String(number.mantissa.magnitude)
    let sign = number.mantissa < 0 ? "-" : ""
    switch number.exponent {
    case 0: return sign + digits
    case -18 ..< 0:
      let places = -number.exponent
      let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
      return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
    default: return "\(sign)\(digits)e\(number.exponent)"
    }
  }
}

/// Writes CBOR; maps and lists are of indefinite length, so that they can be written as they come.
public struct CBORWriter: WireWriter {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  private mutating func head(_ major: UInt8, _ argument: UInt64) {
    let first = major << 5
    switch argument {
    case 0..<24: bytes.append(first | UInt8(argument))
    case 24...0xff: bytes.append(contentsOf: [first | 24, UInt8(argument)])
    case 0x100...0xffff: tail(first | 25, argument, size: 2)
    case 0x1_0000...0xffff_ffff: tail(first | 26, argument, size: 4)
    default: tail(first | 27, argument, size: 8)
    }
  }

  private mutating func tail(_ initial: UInt8, _ argument: UInt64, size: Int) {
    bytes.append(initial)
    for index in (0..<size).reversed() { bytes.append(UInt8(truncatingIfNeeded: argument >> UInt64(8 * index))) }
  }

  public mutating func beginMap() { bytes.append(0xbf) }
  public mutating func endMap() { bytes.append(0xff) }
  public mutating func beginList() { bytes.append(0x9f) }
  public mutating func endList() { bytes.append(0xff) }
  public mutating func key(_ key: String) { text(key) }

  public mutating func text(_ text: String) {
    head(3, UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  /// A whole number as one, any other as a decimal fraction (tag 4): exact.
  public mutating func number(_ number: WireNumber) {
    if number.exponent == 0 { return integer(number.mantissa) }
    head(6, 4)
    head(4, 2)
    integer(Int64(number.exponent))
    integer(number.mantissa)
  }

  public mutating func integer(_ value: Int64) {
    if value < 0 { head(1, UInt64(-1 - value)) } else { head(0, UInt64(value)) }
  }

  public mutating func double(_ value: Double) { tail(0xfb, value.bitPattern, size: 8) }
  public mutating func bool(_ value: Bool) { bytes.append(value ? 0xf5 : 0xf4) }
  public mutating func null() { bytes.append(0xf6) }
}
