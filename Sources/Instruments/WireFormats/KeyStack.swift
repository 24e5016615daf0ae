/// The hashes of the open maps' keys, in memory that the caller lends; a map's keys lie behind those of the map around
/// it.
@usableFromInline
struct KeyStack {
  private let slots: UnsafeMutableBufferPointer<UInt64>
  private var count = 0
  private var start = 0

  init(_ slots: UnsafeMutableBufferPointer<UInt64>) {
    self.slots = slots
  }

  /// Slots for some keys and the marks of as many maps as may be open.
  static func slots(_ limits: WireLimits) -> Int {
    min(max(limits.keysMax, 1), 1_000) + min(max(limits.depthMax, 1), 60)
  }

  /// - Returns: false when there is no room.
  mutating func openMap() -> Bool {
    guard count < slots.count else { return false }
    slots[count] = UInt64(start)
    count += 1
    start = count
    return true
  }

  mutating func closeMap() {
    count = start - 1
    start = Int(slots[count])
  }

  enum Outcome { case new, duplicate, full }

  mutating func insert(_ key: UnsafeRawBufferPointer) -> Outcome {
    let hash = Self.hash(key)
    var slot = start
    while slot < count {
      if slots[slot] == hash { return .duplicate }
      slot += 1
    }
    guard count < slots.count else { return .full }
    slots[count] = hash
    count += 1
    return .new
  }

  private static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    var hash = UInt64(key.count) &* 0x9e37_79b9_7f4a_7c15
    var offset = 0
    while offset + 8 <= key.count {
      mix(&hash, key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var word: UInt64 = 0
    while offset < key.count {
      word = word << 8 | UInt64(key[offset])
      offset += 1
    }
    mix(&hash, word)
    return hash
  }

  @inline(__always)
  private static func mix(_ hash: inout UInt64, _ word: UInt64) {
    let product = (hash ^ word).multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
    hash = product.high ^ product.low &+ word
  }
}
