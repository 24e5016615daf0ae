/// CRC-32C (Castagnoli), eight bytes a step over eight tables.
///
/// - Source: RFC 3720, appendix B.4 (polynomial and test values).
enum CRC32C {
  /// Table `n` holds the remainder of a byte followed by `n` zero bytes; 256 entries each, one after the other.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var remainder = UInt32(byte)
      for _ in 0..<8 {
        remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0x82f6_3b78 : remainder >> 1
      }
      tables[byte] = remainder
    }
    for table in 1..<8 {
      for byte in 0..<256 {
        let previous = tables[(table - 1) * 256 + byte]
        tables[table * 256 + byte] = previous >> 8 ^ tables[Int(previous & 0xff)]
      }
    }
    return tables
  }()

  /// The checksum of `bytes`, begun with `seed` so that a header can be covered before its body.
  static func checksum(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
      var remainder = ~seed
      var offset = 0
      while offset + 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let low = UInt32(truncatingIfNeeded: word) ^ remainder
        let high = UInt32(truncatingIfNeeded: word >> 32)
        let first = tables[7 * 256 + Int(low & 0xff)] ^ tables[6 * 256 + Int(low >> 8 & 0xff)]
        let second = tables[5 * 256 + Int(low >> 16 & 0xff)] ^ tables[4 * 256 + Int(low >> 24)]
        let third = tables[3 * 256 + Int(high & 0xff)] ^ tables[2 * 256 + Int(high >> 8 & 0xff)]
        let fourth = tables[256 + Int(high >> 16 & 0xff)] ^ tables[Int(high >> 24)]
        remainder = first ^ second ^ third ^ fourth
        offset += 8
      }
      while offset < bytes.count {
        remainder = remainder >> 8 ^ tables[Int((remainder ^ UInt32(bytes[offset])) & 0xff)]
        offset += 1
      }
      return ~remainder
    }
  }
}
