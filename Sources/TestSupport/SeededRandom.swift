package import Kernel
import Synchronization

/// The same numbers in every run: SplitMix64.
///
/// - Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) {
    state = seed
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

/// A seeded generator that several tasks may share.
package final class SharedRandom: Sendable {
  private let generator: Mutex<SeededRandom>

  package init(seed: UInt64) {
    generator = Mutex(SeededRandom(seed: seed))
  }

  package func next() -> UInt64 {
    generator.withLock { $0.next() }
  }

  /// The same bytes in every run.
  package func bytes(_ count: Int) -> [UInt8] {
    generator.withLock { generator in (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 24) } }
  }
}

extension IDSource {
  /// Ids that are the same in every run.
  package static func seeded(_ seed: UInt64 = 1, time: Timekeeper) -> IDSource {
    let random = SharedRandom(seed: seed)
    return IDSource(time: time) { (random.next(), random.next()) }
  }
}
