/// What a wheel watches.
protocol TimerWheelEntry: AnyObject {
  /// Where it stands in the wheel; the wheel's own.
  var wheelPlace: TimerWheelPlace? { get set }
  /// Its time may have come.
  ///
  /// - Returns: when to ask again, in milliseconds; nil: never.
  func wheelCalls(now: UInt64) -> UInt64?
}

/// Where an entry stands.
struct TimerWheelPlace {
  var slot: Int32
  var index: Int32
}

/// One coarse wheel a loop in place of one timer a connection: an entry costs eight bytes, a turn costs what is due.
/// An entry is asked at its time and says itself when to ask again, so that activity needs no move.
struct TimerWheel<Entry: TimerWheelEntry> {
  /// A turn's length: how late an entry may be called.
  static var tickMilliseconds: UInt64 { 250 }
  private static var slotCount: Int { 256 }

  private var slots: [[Entry]] = Array(repeating: [], count: 256)
  private var tick: UInt64

  init(now: UInt64) { tick = now / Self.tickMilliseconds }

  /// Puts an entry in, to be asked at a time or, when that is further than a round away, after a round.
  mutating func insert(_ entry: Entry, at milliseconds: UInt64) {
    remove(entry)
    let wanted = max(milliseconds / Self.tickMilliseconds + 1, tick + 1)
    let slot = Int(min(wanted, tick + UInt64(Self.slotCount) - 1) % UInt64(Self.slotCount))
    entry.wheelPlace = TimerWheelPlace(slot: Int32(slot), index: Int32(slots[slot].count))
    slots[slot].append(entry)
  }

  /// Takes an entry out.
  mutating func remove(_ entry: Entry) {
    guard let place = entry.wheelPlace else { return }
    entry.wheelPlace = nil
    let (slot, index) = (Int(place.slot), Int(place.index))
    let last = slots[slot].removeLast()
    guard last !== entry else { return }
    slots[slot][index] = last
    last.wheelPlace = place
  }

  /// Takes out the entries to be asked by now; the caller asks each and inserts those that want it.
  mutating func due(now: UInt64) -> [Entry] {
    let end = now / Self.tickMilliseconds
    guard end > tick else { return [] }
    var entries: [Entry] = []
    for turn in (tick + 1)...min(end, tick + UInt64(Self.slotCount)) {
      let slot = Int(turn % UInt64(Self.slotCount))
      guard !slots[slot].isEmpty else { continue }
      for entry in slots[slot] { entry.wheelPlace = nil }
      entries += slots[slot]
      slots[slot].removeAll()
    }
    tick = end
    return entries
  }
}
