/// One check of a generator: a number of samples through a number of tests, sample by sample, so that whoever runs it
/// may do something else in between.
///
/// Each test must be passed by nearly all samples: by at least s(1 - α - 3√(α(1 - α)/s)), which is 19 of 20. A perfect
/// source misses that now and then (docs/secure-element.md says how often): ask it a second time before
/// raising an alarm.
///
/// - Source: GM/T 0062-2018 (class E: what is checked at start and from time to time); GM/T 0005 for the threshold.
public struct RandomCheck: Hashable, Sendable {
  /// How much a check looks at.
  public struct Extent: Hashable, Sendable {
    public let tests: [RandomTest]
    public let samples: Int
    public let sampleBits: Int

    /// When the module is switched on: 15 tests of 20 samples of a million bits.
    public static let powerOn = Extent(tests: RandomTest.allCases, samples: 20, sampleBits: 1_000_000)
    /// While it works: 12 tests of 20 samples of 20,000 bits.
    public static let periodic = Extent(tests: RandomTest.ofShortSamples, samples: 20, sampleBits: 20_000)

    public var sampleByteCount: Int { sampleBits / 8 }

    /// So many samples at least must pass each test.
    public var passesMin: Int {
      let (alpha, count) = (RandomTest.significance, Double(samples))
      return Int((count * (1 - alpha - 3 * (alpha * (1 - alpha) / count).squareRoot())).rounded(.up))
    }
  }

  /// What came of a check.
  public enum Verdict: Hashable, Sendable {
    case passed
    /// The tests that too many samples failed.
    case failed([RandomTest])
  }

  public let extent: Extent
  public private(set) var samplesDone = 0
  private var failures: [RandomTest: Int] = [:]

  public init(_ extent: Extent) { self.extent = extent }

  /// Takes the next sample.
  ///
  /// - Parameter sample: of the extent's `sampleByteCount`.
  public mutating func take(_ sample: some Collection<UInt8>) {
    precondition(sample.count == extent.sampleByteCount, "a sample has the size of the extent")
    let bits = BitSequence(bytes: sample)
    for test in extent.tests where test.pValue(of: bits) < RandomTest.significance { failures[test, default: 0] += 1 }
    samplesDone += 1
  }

  /// Nil until all samples are in.
  public var verdict: Verdict? {
    guard samplesDone >= extent.samples else { return nil }
    let failed = extent.tests.filter { extent.samples - failures[$0, default: 0] < extent.passesMin }
    return failed.isEmpty ? .passed : .failed(failed)
  }
}
