extension JSONReader {
  /// Reads a text, its opening quote at `offset`; checks bytes and escapes.
  mutating func text() throws(WireError) -> WireText {
    let start = offset + 1
    var index = start
    var isPlain = true
    while true {
      index = plainEnd(from: index)
      guard index < input.count else { throw .endsTooEarly(offset: input.count) }
      let byte = input[index]
      if byte == UInt8(ascii: "\"") { break }
      if byte == UInt8(ascii: "\\") {
        isPlain = false
        index = try escapeEnd(from: index)
      } else if byte >= 0x80 {
        let length = UTF8Check.sequence(input, at: index)
        guard length > 0 else { throw .notUTF8(offset: index) }
        index += length
      } else {
        throw .unexpected(offset: index)
      }
    }
    offset = index + 1
    return WireText(offset: start, count: index - start, isPlain: isPlain)
  }

  /// The first byte that is a quote, a backslash, a control character or not ASCII; eight bytes a step.
  @inline(__always)
  private func plainEnd(from start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    var index = start
    while index + 8 <= input.count {
      let word = UInt64(littleEndian: input.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5c)
      // A byte's top bit is set here at least for the lowest byte that is special; above it may be false alarms.
      let controls = (word &- ones &* 0x20) & ~word
      let special = ((quotes &- ones) & ~quotes | (slashes &- ones) & ~slashes | controls | word) & tops
      if special != 0 { return index + special.trailingZeroBitCount / 8 }
      index += 8
    }
    while index < input.count {
      let byte = input[index]
      if byte < 0x20 || byte == 0x22 || byte == 0x5c || byte >= 0x80 { break }
      index += 1
    }
    return index
  }

  private func escapeEnd(from start: Int) throws(WireError) -> Int {
    guard start + 1 < input.count else { throw .endsTooEarly(offset: input.count) }
    switch input[start + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return start + 2
    case UInt8(ascii: "u"):
      let first = try codeUnit(at: start + 2)
      if first & 0xfc00 == 0xdc00 { throw .badEscape(offset: start) }
      guard first & 0xfc00 == 0xd800 else { return start + 6 }
      guard start + 7 < input.count, input[start + 6] == UInt8(ascii: "\\"), input[start + 7] == UInt8(ascii: "u"),
        try codeUnit(at: start + 8) & 0xfc00 == 0xdc00
      else { throw .badEscape(offset: start) }
      return start + 12
    default:
      throw .badEscape(offset: start)
    }
  }

  private func codeUnit(at start: Int) throws(WireError) -> UInt32 {
    guard start + 4 <= input.count else { throw .endsTooEarly(offset: input.count) }
    var unit: UInt32 = 0
    for index in start..<start + 4 {
      let byte = input[index]
      let digit: UInt8 =
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: 16
        }
      guard digit < 16 else { throw .badEscape(offset: index) }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  public func decoded(_ text: WireText) -> [UInt8] {
    let raw = bytes(text)
    if text.isPlain { return [UInt8](raw) }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(raw.count)
    var index = 0
    while index < raw.count {
      guard raw[index] == UInt8(ascii: "\\") else {
        decoded.append(raw[index])
        index += 1
        continue
      }
      index += unescape(at: text.offset + index, into: &decoded)
    }
    return decoded
  }

  /// Appends what an escape stands for; it was checked when the text was read. Answers its length.
  private func unescape(at start: Int, into decoded: inout [UInt8]) -> Int {
    switch input[start + 1] {
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0c)
    case UInt8(ascii: "n"): decoded.append(0x0a)
    case UInt8(ascii: "r"): decoded.append(0x0d)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"):
      let first = (try? codeUnit(at: start + 2)) ?? 0xfffd
      let isPair = first & 0xfc00 == 0xd800
      let second = isPair ? (try? codeUnit(at: start + 8)) ?? 0xdc00 : 0
      let code = isPair ? 0x1_0000 + (first & 0x3ff) << 10 + second & 0x3ff : first
      decoded.append(contentsOf: Array(String(Unicode.Scalar(code) ?? "\u{fffd}").utf8))
      return isPair ? 12 : 6
    case let byte: decoded.append(byte)
    }
    return 2
  }
}
