import Guomi
import RandomTests
import SecureElement
import Synchronization
import TestSupport
import Testing

@testable import SoftElement

@Suite(.clause("9.5.3"))
struct RandomnessTests {
  /// A generator whose output a test spoils and mends.
  private final class Spoiled: Sendable {
    let isSpoiled = Atomic(false)
    private let good = SharedRandom(seed: 11)

    var source: RandomSource {
      RandomSource(bytes: { count in
        let bytes = self.good.bytes(count)
        return self.isSpoiled.load(ordering: .relaxed) ? bytes.map { $0 | 0x11 } : bytes
      })
    }
  }

  @Test("entropy that repeats or prefers one byte stops the element at its start", arguments: 0..<3)
  func entropy(number: Int) {
    let faults: [@Sendable (Int) -> [UInt8]] = [
      { [UInt8](repeating: 0, count: $0) },
      { count in (0..<count).map { $0.isMultiple(of: 2) ? 0x41 : UInt8(truncatingIfNeeded: $0) } },
      { _ in [] },
    ]
    #expect(throws: SecureElementError.randomness) { try Randomness(entropy: RandomSource(bytes: faults[number])) }
  }

  @Test("a check that fails twice is an alarm: nothing is given until one passes, and after five running nothing ever")
  func alarm() throws {
    let spoiled = Spoiled()
    let randomness = Randomness(unchecked: spoiled.source)
    let bench = try Bench(randomness: randomness)
    let key = try bench.slot(.generate(.sm2Signing, .sign, label: ""))
    let aes = try bench.slot(.generate(.aes256, .seal, label: ""))
    spoiled.isSpoiled.store(true, ordering: .relaxed)
    guard case .health(let health) = try bench.answer(.checkRandomness) else { return }
    #expect(health.randomness == .alarm && health.alarms == 1)
    for call: ElementRequest in [
      .random(1), .generate(.sm4, .seal, label: ""), .sign(key.number, message: [1]), .increment(0),
      .generate(.rsa2048, .sign, label: ""), .seal(aes.number, data: [1], associated: []),
    ] {
      #expect(throws: SecureElementError.randomness) { try bench.answer(call) }
    }
    spoiled.isSpoiled.store(false, ordering: .relaxed)
    #expect(randomness.checkUntilSettled())
    #expect(throws: Never.self) { try bench.answer(.random(1)) }
    spoiled.isSpoiled.store(true, ordering: .relaxed)
    for _ in 1..<Randomness.alarmsMax { randomness.checkPeriodically() }
    #expect(randomness.health(isAllMemoryLocked: false, isConfined: false).randomness == .alarm)
    randomness.checkPeriodically()
    #expect(randomness.health(isAllMemoryLocked: false, isConfined: false).randomness == .latched)
    spoiled.isSpoiled.store(false, ordering: .relaxed)
    #expect(!randomness.checkUntilSettled())
    #expect(throws: SecureElementError.randomness) { try bench.answer(.random(1)) }
  }

  @Test("a generator that fails its check does not let the element start")
  func start() throws {
    let spoiled = Spoiled()
    spoiled.isSpoiled.store(true, ordering: .relaxed)
    let folder = try TemporaryFolder()
    #expect(throws: SecureElementError.randomness) {
      try SoftElement(
        folder: folder.home, secret: SecretBytes(copying: 0..<32),
        checking: Randomness(unchecked: spoiled.source))
    }
    #expect(throws: Never.self) {
      try SoftElement(folder: folder.home, secret: SecretBytes(copying: 0..<32), entropy: .operatingSystem)
    }
  }

  @Test("the power-on check can be given up between two samples")
  func powerOn() throws {
    let randomness = try Randomness(entropy: .operatingSystem)
    #expect(randomness.checkAtPowerOn(goesOn: { false }) == nil)
    #expect(randomness.health(isAllMemoryLocked: false, isConfined: false).powerOnSamplesDone == 0)
  }
}
