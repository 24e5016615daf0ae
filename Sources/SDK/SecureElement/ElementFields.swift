/// Writes the fields of a frame, one after the other: integers big-endian, bytes and texts behind their length of two
/// bytes.
struct FieldWriter {
  private(set) var bytes: [UInt8] = []

  mutating func integer<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
  }

  /// Cut where the length has no more room; the limits of a frame are far below.
  mutating func prefixed(_ field: some Collection<UInt8>) {
    let field = field.prefix(Int(UInt16.max))
    integer(UInt16(field.count))
    bytes += field
  }

  mutating func text(_ text: String) { prefixed(text.utf8) }
}

/// Reads the fields of a frame; every step checks that they are there.
struct FieldReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: some Collection<UInt8>) { rest = ArraySlice(bytes) }

  mutating func integer<Number: FixedWidthInteger>(
    _ type: Number.Type = Number.self
  ) throws(SecureElementError) -> Number {
    let count = MemoryLayout<Number>.size
    guard rest.count >= count else { throw .malformed }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count).reduce(0) { ($0 &<< 8) | Number(truncatingIfNeeded: $1) }
  }

  mutating func prefixed(max: Int) throws(SecureElementError) -> [UInt8] {
    let count = Int(try integer(UInt16.self))
    guard count <= max, rest.count >= count else { throw .malformed }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// UTF-8, strict.
  mutating func text(max: Int) throws(SecureElementError) -> String {
    guard let text = String(validating: try prefixed(max: max), as: UTF8.self) else { throw .malformed }
    return text
  }

  mutating func value<Value: RawRepresentable>(
    _ type: Value.Type = Value.self
  ) throws(SecureElementError) -> Value where Value.RawValue == UInt8 {
    guard let value = Value(rawValue: try integer(UInt8.self)) else { throw .malformed }
    return value
  }

  mutating func flag() throws(SecureElementError) -> Bool {
    switch try integer(UInt8.self) {
    case 0: return false
    case 1: return true
    default: throw .malformed
    }
  }

  func finish() throws(SecureElementError) {
    guard rest.isEmpty else { throw .malformed }
  }
}
