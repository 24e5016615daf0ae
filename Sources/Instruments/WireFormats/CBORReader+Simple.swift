extension CBORReader {
  /// Major type 7: booleans, null and floating point.
  mutating func simple(_ low: UInt8) throws(WireError) -> WireEvent {
    let start = offset
    switch low {
    case 20, 21:
      offset += 1
      return .bool(low == 21)
    case 22, 23:
      offset += 1
      return .null
    case 25, 26, 27:
      let bits = try argument()
      let event =
        switch low {
        case 25: Self.decimal(half: UInt16(truncatingIfNeeded: bits))
        case 26: Self.decimal(single: Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        default: Self.decimal(double: Double(bitPattern: bits))
        }
      guard let event else { throw .numberRange(offset: start) }
      return event
    default:
      throw .unsupported(offset: start)
    }
  }

  /// - Source: RFC 8949, appendix D.
  private static func decimal(half: UInt16) -> WireEvent? {
    let exponent = Int(half >> 10 & 0x1f)
    let fraction = Double(half & 0x3ff)
    guard exponent < 31 else { return nil }
    let magnitude =
      exponent == 0
      ? fraction * 0x1p-24 : Double(sign: .plus, exponent: exponent - 25, significand: 1) * (fraction + 1_024)
    return decimal(double: half >> 15 == 1 ? -magnitude : magnitude)
  }

  /// A single stands for the shortest decimal that reads as it: 21.3 and not 21.299999237060547.
  private static func decimal(single: Float) -> WireEvent? {
    guard single.isFinite else { return nil }
    var power: Float = 1
    for scale in 0...9 {
      let scaled = (single * power).rounded()
      if scaled.magnitude < 0x1p24, scaled / power == single {
        return .number(WireNumber(mantissa: Int64(scaled), exponent: -scale))
      }
      power *= 10
    }
    return decimal(double: Double(single))
  }

  private static func decimal(double: Double) -> WireEvent? {
    guard double.isFinite else { return nil }
    var power = 1.0
    for scale in 0...15 {
      let scaled = (double * power).rounded()
      if scaled.magnitude < 0x1p53, scaled / power == double {
        return .number(WireNumber(mantissa: Int64(scaled), exponent: -scale))
      }
      power *= 10
    }
    return .double(double)
  }

  /// Reads a text or byte string at `offset`; one in pieces counts from its first piece to before its break.
  mutating func string(major: UInt8) throws(WireError) -> WireText {
    guard input[offset] & 0x1f == 31 else { return try piece(major: major) }
    offset += 1
    let start = offset
    while true {
      guard offset < input.count else { throw .endsTooEarly(offset: offset) }
      if input[offset] == 0xff {
        offset += 1
        return WireText(offset: start, count: offset - 1 - start, isPlain: false)
      }
      guard input[offset] >> 5 == major, input[offset] & 0x1f != 31 else { throw .unexpected(offset: offset) }
      _ = try piece(major: major)
    }
  }

  private mutating func piece(major: UInt8) throws(WireError) -> WireText {
    let count = try argument()
    guard count <= UInt64(input.count - offset) else { throw .endsTooEarly(offset: input.count) }
    let text = WireText(offset: offset, count: Int(count), isPlain: true)
    if major == 3, let error = UTF8Check.firstError(input, from: offset, count: Int(count)) {
      throw .notUTF8(offset: error)
    }
    offset += Int(count)
    return text
  }

  public func decoded(_ text: WireText) -> [UInt8] {
    if text.isPlain { return [UInt8](bytes(text)) }
    var joined: [UInt8] = []
    var index = text.offset
    while index < text.offset + text.count {
      let low = Int(input[index] & 0x1f)
      let size = low < 24 ? 0 : 1 << (low - 24)
      var count = low < 24 ? low : 0
      for digit in 0..<size { count = count << 8 | Int(input[index + 1 + digit]) }
      joined.append(contentsOf: input[(index + 1 + size)..<(index + 1 + size + count)])
      index += 1 + size + count
    }
    return joined
  }
}
