/// Strict UTF-8.
///
/// - Source: Unicode 15, table 3-7 (well-formed byte sequences).
enum UTF8Check {
  /// The length of the well-formed sequence of two to four bytes at an offset; 0 when there is none.
  static func sequence(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
    let lead = bytes[offset]
    let (length, second): (Int, ClosedRange<UInt8>) =
      switch lead {
      case 0xc2...0xdf: (2, 0x80...0xbf)
      case 0xe0: (3, 0xa0...0xbf)
      case 0xed: (3, 0x80...0x9f)
      case 0xe1...0xef: (3, 0x80...0xbf)
      case 0xf0: (4, 0x90...0xbf)
      case 0xf1...0xf3: (4, 0x80...0xbf)
      case 0xf4: (4, 0x80...0x8f)
      default: (0, 0x80...0x80)
      }
    guard length > 0, offset + length <= bytes.count, second.contains(bytes[offset + 1]) else { return 0 }
    for index in 2..<max(2, length) where bytes[offset + index] & 0xc0 != 0x80 { return 0 }
    return length
  }

  /// The offset of the first byte that is not part of a well-formed text; nil when all are.
  static func firstError(_ bytes: UnsafeRawBufferPointer, from start: Int, count: Int) -> Int? {
    let text = UnsafeRawBufferPointer(rebasing: bytes[..<(start + count)])
    var offset = start
    while offset < start + count {
      if offset + 8 <= start + count,
        text.loadUnaligned(fromByteOffset: offset, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        offset += 8
      } else if text[offset] < 0x80 {
        offset += 1
      } else {
        let length = sequence(text, at: offset)
        if length == 0 { return offset }
        offset += length
      }
    }
    return nil
  }
}
