/// Reads MQTT's data types from bytes in place, never past their end.
///
/// The bytes belong to the caller: a cursor and every view taken from it live no longer than the call that gave the
/// pointer. All reads are bounds-checked here, so that the parsers above hold no pointer arithmetic of their own.
struct ByteCursor {
  /// The bytes being read.
  let bytes: UnsafeRawBufferPointer
  /// The next byte's index, `0...bytes.count`.
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Bytes not read yet.
  var remaining: Int { bytes.count - position }

  /// Whether everything was read.
  var isAtEnd: Bool { position == bytes.count }

  mutating func readByte() throws(MQTTDecodeError) -> UInt8 {
    guard position < bytes.count else { throw .malformed("packet ends early") }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func readUInt16() throws(MQTTDecodeError) -> UInt16 {
    guard remaining >= 2 else { throw .malformed("packet ends early") }
    defer { position += 2 }
    return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
  }

  mutating func readUInt32() throws(MQTTDecodeError) -> UInt32 {
    let high = UInt32(try readUInt16())
    return high << 16 | UInt32(try readUInt16())
  }

  /// A variable byte integer in its shortest form, 0...268,435,455 [MQTT-1.5.5-1].
  mutating func readVariable() throws(MQTTDecodeError) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<4 {
      let byte = try readByte()
      value |= UInt32(byte & 0x7F) << UInt32(7 * index)
      if byte & 0x80 == 0 {
        if byte == 0 && index > 0 { throw .malformed("variable byte integer longer than needed") }
        return value
      }
    }
    throw .malformed("variable byte integer of more than four bytes")
  }

  /// The next `count` bytes as a view.
  mutating func readBytes(_ count: Int) throws(MQTTDecodeError) -> UnsafeRawBufferPointer {
    guard count <= remaining else { throw .malformed("packet ends early") }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  /// Binary data: a two-byte length and as many bytes.
  mutating func readBinary() throws(MQTTDecodeError) -> UnsafeRawBufferPointer {
    try readBytes(Int(try readUInt16()))
  }

  /// A UTF-8 string by 1.5.4, with the reading rules of `UTF8Check.text`.
  mutating func readText() throws(MQTTDecodeError) -> UnsafeRawBufferPointer {
    let view = try readBinary()
    guard UTF8Check.isText(view) else { throw .malformed("not a UTF-8 string") }
    return view
  }

  /// A name (topic, filter, client id, user name): a UTF-8 string without control characters.
  mutating func readName() throws(MQTTDecodeError) -> UnsafeRawBufferPointer {
    let view = try readBinary()
    guard UTF8Check.isName(view) else { throw .malformed("not a UTF-8 string") }
    return view
  }

  /// Everything that is left.
  mutating func readRest() -> UnsafeRawBufferPointer {
    defer { position = bytes.count }
    return UnsafeRawBufferPointer(rebasing: bytes[position...])
  }
}
