/// A small reproducible generator (SplitMix64, Steele, Lea and Flood 2014): the same seed gives the same numbers.
///
/// For jitter and simulation, never for keys.
public struct DeviceRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// - Parameter seed: real devices pass entropy, tests a constant.
  public init(seed: UInt64) { state = seed }

  /// A seed of its own for a named part, so that parts do not disturb each other's numbers.
  public init(seed: UInt64, name: String) {
    state = seed ^ Self.hash(name)
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  /// The same 64 bits for the same text in every process (FNV-1a, finished as SplitMix does):
  /// spreads devices over time.
  public static func hash(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var random = DeviceRandom(seed: hash)
    return random.next()
  }
}
