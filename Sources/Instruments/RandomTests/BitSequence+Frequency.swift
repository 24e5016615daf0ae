import Glibc

/// How often bits and groups of bits come.
extension BitSequence {
  /// 单比特频数检测: are there as many ones as zeros?
  public func monobit() -> Double {
    let sum = 2 * ones - count
    return SpecialFunctions.normalTails(Double(sum) / Double(count).squareRoot())
  }

  /// 块内频数检测: is half of every block ones?
  public func blockFrequency(blockBits: Int) -> Double {
    let blocks = count / blockBits
    var sum = 0.0
    for block in 0..<blocks {
      var ones = 0
      for index in block * blockBits..<(block + 1) * blockBits { ones += Int(bits[index]) }
      let part = Double(ones) / Double(blockBits) - 0.5
      sum += part * part
    }
    return SpecialFunctions.chiSquareTail(4 * Double(blockBits) * sum, degrees: Double(blocks))
  }

  /// 扑克检测: does each group of `groupBits` bits, side by side, come equally often?
  public func poker(groupBits: Int) -> Double {
    let groups = count / groupBits
    var counts = [Int](repeating: 0, count: 1 << groupBits)
    for group in 0..<groups {
      var value = 0
      for index in group * groupBits..<(group + 1) * groupBits { value = value << 1 | Int(bits[index]) }
      counts[value] += 1
    }
    let squares = counts.reduce(0.0) { $0 + Double($1) * Double($1) }
    let statistic = Double(1 << groupBits) / Double(groups) * squares - Double(groups)
    return SpecialFunctions.chiSquareTail(statistic, degrees: Double((1 << groupBits) - 1))
  }

  /// 重叠子序列检测: does each pattern of `patternBits` bits, overlapping and round the end, come equally often?
  ///
  /// - Parameter patternBits: 3 or more for the second value to mean something; 2 is allowed.
  /// - Returns: the two P-values, of the first and of the second difference.
  public func overlapping(patternBits: Int) -> (first: Double, second: Double) {
    let psi = (0...2).map { less -> Double in
      let width = patternBits - less
      guard width > 0 else { return 0 }
      let squares = patternCounts(width).reduce(0.0) { $0 + Double($1) * Double($1) }
      return Double(1 << width) / Double(count) * squares - Double(count)
    }
    let first = psi[0] - psi[1]
    let second = psi[0] - 2 * psi[1] + psi[2]
    return (
      SpecialFunctions.upperGamma(exp2(Double(patternBits - 2)), first / 2),
      SpecialFunctions.upperGamma(exp2(Double(patternBits - 3)), second / 2)
    )
  }

  /// 近似熵检测: are patterns of one bit more as much rarer as they should be?
  public func approximateEntropy(patternBits: Int) -> Double {
    let phi = [patternBits, patternBits + 1].map { width in
      patternCounts(width).reduce(0.0) { sum, times in
        guard times > 0 else { return sum }
        let part = Double(times) / Double(count)
        return sum + part * log(part)
      }
    }
    let statistic = 2 * Double(count) * (log(2) - (phi[0] - phi[1]))
    return SpecialFunctions.upperGamma(exp2(Double(patternBits - 1)), statistic / 2)
  }

  /// How often each pattern of a width comes, overlapping and round the end.
  private func patternCounts(_ width: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: 1 << width)
    let mask = (1 << width) - 1
    var value = 0
    for index in 0..<width - 1 { value = value << 1 | Int(bits[index % count]) }
    bits.withUnsafeBufferPointer { bits in
      var next = (width - 1) % bits.count
      for _ in 0..<bits.count {
        value = (value << 1 | Int(bits[next])) & mask
        counts[value] += 1
        next += 1
        if next == bits.count { next = 0 }
      }
    }
    return counts
  }
}
