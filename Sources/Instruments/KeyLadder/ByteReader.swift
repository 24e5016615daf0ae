/// Reads a message front to back; every step checks that the bytes are there.
struct ByteReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: some Collection<UInt8>) { rest = ArraySlice(bytes) }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func byte() throws(KeyLadderError) -> UInt8 {
    guard let byte = rest.popFirst() else { throw .malformed }
    return byte
  }

  mutating func bytes(_ count: Int) throws(KeyLadderError) -> [UInt8] {
    guard count >= 0, rest.count >= count else { throw .malformed }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// Big-endian.
  mutating func integer(bytes count: Int) throws(KeyLadderError) -> UInt64 {
    try bytes(count).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Two bytes of length, then as many.
  mutating func prefixed(_ lengths: ClosedRange<Int>) throws(KeyLadderError) -> [UInt8] {
    let count = Int(try integer(bytes: 2))
    guard lengths.contains(count) else { throw .malformed }
    return try bytes(count)
  }
}

/// An integer's bytes, big-endian.
func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.bigEndian) { Array($0) }
}
