extension Chunk {
  /// Compresses samples.
  ///
  /// - Parameter samples: 1 to `samplesMax`, as many values as times; times rising (an order that falls is kept, but
  ///   costs bytes, and `decode` refuses it).
  public static func encode(_ samples: Samples) -> [UInt8] {
    precondition((1...samplesMax).contains(samples.count) && samples.values.count == samples.count)
    let unit = TimeUnit.of(samples.times)
    let times = unit == .microsecond ? samples.times : samples.times.map { $0 / unit.microseconds }
    let values = samples.kind == .scaled ? samples.values : mixed(samples.values)
    let timeColumn = Column.smallest(times, orders: [2, 1])
    let valueColumn = Column.smallest(values, orders: samples.kind == .scaled ? [1, 2, 0] : [0])
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16 + timeColumn.bytes + valueColumn.bytes)
    bytes.append(version | samples.kind.rawValue << 4)
    bytes.append(unit.rawValue | UInt8(timeColumn.order) << 2 | UInt8(valueColumn.order) << 4)
    bytes.append(samples.scale)
    appendVarint(UInt64(samples.count), &bytes)
    timeColumn.append(to: &bytes)
    valueColumn.append(to: &bytes)
    return bytes
  }

  /// Doubles as their difference in bits from the one before: equal ones cost nothing. (`decode` undoes it.)
  private static func mixed(_ values: [Int64]) -> [Int64] {
    var previous: Int64 = 0
    return values.map { value in
      defer { previous = value }
      // Reversed, because neighbours differ in the low bits of the mantissa least often.
      return Int64(bitPattern: (UInt64(bitPattern: value ^ previous)).bitReversed)
    }
  }

  static func appendVarint(_ value: UInt64, _ bytes: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

extension UInt64 {
  /// The bits in reverse order.
  var bitReversed: UInt64 {
    var word = self
    word = word >> 1 & 0x5555_5555_5555_5555 | (word & 0x5555_5555_5555_5555) << 1
    word = word >> 2 & 0x3333_3333_3333_3333 | (word & 0x3333_3333_3333_3333) << 2
    word = word >> 4 & 0x0f0f_0f0f_0f0f_0f0f | (word & 0x0f0f_0f0f_0f0f_0f0f) << 4
    return word.byteSwapped
  }
}

/// One column as differences of some order, and what it takes.
struct Column {
  let order: Int
  /// The first terms: as many as the order.
  let first: [UInt64]
  /// Zigzag differences of the rest.
  let rest: [UInt64]
  let bytes: Int

  static func smallest(_ terms: [Int64], orders: [Int]) -> Column {
    var best = Column(terms, order: orders[0])
    for order in orders.dropFirst() {
      let other = Column(terms, order: order)
      if other.bytes < best.bytes { best = other }
    }
    return best
  }

  private init(_ terms: [Int64], order: Int) {
    self.order = order
    var head: [UInt64] = []
    var tail: [UInt64] = []
    tail.reserveCapacity(terms.count)
    var previous: Int64 = 0
    var previousStep: Int64 = 0
    for (index, term) in terms.enumerated() {
      let step = order == 0 ? term : term &- previous
      let difference = order == 2 && index > 0 ? step &- previousStep : step
      let zigzag = UInt64(bitPattern: difference << 1 ^ difference >> 63)
      if index < order { head.append(zigzag) } else { tail.append(zigzag) }
      previous = term
      previousStep = index == 0 ? 0 : step
    }
    first = head
    rest = tail
    var size = 0
    var start = 0
    while start < tail.count {
      let end = min(start + Chunk.blockSamples, tail.count)
      size += 1 + (Self.width(tail[start..<end]) * (end - start) + 7) / 8
      start = end
    }
    bytes = size + head.reduce(0) { $0 + max(1, (64 - $1.leadingZeroBitCount + 6) / 7) }
  }

  private static func width(_ block: ArraySlice<UInt64>) -> Int {
    var all: UInt64 = 0
    for difference in block { all |= difference }
    return 64 - all.leadingZeroBitCount
  }

  func append(to bytes: inout [UInt8]) {
    for term in first { Chunk.appendVarint(term, &bytes) }
    var start = 0
    while start < rest.count {
      let end = min(start + Chunk.blockSamples, rest.count)
      let width = Self.width(rest[start..<end])
      bytes.append(UInt8(width))
      var buffer: UInt64 = 0
      var filled = 0
      for difference in rest[start..<end] where width > 0 {
        buffer |= difference << UInt64(filled)
        filled += width
        if filled >= 64 {
          withUnsafeBytes(of: buffer.littleEndian) { bytes.append(contentsOf: $0) }
          filled -= 64
          buffer = filled == 0 ? 0 : difference >> UInt64(width - filled)
        }
      }
      while filled > 0 {
        bytes.append(UInt8(truncatingIfNeeded: buffer))
        buffer >>= 8
        filled -= 8
      }
      start = end
    }
  }
}
