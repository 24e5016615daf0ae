/// The fifteen randomness tests of GM/T 0005, with the parameters that a module's own checks use.
///
/// A test answers the probability that a perfect source gives a sample as odd as this one or odder; below 0.01 the
/// sample has failed it. The standard runs some tests with several parameters; here each has one a length of sample,
/// so that the rate of false alarms stays bounded (`RandomCheck`). The others are there as methods of `BitSequence`.
///
/// - Source: GM/T 0005-2021, NIST SP 800-22 Rev. 1a; GM/T 0062-2018 for which tests are run when.
public enum RandomTest: String, CaseIterable, Hashable, Sendable {
  case monobit
  case blockFrequency
  case poker
  case overlapping
  case runsTotal
  case runsDistribution
  case longestRun
  case binaryDerivative
  case autocorrelation
  case matrixRank
  case cumulativeSums
  case approximateEntropy
  case linearComplexity
  case universal
  case discreteFourier

  /// Below this a sample has failed.
  public static let significance = 0.01

  /// The twelve that 20,000 bits are enough for.
  public static let ofShortSamples: [RandomTest] =
    allCases.filter { ![.linearComplexity, .universal, .discreteFourier].contains($0) }

  /// - Parameter sample: 20,000 bits or more; a million for the last three.
  /// - Returns: the probability, 0 to 1.
  public func pValue(of sample: BitSequence) -> Double {
    let isLong = sample.count >= 750_000
    switch self {
    case .monobit: return sample.monobit()
    case .blockFrequency: return sample.blockFrequency(blockBits: isLong ? 10_000 : 1_000)
    case .poker: return sample.poker(groupBits: isLong ? 8 : 4)
    case .overlapping: return sample.overlapping(patternBits: 5).first
    case .runsTotal: return sample.runsTotal()
    case .runsDistribution: return sample.runsDistribution()
    case .longestRun: return sample.longestRun(of: 1, block: isLong ? .long : .middle)
    case .binaryDerivative: return sample.binaryDerivative(times: 7)
    case .autocorrelation: return sample.autocorrelation(distance: 16)
    case .matrixRank: return sample.matrixRank()
    case .cumulativeSums: return sample.cumulativeSums(isForward: true)
    case .approximateEntropy: return sample.approximateEntropy(patternBits: 5)
    case .linearComplexity: return sample.linearComplexity(blockBits: 500)
    case .universal: return sample.universal(groupBits: 7, first: 1_280)
    case .discreteFourier: return sample.discreteFourier()
    }
  }
}
