/// Writes the data representations of section 1.5.
struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func byte(_ value: UInt8) { bytes.append(value) }

  mutating func two(_ value: Int) {
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    bytes.append(UInt8(truncatingIfNeeded: value))
  }

  mutating func four(_ value: Int) {
    two(value >> 16)
    two(value)
  }

  /// A variable byte integer in the fewest bytes.
  mutating func variable(_ value: Int) {
    var rest = value
    repeat {
      let low = UInt8(rest & 0x7f)
      rest >>= 7
      bytes.append(rest > 0 ? low | 0x80 : low)
    } while rest > 0
  }

  /// Two bytes of length, then the bytes: text and binary data alike.
  mutating func prefixed(_ value: [UInt8]) {
    two(value.count)
    bytes += value
  }
}

/// Reads the data representations of section 1.5 strictly.
struct ByteReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: some Collection<UInt8>) { rest = Array(bytes)[...] }

  var atEnd: Bool { rest.isEmpty }
  var left: [UInt8] { Array(rest) }

  mutating func take(_ count: Int) throws(VectorFault) -> [UInt8] {
    guard rest.count >= count else { throw VectorFault("packet ends \(count - rest.count) bytes early") }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  mutating func byte() throws(VectorFault) -> UInt8 { try take(1)[0] }

  mutating func two() throws(VectorFault) -> Int {
    let pair = try take(2)
    return Int(pair[0]) << 8 | Int(pair[1])
  }

  mutating func four() throws(VectorFault) -> Int {
    let high = try two()
    return high << 16 | (try two())
  }

  /// A variable byte integer; a longer form than needed is an error [5.0 MQTT-1.5.5-1].
  mutating func variable() throws(VectorFault) -> Int {
    var value = 0
    for index in 0..<4 {
      let byte = try byte()
      value |= Int(byte & 0x7f) << (7 * index)
      if byte & 0x80 == 0 {
        guard index == 0 || byte != 0 else { throw VectorFault("variable byte integer is longer than needed") }
        return value
      }
    }
    throw VectorFault("variable byte integer of more than four bytes")
  }

  mutating func prefixed() throws(VectorFault) -> [UInt8] { try take(try two()) }
}
