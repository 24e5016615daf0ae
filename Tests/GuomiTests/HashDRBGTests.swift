import Synchronization
import TestSupport
import Testing

@testable import Guomi

@Suite("The random bit generator", .clause("9.4c"))
struct HashDRBGTests {
  /// Entropy of a fixed sequence: seed by seed the bytes 0 to 47, each plus 48 times the number of the seed.
  private static func counting() -> RandomSource {
    let next = Mutex(0)
    return RandomSource { count in
      next.withLock { next in
        defer { next += count }
        return (0..<count).map { UInt8(truncatingIfNeeded: next + $0) }
      }
    }
  }

  private static func take(_ generator: HashDRBG, _ count: Int, additional: [UInt8] = []) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try generator.fill($0, additional: additional) }
    return bytes
  }

  @Test("gives what an independent computation gives")
  func known() throws {
    let generator = try HashDRBG(entropy: Self.counting(), personalization: Array("anju".utf8))
    #expect(try Self.take(generator, 70).hexadecimalText == DRBGAnswers.first)
    #expect(try Self.take(generator, 33, additional: Array("more".utf8)).hexadecimalText == DRBGAnswers.additional)
    try generator.reseed(additional: Array("again".utf8))
    #expect(try Self.take(generator, 32).hexadecimalText == DRBGAnswers.reseeded)
  }

  @Test("takes fresh entropy after its number of requests, and before each where that is asked for")
  func reseeding() throws {
    let asked = Mutex(0)
    let random = SharedRandom(seed: 7)
    let entropy = RandomSource { count in
      asked.withLock { $0 += 1 }
      return random.bytes(count)
    }
    let generator = try HashDRBG(entropy: entropy, requestsMax: 3)
    for _ in 0..<3 { _ = try Self.take(generator, 8) }
    #expect(asked.withLock { $0 } == 1)
    _ = try Self.take(generator, 8)
    #expect(asked.withLock { $0 } == 2)
    let resistant = try HashDRBG(entropy: entropy, reseedsEachTime: true)
    for _ in 0..<3 { _ = try Self.take(resistant, 8) }
    #expect(asked.withLock { $0 } == 2 + 4)
  }

  @Test("gives long requests in parts that do not repeat")
  func long() throws {
    let generator = try HashDRBG(entropy: .seeded(9))
    let bytes = try Self.take(generator, 3 * HashDRBG.requestByteCountMax + 1)
    let blocks = Set(stride(from: 0, to: bytes.count - 32, by: 32).map { Array(bytes[$0..<$0 + 32]) })
    #expect(blocks.count == (bytes.count - 1) / 32)
    #expect(try Self.take(generator, 0) == [])
  }

  @Test("gives nothing any more once its entropy is bad, even when that mends")
  func latched() throws {
    let isStuck = Mutex(false)
    let random = SharedRandom(seed: 11)
    let entropy = RandomSource { count in
      isStuck.withLock { $0 } ? [UInt8](repeating: 0x5a, count: count) : random.bytes(count)
    }
    let generator = try HashDRBG(entropy: entropy, reseedsEachTime: true)
    _ = try Self.take(generator, 8)
    isStuck.withLock { $0 = true }
    let failure = RandomFailure(reason: "the entropy repeats itself")
    #expect(throws: failure) { try Self.take(generator, 8) }
    isStuck.withLock { $0 = false }
    #expect(throws: failure) { try Self.take(generator, 8) }
    #expect(throws: failure) { try generator.source.bytes(1) }
    #expect(throws: failure) { try generator.reseed() }
    #expect(throws: RandomFailure(reason: "broken")) { try HashDRBG(entropy: .broken) }
  }

  @Test("finds a byte that repeats, and one that comes too often")
  func health() throws {
    var health = EntropyHealth()
    func take(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try health.take($0) } }
    try take([1, 1, 1, 1, 1, 2])
    #expect(throws: RandomFailure(reason: "the entropy repeats itself")) { try take([3, 3, 3, 3, 3, 3]) }
    health = EntropyHealth()
    // 18 of 512 are borne, once in every window; the 19th is not.
    for _ in 0..<4 { try take(Self.window(sevens: 18)) }
    #expect(throws: RandomFailure(reason: "the entropy prefers one value")) { try take(Self.window(sevens: 19)) }
  }

  /// 512 bytes that begin with 7 and hold so many of it, every other one; none repeats at once.
  private static func window(sevens: Int) -> [UInt8] {
    var bytes = (0..<512).map { UInt8($0 % 200 + 20) }
    for index in 0..<sevens { bytes[index * 2] = 7 }
    return bytes
  }

  @Test("of the operating system answers, and never the same")
  func system() throws {
    let generator = try HashDRBG(entropy: .operatingSystem)
    #expect(try Self.take(generator, 32) != Self.take(generator, 32))
    #expect(try RandomSource.operatingSystem.bytes(32) != RandomSource.operatingSystem.bytes(32))
  }
}
