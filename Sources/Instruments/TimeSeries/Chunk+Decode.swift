extension Chunk {
  /// Decompresses a chunk into `samples`, whose former content goes.
  ///
  /// Reads nothing outside of `bytes` and takes no more room than `samplesMax` samples, whatever the bytes are.
  /// - Throws: `Corrupt` when the bytes are no chunk; `samples` is empty then.
  public static func decode(_ bytes: UnsafeRawBufferPointer, into samples: inout Samples) throws(Corrupt) {
    samples.times.removeAll(keepingCapacity: true)
    samples.values.removeAll(keepingCapacity: true)
    do throws(Corrupt) {
      try decode(bytes, &samples)
    } catch {
      samples.times.removeAll(keepingCapacity: true)
      samples.values.removeAll(keepingCapacity: true)
      throw error
    }
  }

  /// How many samples a chunk says it holds, without decoding it.
  public static func count(_ bytes: UnsafeRawBufferPointer) throws(Corrupt) -> Int {
    var input = Input(bytes: bytes, offset: 3)
    return try input.count()
  }

  private static func decode(_ bytes: UnsafeRawBufferPointer, _ samples: inout Samples) throws(Corrupt) {
    guard bytes.count >= 4 else { throw .endsTooEarly }
    guard bytes[0] & 0x0f == version, let kind = Kind(rawValue: bytes[0] >> 4) else { throw .version(bytes[0]) }
    let orders = (time: Int(bytes[1] >> 2 & 3), value: Int(bytes[1] >> 4 & 3))
    guard let unit = TimeUnit(rawValue: bytes[1] & 3), bytes[1] < 0x40, orders.time < 3, orders.value < 3,
      bytes[2] <= 18
    else { throw .version(bytes[1]) }
    var input = Input(bytes: bytes, offset: 3)
    let count = try input.count()
    samples.kind = kind
    samples.scale = bytes[2]
    try input.column(count, order: orders.time, into: &samples.times)
    try input.column(count, order: orders.value, into: &samples.values)
    guard input.offset == bytes.count else { throw .trailingBytes }
    let microseconds = unit.microseconds
    var previous = Int64.min
    for index in samples.times.indices {
      let time = samples.times[index] &* microseconds
      guard time >= previous else { throw .order }
      samples.times[index] = time
      previous = time
    }
    guard kind == .double else { return }
    var last: UInt64 = 0
    for index in samples.values.indices {
      last ^= UInt64(bitPattern: samples.values[index]).bitReversed
      samples.values[index] = Int64(bitPattern: last)
    }
  }
}

/// Reads the parts of a chunk, each read checked against the end.
private struct Input {
  let bytes: UnsafeRawBufferPointer
  var offset: Int

  mutating func count() throws(Chunk.Corrupt) -> Int {
    let count = try varint()
    guard count >= 1, count <= UInt64(Chunk.samplesMax) else { throw .count(Int(clamping: count)) }
    return Int(count)
  }

  mutating func varint() throws(Chunk.Corrupt) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard offset < bytes.count, shift < 64 else { throw .endsTooEarly }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }

  mutating func column(_ count: Int, order: Int, into terms: inout [Int64]) throws(Chunk.Corrupt) {
    terms.reserveCapacity(count)
    var previous: Int64 = 0
    var step: Int64 = 0
    for index in 0..<min(order, count) {
      let difference = Self.unzigzag(try varint())
      step = index == 0 ? difference : step &+ difference
      // The first step counts from the first term and not from zero.
      if index == 0 { step = 0 }
      previous = index == 0 ? difference : previous &+ (order == 2 ? step : difference)
      terms.append(previous)
    }
    while terms.count < count {
      let size = min(Chunk.blockSamples, count - terms.count)
      try block(size, order: order, previous: &previous, step: &step, into: &terms)
    }
  }

  private mutating func block(
    _ size: Int, order: Int, previous: inout Int64, step: inout Int64, into terms: inout [Int64]
  ) throws(Chunk.Corrupt) {
    guard offset < bytes.count else { throw .endsTooEarly }
    let width = Int(bytes[offset])
    guard width <= 64 else { throw .width(bytes[offset]) }
    offset += 1
    let length = (width * size + 7) / 8
    guard offset + length <= bytes.count else { throw .endsTooEarly }
    let mask: UInt64 = width == 64 ? .max : (1 << UInt64(width)) - 1
    var bit = offset * 8
    for _ in 0..<size {
      let difference = Self.unzigzag(width == 0 ? 0 : word(at: bit, width: width) & mask)
      bit += width
      switch order {
      case 0: previous = difference
      case 1: previous = previous &+ difference
      default:
        step = step &+ difference
        previous = previous &+ step
      }
      terms.append(previous)
    }
    offset += length
  }

  /// The 64 bits (or what is left of them) that begin at a bit of the input.
  @inline(__always)
  private func word(at bit: Int, width: Int) -> UInt64 {
    let byte = bit >> 3
    let shift = UInt64(bit & 7)
    guard byte + 9 <= bytes.count else { return lastWord(at: byte, shift: shift) }
    let low = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self)) >> shift
    return shift == 0 ? low : low | UInt64(bytes[byte + 8]) << (64 - shift)
  }

  private func lastWord(at byte: Int, shift: UInt64) -> UInt64 {
    var low: UInt64 = 0
    var place: UInt64 = 0
    var index = byte
    while index < bytes.count, place < 64 {
      low |= UInt64(bytes[index]) << place
      place += 8
      index += 1
    }
    let high: UInt64 = byte + 8 < bytes.count ? UInt64(bytes[byte + 8]) : 0
    return shift == 0 ? low : low >> shift | high << (64 - shift)
  }

  @inline(__always)
  private static func unzigzag(_ word: UInt64) -> Int64 {
    Int64(bitPattern: word >> 1) ^ -Int64(bitPattern: word & 1)
  }
}
