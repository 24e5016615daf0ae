/// The form of a protected message: a header that everybody may read and nobody change, then ciphertext ‖ tag.
///
/// | bytes | what |
/// |---|---|
/// | 1 | version, 1 |
/// | 1 | suite: 1 = SM4-GCM, nonce = salt ‖ number |
/// | 1 | direction: 0 up, 1 down |
/// | 8 | session |
/// | 8 | number, big-endian, from 0 |
///
/// The header is the associated data.
public struct ProtectedMessage: Hashable, Sendable {
  public static let version: UInt8 = 1
  public static let sm4GCM: UInt8 = 1
  static let sessionByteCount = 8
  static let headerByteCount = 19
  /// The longest message, protected, in bytes.
  public static let byteCountMax = 65_536

  /// Which way a message goes: each has keys of its own.
  public enum Direction: UInt8, Sendable {
    /// From the device.
    case up = 0
    /// To the device.
    case down = 1

    var opposite: Direction { self == .up ? .down : .up }
  }

  public let direction: Direction
  public let session: [UInt8]
  public let number: UInt64
  let header: ArraySlice<UInt8>
  let sealed: ArraySlice<UInt8>

  /// Reads the header.
  ///
  /// - Throws: `.malformed`.
  public init(_ bytes: [UInt8]) throws(KeyLadderError) {
    guard bytes.count > Self.headerByteCount, bytes.count <= Self.byteCountMax, bytes[0] == Self.version,
      bytes[1] == Self.sm4GCM, let direction = Direction(rawValue: bytes[2])
    else { throw .malformed }
    self.direction = direction
    session = Array(bytes[3..<11])
    number = bytes[11..<19].reduce(0) { $0 << 8 | UInt64($1) }
    header = bytes[..<Self.headerByteCount]
    sealed = bytes[Self.headerByteCount...]
  }

  static func header(_ direction: Direction, _ session: [UInt8], _ number: UInt64) -> [UInt8] {
    var header: [UInt8] = [version, sm4GCM, direction.rawValue]
    header += session
    header += bigEndian(number)
    return header
  }
}
