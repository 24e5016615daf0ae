import TestSupport
import Testing

@testable import RandomTests

/// Every test answers what is published for it: the worked examples of SP 800-22 Rev. 1a where the tests coincide,
/// those of GM/T 0005 for the others.
@Suite(.clause("9.5.3"))
struct PublishedExampleTests {
  private func matches(_ value: Double, _ published: Double) -> Bool { abs(value - published) < 2e-6 }

  private let pi = PublishedSamples.pi
  private let sample = PublishedSamples.longestRun

  @Test("frequencies of single bits and in blocks are as published")
  func frequencies() {
    #expect(matches(BitSequence("1011010101").monobit(), 0.527089))
    #expect(matches(pi.monobit(), 0.109599))
    #expect(matches(sample.monobit(), 0.215925))
    #expect(matches(BitSequence("0110011010").blockFrequency(blockBits: 3), 0.801252))
    #expect(matches(pi.blockFrequency(blockBits: 10), 0.706438))
  }

  @Test("the poker test is as published")
  func poker() {
    #expect(matches(sample.poker(groupBits: 4), 0.213734))
    #expect(matches(sample.poker(groupBits: 8), 0.221829))
  }

  @Test("overlapping patterns are as published")
  func overlapping() {
    let short = BitSequence("0011011101").overlapping(patternBits: 3)
    #expect(matches(short.first, 0.808792) && matches(short.second, 0.670320))
    let long = sample.overlapping(patternBits: 2)
    #expect(matches(long.first, 0.436868) && matches(long.second, 0.723674))
  }

  @Test("approximate entropy is as published")
  func approximateEntropy() {
    #expect(matches(BitSequence("0100110101").approximateEntropy(patternBits: 3), 0.261961))
    #expect(matches(pi.approximateEntropy(patternBits: 2), 0.235301))
  }

  @Test("the number and the lengths of runs are as published")
  func runs() {
    #expect(matches(BitSequence("1001101011").runsTotal(), 0.147232))
    #expect(matches(pi.runsTotal(), 0.500798))
    #expect(matches(sample.runsTotal(), 0.620729))
    #expect(matches(sample.runsDistribution(), 0.970152))
  }

  @Test("the longest runs of ones and of zeros in blocks are as published")
  func longestRuns() {
    // SP 800-22 prints 0.180609, from rounded intermediate values.
    #expect(matches(sample.longestRun(of: 1, block: .short), 0.180598))
    #expect(matches(sample.longestRun(of: 0, block: .short), 0.839299))
  }

  @Test("the binary derivative and the autocorrelation are as published")
  func dependence() {
    #expect(matches(sample.binaryDerivative(times: 3), 0.039669))
    #expect(matches(sample.autocorrelation(distance: 1), 0.790080))
  }

  @Test("cumulative sums are as published, both ways")
  func cumulativeSums() {
    #expect(matches(BitSequence("1011010111").cumulativeSums(isForward: true), 0.411658))
    #expect(matches(pi.cumulativeSums(isForward: true), 0.219194))
    #expect(matches(pi.cumulativeSums(isForward: false), 0.114866))
  }

  @Test("the ranks of matrices of the digits of e are as published")
  func matrixRank() {
    // Chances of four digits here, of six in the example: the fourth digit of the result.
    #expect(abs(PublishedSamples.e(bits: 100_000).matrixRank() - 0.532069) < 2e-4)
  }

  @Test("the linear complexity of the published block is 4")
  func linearComplexity() {
    #expect(BitSequence.complexity(of: BitSequence("1101011110001").bits[...]) == 4)
  }

  @Test("the universal statistic is as published")
  func universal() {
    let sample = BitSequence("01011010011101010111")
    #expect(abs(sample.universalMean(groupBits: 2, first: 4) - 1.1949875) < 1e-6)
  }

  @Test("the Fourier test is as published")
  func discreteFourier() {
    #expect(matches(pi.discreteFourier(), 0.654721))
  }

  @Test("the tail of chi-square agrees with an independent computation")
  func chiSquare() {
    // scipy.special.gammaincc.
    let known = [
      (0.5, 0.1, 0.6547208460185768), (1.0, 2.0, 0.1353352832366127), (16.0, 20.0, 0.1565131346397429),
      (127.5, 100.0, 0.9954254445419519), (5000.0, 5100.0, 0.07932888107761896),
    ]
    for (a, x, value) in known { #expect(abs(SpecialFunctions.upperGamma(a, x) - value) < 1e-9) }
  }
}
