/// Writes the JSON objects that go up (docs/device-protocol.md). Keys are ours and need no escape; texts are escaped.
struct PayloadWriter {
  private(set) var bytes: [UInt8] = [UInt8(ascii: "{")]

  init(capacity: Int = 128) { bytes.reserveCapacity(capacity) }

  mutating func put(_ key: String, _ number: Int64) {
    putKey(key)
    append(String(number))
  }

  mutating func put(_ key: String, _ text: String) {
    putKey(key)
    putText(text)
  }

  mutating func put(_ key: String, _ values: DeviceValues) {
    putKey(key)
    putValues(values)
  }

  mutating func put(_ key: String, _ ranges: [MessageRange]) {
    putKey(key)
    append("[")
    for (index, range) in ranges.enumerated() {
      if index > 0 { append(",") }
      append("{\"boot\":\(range.boot),\"from\":\(range.from),\"to\":\(range.to)}")
    }
    append("]")
  }

  mutating func put(_ key: String, _ points: [ReadingPoint]) {
    putKey(key)
    append("[")
    for (index, point) in points.enumerated() {
      if index > 0 { append(",") }
      append("{\"ts\":\(point.time),\"values\":")
      putValues(point.values)
      append("}")
    }
    append("]")
  }

  /// Puts members that are already written: `"a":1,"b":2`.
  mutating func put(members: [UInt8]) {
    if bytes.count > 1 { append(",") }
    bytes += members
  }

  /// The whole object.
  consuming func finish() -> [UInt8] {
    append("}")
    return bytes
  }

  /// What stands between the braces.
  consuming func members() -> [UInt8] { Array(bytes.dropFirst()) }

  private mutating func putKey(_ key: String) {
    append(bytes.count > 1 ? ",\"" : "\"")
    append(key)
    append("\":")
  }

  private mutating func putValues(_ values: DeviceValues) {
    append("{")
    for (index, pair) in values.pairs.enumerated() {
      if index > 0 { append(",") }
      putText(pair.key)
      append(":")
      switch pair.value {
      case .bool(let value): append(value ? "true" : "false")
      case .integer(let value): append(String(value))
      case .decimal(let mantissa, let scale): putDecimal(mantissa, scale)
      case .text(let text): putText(text)
      }
    }
    append("}")
  }

  private mutating func putDecimal(_ mantissa: Int64, _ scale: UInt8) {
    let digits = String(mantissa.magnitude)
    let scale = Int(min(scale, 18))
    let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
    if mantissa < 0 { append("-") }
    append(String(padded.dropLast(scale)))
    if scale > 0 { append("." + padded.suffix(scale)) }
  }

  private mutating func putText(_ text: String) {
    append("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        append("\\u00")
        bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    append("\"")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

/// Readings of one moment.
public struct ReadingPoint: Hashable, Sendable {
  /// Milliseconds since 1970 UTC by the device's corrected clock.
  public let time: Int64
  public let values: DeviceValues

  public init(time: Int64, values: DeviceValues) {
    self.time = time
    self.values = values
  }
}
