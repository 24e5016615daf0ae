@testable import RandomTests

/// The samples of the published examples.
enum PublishedSamples {
  /// The first hundred binary digits of π, as the examples of SP 800-22 take them.
  static let pi = BitSequence(
    """
    11001001000011111101101010100010001000010110100011
    00001000110100110001001100011001100010100010111000
    """)

  /// SP 800-22, 2.4.8, and the annex of GM/T 0005.
  static let longestRun = BitSequence(
    """
    1100110000010101011011000100110011100000000000100100110101010001
    0001001111010110100000001101011111001100111001101101100010110010
    """)

  /// The binary digits of e after "10.", computed here: e = Σ 1/k!.
  ///
  /// SP 800-22 counts its digits from the leading 1.
  static func e(bits count: Int) -> BitSequence {
    // Fixed point: one limb before the point, and some behind the last digit wanted.
    let limbs = count / 32 + 4
    var sum = [UInt64](repeating: 0, count: limbs)
    var term = sum
    sum[0] = 2
    term[0] = 1
    var divisor: UInt64 = 2
    var first = 0
    while first < limbs {
      var rest: UInt64 = 0
      for limb in first..<limbs {
        let value = rest << 32 | term[limb]
        (term[limb], rest) = (value / divisor, value % divisor)
      }
      while first < limbs, term[first] == 0 { first += 1 }
      var carry: UInt64 = 0
      for limb in stride(from: limbs - 1, through: 0, by: -1) {
        if limb < first, carry == 0 { break }
        let value = sum[limb] + (limb >= first ? term[limb] : 0) + carry
        (sum[limb], carry) = (value & 0xffff_ffff, value >> 32)
      }
      divisor += 1
    }
    var text: [UInt8] = [1, 0]
    for limb in sum.dropFirst() { for shift in (0..<32).reversed() { text.append(UInt8(limb >> shift & 1)) } }
    return BitSequence(bits: Array(text.prefix(count)))
  }
}
