import Glibc

/// Whether the bits could be made by something simpler than chance.
extension BitSequence {
  /// 矩阵秩检测: do square matrices of 32 rows have full rank as often as they should?
  ///
  /// - Returns: 0 for fewer than 1,024 bits.
  public func matrixRank() -> Double {
    let matrices = count / 1_024
    guard matrices > 0 else { return 0 }
    var (full, next) = (0, 0)
    for matrix in 0..<matrices {
      var rows = [UInt32](repeating: 0, count: 32)
      for index in 0..<1_024 { rows[index / 32] = rows[index / 32] << 1 | UInt32(bits[matrix * 1_024 + index]) }
      switch Self.rank(&rows) {
      case 32: full += 1
      case 31: next += 1
      default: break
      }
    }
    let times = [Double(full), Double(next), Double(matrices - full - next)]
    var statistic = 0.0
    for (times, chance) in zip(times, [0.2888, 0.5776, 0.1336]) {
      let expected = Double(matrices) * chance
      statistic += (times - expected) * (times - expected) / expected
    }
    return SpecialFunctions.chiSquareTail(statistic, degrees: 2)
  }

  /// The rank over the field of two elements.
  private static func rank(_ rows: inout [UInt32]) -> Int {
    var rank = 0
    for column in 0..<32 {
      let bit = UInt32(1) << (31 - column)
      guard let pivot = (rank..<32).first(where: { rows[$0] & bit != 0 }) else { continue }
      rows.swapAt(rank, pivot)
      for row in 0..<32 where row != rank && rows[row] & bit != 0 { rows[row] ^= rows[rank] }
      rank += 1
    }
    return rank
  }

  /// 线性复杂度检测: is the shortest shift register that makes each block as long as it should be?
  public func linearComplexity(blockBits: Int) -> Double {
    let blocks = count / blockBits
    let sign = blockBits.isMultiple(of: 2) ? 1.0 : -1.0
    let size = Double(blockBits)
    let mean = size / 2 + (9 - sign) / 36 - (size / 3 + 2 / 9) / exp2(size)
    var times = [Int](repeating: 0, count: 7)
    for block in 0..<blocks {
      let complexity = Self.complexity(of: bits[block * blockBits..<(block + 1) * blockBits])
      let distance = sign * (Double(complexity) - mean) + 2 / 9
      // Classes are bounded by -2.5, -1.5, … 2.5.
      times[min(max(Int((distance + 2.5).rounded(.up)), 0), 6)] += 1
    }
    var statistic = 0.0
    for (times, chance) in zip(times, [0.010417, 0.03125, 0.125, 0.5, 0.25, 0.0625, 0.020833]) {
      let expected = Double(blocks) * chance
      statistic += (Double(times) - expected) * (Double(times) - expected) / expected
    }
    return SpecialFunctions.chiSquareTail(statistic, degrees: 6)
  }

  /// The linear complexity by the algorithm of Berlekamp and Massey, 64 coefficients a word.
  static func complexity(of block: ArraySlice<UInt8>) -> Int {
    let words = block.count / 64 + 1
    // `current`: coefficient k at bit k; `window`: bit k is the bit k before the present one.
    var current = [UInt64](repeating: 0, count: words)
    var before = current
    var window = current
    current[0] = 1
    before[0] = 1
    var length = 0
    var shift = 1
    for (position, bit) in block.enumerated() {
      var carry = UInt64(bit)
      for word in 0..<words { (window[word], carry) = (window[word] << 1 | carry, window[word] >> 63) }
      var parity: UInt64 = 0
      for word in 0..<words { parity ^= current[word] & window[word] }
      guard parity.nonzeroBitCount & 1 == 1 else {
        shift += 1
        continue
      }
      let old = 2 * length <= position ? current : []
      let (wordShift, bitShift) = (shift / 64, UInt64(shift % 64))
      for word in stride(from: words - 1, through: wordShift, by: -1) {
        var moved = before[word - wordShift] << bitShift
        if bitShift > 0, word > wordShift { moved |= before[word - wordShift - 1] >> (64 - bitShift) }
        current[word] ^= moved
      }
      if 2 * length <= position {
        length = position + 1 - length
        before = old
        shift = 1
      } else {
        shift += 1
      }
    }
    return length
  }

  /// Maurer 通用统计检测: can the bits be compressed?
  ///
  /// - Parameters:
  ///   - groupBits: 6 to 8.
  ///   - first: groups that only fill the table; 10 × 2^`groupBits`.
  /// - Returns: 0 for another `groupBits` or too few bits.
  public func universal(groupBits: Int, first: Int) -> Double {
    // Mean and variance: NIST SP 800-22 Rev. 1a, 2.9.4.
    let moments = [6: (5.2177052, 2.954), 7: (6.1962507, 3.125), 8: (7.1836656, 3.238)]
    let groups = count / groupBits - first
    guard let (mean, variance) = moments[groupBits], groups > 0 else { return 0 }
    let size = Double(groupBits)
    let correction = 0.7 - 0.8 / size + (4 + 32 / size) * pow(Double(groups), -3 / size) / 15
    let deviation = correction * (variance / Double(groups)).squareRoot()
    return SpecialFunctions.normalTails((universalMean(groupBits: groupBits, first: first) - mean) / deviation)
  }

  /// The mean binary logarithm of how long ago each group came last.
  func universalMean(groupBits: Int, first: Int) -> Double {
    var last = [Int](repeating: 0, count: 1 << groupBits)
    let groups = count / groupBits
    var sum = 0.0
    for group in 1...groups {
      var value = 0
      for index in (group - 1) * groupBits..<group * groupBits { value = value << 1 | Int(bits[index]) }
      if group > first { sum += log2(Double(group - last[value])) }
      last[value] = group
    }
    return sum / Double(groups - first)
  }

  /// 离散傅里叶检测: is there a period in the bits?
  ///
  /// - Source: GM/T 0005-2021, which divides by 3.8 where NIST SP 800-22 divides by 4.
  public func discreteFourier() -> Double {
    let signs = bits.map { $0 == 1 ? 1.0 : -1.0 }
    let limit = 2.995732274 * Double(count)
    let below = Fourier.powers(signs).prefix(count / 2).reduce(into: 0) { $0 += $1 < limit ? 1 : 0 }
    let expected = 0.95 * Double(count) / 2
    let deviation = (0.95 * 0.05 * Double(count) / 3.8).squareRoot()
    return SpecialFunctions.normalTails((Double(below) - expected) / deviation)
  }
}
