/// Where packets are written: an array here, the connection's buffer in the server, a counter for lengths.
public protocol MQTTByteWriter {
  /// Appends one byte.
  mutating func write(byte: UInt8)
  /// Appends a copy of the bytes.
  mutating func write(bytes: UnsafeRawBufferPointer)
}

extension MQTTByteWriter {
  mutating func write(uint16 value: UInt16) {
    write(byte: UInt8(truncatingIfNeeded: value >> 8))
    write(byte: UInt8(truncatingIfNeeded: value))
  }

  mutating func write(uint32 value: UInt32) {
    write(uint16: UInt16(truncatingIfNeeded: value >> 16))
    write(uint16: UInt16(truncatingIfNeeded: value))
  }

  /// A variable byte integer; `value` is at most 268,435,455.
  mutating func write(variable value: UInt32) {
    var rest = value
    repeat {
      let byte = UInt8(rest & 0x7F)
      rest >>= 7
      write(byte: rest > 0 ? byte | 0x80 : byte)
    } while rest > 0
  }

  /// A two-byte length and the bytes, cut at 65,535: callers check the length where a peer could choose it.
  mutating func write(binary bytes: [UInt8]) {
    let count = min(bytes.count, 0xFFFF)
    write(uint16: UInt16(count))
    bytes.withUnsafeBytes { write(bytes: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  mutating func write(text: MQTTString) { write(binary: text.utf8) }

  mutating func write(array bytes: [UInt8]) {
    bytes.withUnsafeBytes { write(bytes: $0) }
  }
}

extension [UInt8]: MQTTByteWriter {
  public mutating func write(byte: UInt8) { append(byte) }
  public mutating func write(bytes: UnsafeRawBufferPointer) { append(contentsOf: bytes) }
}

/// Counts what would be written, so that a packet's length is known before its bytes.
struct ByteCounter: MQTTByteWriter {
  private(set) var count = 0
  mutating func write(byte: UInt8) { count += 1 }
  mutating func write(bytes: UnsafeRawBufferPointer) { count += bytes.count }
}

/// How many bytes a variable byte integer takes.
func variableLength(_ value: Int) -> Int {
  value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4
}
