/// Files in one, stored as they are: no compression, no dates, so that equal contents have equal bytes.
///
/// - Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4. Up to 65,535 files and 4 GiB.
struct ZipArchive {
  private var bytes: [UInt8] = []
  private var directory: [UInt8] = []
  private var count: UInt16 = 0

  /// Names are UTF-8 (flag bit 11).
  mutating func add(_ name: String, _ content: [UInt8]) {
    let name = Array(name.utf8)
    let start = UInt32(bytes.count)
    var common: [UInt8] = []
    // Version 2.0, UTF-8 names, stored, 1980-01-01 00:00.
    for value: UInt16 in [20, 1 << 11, 0, 0, 0x21] { common += Self.two(value) }
    common += Self.four(Self.checksum(content)) + Self.four(UInt32(content.count)) + Self.four(UInt32(content.count))
    common += Self.two(UInt16(name.count)) + Self.two(0)
    bytes += Self.four(0x0403_4b50) + common + name + content
    directory += Self.four(0x0201_4b50) + Self.two(20) + common
    // No comment, first disk, no attributes.
    directory += Self.two(0) + Self.two(0) + Self.two(0) + Self.four(0) + Self.four(start) + name
    count += 1
  }

  /// The whole archive.
  func finished() -> [UInt8] {
    let end = Self.four(0x0605_4b50) + Self.two(0) + Self.two(0) + Self.two(count) + Self.two(count)
      + Self.four(UInt32(directory.count)) + Self.four(UInt32(bytes.count)) + Self.two(0)
    return bytes + directory + end
  }

  private static func two(_ value: UInt16) -> [UInt8] { [UInt8(value & 255), UInt8(value >> 8)] }

  private static func four(_ value: UInt32) -> [UInt8] {
    two(UInt16(value & 0xffff)) + two(UInt16(value >> 16))
  }

  /// CRC-32 of IEEE 802.3.
  static func checksum(_ content: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xffff_ffff
    for byte in content { sum = table[Int((sum ^ UInt32(byte)) & 255)] ^ (sum >> 8) }
    return ~sum
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
  }
}
