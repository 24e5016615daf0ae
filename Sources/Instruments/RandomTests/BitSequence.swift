/// Bits in the order in which a generator gave them: what the tests look at.
///
/// One byte a bit, 0 or 1: a million bits are a megabyte, and every test is a plain loop.
public struct BitSequence: Hashable, Sendable {
  /// 0 or 1 each.
  let bits: [UInt8]

  public var count: Int { bits.count }

  /// The bits of bytes, the highest of each byte first.
  public init(bytes: some Collection<UInt8>) {
    var bits: [UInt8] = []
    bits.reserveCapacity(bytes.count * 8)
    for byte in bytes {
      for shift in stride(from: UInt8(7), through: 0, by: -1) { bits.append(byte >> shift & 1) }
    }
    self.bits = bits
  }

  /// Bits as written; every character but `0` and `1` is passed over.
  public init(_ text: String) {
    bits = text.utf8.compactMap { $0 == 0x30 ? 0 : $0 == 0x31 ? 1 : nil }
  }

  /// The first bits.
  public func prefix(_ count: Int) -> BitSequence { BitSequence(bits: Array(bits.prefix(count))) }

  init(bits: [UInt8]) { self.bits = bits }

  /// How many bits are 1.
  var ones: Int { bits.reduce(into: 0) { $0 += Int($1) } }
}
