/// Which of the two a payload is.
public enum WireFormat: Sendable, Hashable {
  case json
  case cbor

  /// Tells an object of the one from an object of the other by its first byte; nil when it is neither.
  ///
  /// `{` or white space begins JSON; a map's head (0xA0 to 0xBF), or the tag 55799, CBOR.
  @inlinable
  public init?(ofObject bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return nil }
    switch first {
    case UInt8(ascii: "{"), 0x20, 0x09, 0x0a, 0x0d: self = .json
    case 0xa0...0xbf: self = .cbor
    case 0xd9 where bytes.count > 3 && bytes[1] == 0xd9 && bytes[2] == 0xf7: self = .cbor
    default: return nil
    }
  }
}
