import Glibc

/// How long equal bits stay together, and how bits depend on those before them.
extension BitSequence {
  /// 游程总数检测: does the bit change as often as it should?
  public func runsTotal() -> Double {
    var changes = 0
    for index in 1..<count where bits[index] != bits[index - 1] { changes += 1 }
    let part = Double(ones) / Double(count)
    let spread = part * (1 - part)
    guard spread > 0 else { return 0 }
    let distance = abs(Double(changes + 1) - 2 * Double(count) * spread)
    return erfc(distance / (2 * (2 * Double(count)).squareRoot() * spread))
  }

  /// 游程分布检测: are runs of each length as frequent as they should be, of ones and of zeros?
  public func runsDistribution() -> Double {
    // The longest length that is still expected five times.
    var longest = 1
    while Double(count - (longest + 1) + 3) / exp2(Double(longest + 3)) >= 5 { longest += 1 }
    var times: [[Double]] = [[], []].map { _ in [Double](repeating: 0, count: longest) }
    var length = 0
    for index in 0..<count {
      length += 1
      guard index + 1 == count || bits[index + 1] != bits[index] else { continue }
      times[Int(bits[index])][min(length, longest) - 1] += 1
      length = 0
    }
    let runs = times[0].reduce(0, +) + times[1].reduce(0, +)
    var statistic = 0.0
    for index in 0..<longest {
      // The last one stands for all that are longer, too.
      let expected = runs / exp2(Double(index + 1 < longest ? index + 2 : index + 1))
      for kind in times { statistic += (kind[index] - expected) * (kind[index] - expected) / expected }
    }
    return SpecialFunctions.chiSquareTail(statistic, degrees: Double(2 * longest - 2))
  }

  /// 块内最大游程检测: is the longest run of a bit in each block as long as it should be?
  ///
  /// - Parameters:
  ///   - bit: 1 or 0.
  ///   - block: which lengths of blocks there are tables for.
  public func longestRun(of bit: UInt8, block: LongestRunBlock) -> Double {
    let blocks = count / block.bits
    var times = [Int](repeating: 0, count: block.chances.count)
    for number in 0..<blocks {
      var (run, longest) = (0, 0)
      for index in number * block.bits..<(number + 1) * block.bits {
        run = bits[index] == bit ? run + 1 : 0
        longest = max(longest, run)
      }
      times[min(max(longest - block.shortest, 0), times.count - 1)] += 1
    }
    var statistic = 0.0
    for (times, chance) in zip(times, block.chances) {
      let expected = Double(blocks) * chance
      statistic += (Double(times) - expected) * (Double(times) - expected) / expected
    }
    return SpecialFunctions.chiSquareTail(statistic, degrees: Double(times.count - 1))
  }

  /// Blocks for `longestRun`, with the chances of their longest runs.
  ///
  /// - Source: NIST SP 800-22 Rev. 1a, 2.4 and 3.4; GM/T 0005.
  public enum LongestRunBlock: Sendable {
    /// 8 bits; at least 128 in all.
    case short
    /// 128 bits; at least 6,272 in all.
    case middle
    /// 10,000 bits; at least 750,000 in all.
    case long

    var bits: Int { self == .short ? 8 : self == .middle ? 128 : 10_000 }
    /// The first class holds runs of this length and all shorter ones.
    var shortest: Int { self == .short ? 1 : self == .middle ? 4 : 10 }

    var chances: [Double] {
      switch self {
      case .short: [0.2148, 0.3672, 0.2305, 0.1875]
      case .middle: [0.1174, 0.2430, 0.2494, 0.1752, 0.1027, 0.1124]
      case .long: [0.086632, 0.208201, 0.248419, 0.193913, 0.121458, 0.068011, 0.073366]
      }
    }
  }

  /// 二元推导检测: after so many times taking each bit and the next together, are there as many ones as zeros?
  public func binaryDerivative(times: Int) -> Double {
    var derived = bits
    for _ in 0..<times {
      for index in 0..<derived.count - 1 { derived[index] ^= derived[index + 1] }
      derived.removeLast()
    }
    return BitSequence(bits: derived).monobit()
  }

  /// 自相关检测: do bits so far apart differ as often as not?
  public func autocorrelation(distance: Int) -> Double {
    let pairs = count - distance
    var different = 0
    for index in 0..<pairs { different += Int(bits[index] ^ bits[index + distance]) }
    return SpecialFunctions.normalTails((2 * Double(different) - Double(pairs)) / Double(pairs).squareRoot())
  }

  /// 累加和检测: does the walk of +1 and -1 stray too far, or too little?
  public func cumulativeSums(isForward: Bool) -> Double {
    var (sum, farthest) = (0, 0)
    for index in 0..<count {
      sum += bits[isForward ? index : count - 1 - index] == 1 ? 1 : -1
      farthest = max(farthest, abs(sum))
    }
    let root = Double(count).squareRoot()
    let z = Double(farthest)
    let parts = Double(count) / z
    func at(_ multiple: Int) -> Double { SpecialFunctions.normal(Double(multiple) * z / root) }
    func range(_ low: Double, _ high: Double) -> ClosedRange<Int> {
      let low = Int(low.rounded(.towardZero))
      return low...max(low, Int(high.rounded(.towardZero)))
    }
    var chance = 1.0
    for k in range((-parts + 1) / 4, (parts - 1) / 4) { chance -= at(4 * k + 1) - at(4 * k - 1) }
    for k in range((-parts - 3) / 4, (parts - 1) / 4) { chance += at(4 * k + 3) - at(4 * k + 1) }
    return min(max(chance, 0), 1)
  }
}
