import TestSupport
import Testing

@testable import RandomTests

@Suite(.clause("9.5.3"))
struct RandomCheckTests {
  private func sample(_ random: inout SeededRandom, _ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() >> 24) }
  }

  @Test("a check asks for 19 of 20 samples")
  func threshold() {
    #expect(RandomCheck.Extent.powerOn.passesMin == 19)
    #expect(RandomCheck.Extent.periodic.passesMin == 19)
    #expect(RandomCheck.Extent.powerOn.tests.count == 15)
    #expect(RandomCheck.Extent.periodic.tests.count == 12)
  }

  @Test("a good generator passes and a check has no verdict before its end")
  func good() {
    var random = SeededRandom(seed: 4)
    var check = RandomCheck(.periodic)
    while check.samplesDone < 20 {
      #expect(check.verdict == nil)
      check.take(sample(&random, 2_500))
    }
    #expect(check.verdict == .passed)
  }

  /// What is wrong with a generator, and a test that must see it.
  private static let faults: [(String, RandomTest, @Sendable (Int, UInt8) -> UInt8)] = [
    ("stuck", .monobit, { _, _ in 0 }),
    ("alternating", .runsTotal, { _, _ in 0x55 }),
    ("one bit of eight fixed", .poker, { _, byte in byte | 0x10 }),
    ("repeating after sixteen bits", .autocorrelation, { index, _ in index.isMultiple(of: 2) ? 0x3a : 0x95 }),
    ("one sixteenth too many ones", .cumulativeSums, { index, byte in index.isMultiple(of: 4) ? byte | 0x0c : byte }),
  ]

  @Test("a faulty generator is found", arguments: 0..<5)
  func faulty(number: Int) {
    let (_, test, spoil) = Self.faults[number]
    var random = SeededRandom(seed: 5)
    var check = RandomCheck(RandomCheck.Extent(tests: RandomTest.ofShortSamples, samples: 3, sampleBits: 20_000))
    while check.verdict == nil { check.take(sample(&random, 2_500).enumerated().map { spoil($0.offset, $0.element) }) }
    guard case .failed(let tests) = check.verdict else {
      Issue.record("it passed")
      return
    }
    #expect(tests.contains(test))
  }

  @Test("the tests of long samples see a shift register and a period")
  func structure() {
    // x^31 + x^3 + 1, and a hum in every eighth bit.
    var state: UInt32 = 1
    let register = BitSequence(
      bits: (0..<20_000).map { _ in
        let bit = (state >> 30 ^ state >> 27) & 1
        state = state << 1 | bit
        return UInt8(bit)
      })
    #expect(register.linearComplexity(blockBits: 500) < 1e-9)
    var random = SeededRandom(seed: 6)
    let hum = BitSequence(
      bits: (0..<20_000).map { $0 % 8 == 0 && random.next() % 8 != 0 ? 1 : UInt8(random.next() & 1) })
    #expect(hum.discreteFourier() < 1e-3)
    let good = BitSequence(bytes: sample(&random, 2_500))
    #expect(good.linearComplexity(blockBits: 500) > 0.01)
    #expect(good.discreteFourier() > 0.01)
    #expect(BitSequence(bytes: sample(&random, 25_000)).universal(groupBits: 6, first: 640) > 0.01)
    #expect(BitSequence(bytes: (0..<25_000).map { UInt8($0 % 16) }).universal(groupBits: 6, first: 640) < 1e-9)
  }
}
