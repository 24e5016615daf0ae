/// Reads CBOR that says what JSON can say, with the same events: text keys, no duplicates, UTF-8 checked, bounded.
///
/// Tags are read over, except decimal fractions (tag 4), which are numbers.
/// - Source: RFC 8949.
public struct CBORReader: ~Copyable, WireReader {
  public let input: UnsafeRawBufferPointer
  var offset = 0
  private var keys: KeyStack
  private let levels: UnsafeMutableBufferPointer<UInt64>
  private var depth = 0
  /// Items left in the open container, keys and values apart; `indefinite` until its break.
  private var left: UInt64 = 1
  private var inMap = false
  private var atKey = false
  let limits: WireLimits

  private static var indefinite: UInt64 { 0x1fff_ffff_ffff_ffff }

  private init(_ input: UnsafeRawBufferPointer, slots: UnsafeMutableBufferPointer<UInt64>, limits: WireLimits) {
    self.input = input
    let levelSlots = min(max(limits.depthMax, 1), 60)
    levels = UnsafeMutableBufferPointer(rebasing: slots[..<levelSlots])
    keys = KeyStack(UnsafeMutableBufferPointer(rebasing: slots[levelSlots...]))
    self.limits = limits
  }

  /// Reads bytes within a closure.
  @inline(__always)
  public static func read<T, E: Error>(
    _ input: UnsafeRawBufferPointer, limits: WireLimits = WireLimits(),
    _ body: (inout CBORReader) throws(E) -> T
  ) throws(E) -> T {
    let slots = KeyStack.slots(limits) + min(max(limits.depthMax, 1), 60)
    return try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: slots) { slots throws(E) in
      var reader = CBORReader(input, slots: slots, limits: limits)
      return try body(&reader)
    }
  }

  public mutating func next() throws(WireError) -> WireEvent {
    if left == 0 {
      if depth > 0 { return close() }
      guard offset == input.count else { throw .trailingBytes(offset: offset) }
      return .end
    }
    guard offset < input.count else { throw .endsTooEarly(offset: offset) }
    if input[offset] == 0xff, left == Self.indefinite {
      // A break between a key and its value would leave the key alone.
      guard !inMap || atKey else { throw .unexpected(offset: offset) }
      offset += 1
      return close()
    }
    if left != Self.indefinite { left -= 1 }
    return atKey ? try key() : try value()
  }

  private mutating func close() -> WireEvent {
    let wasMap = inMap
    if wasMap { keys.closeMap() }
    depth -= 1
    let level = levels[depth]
    left = level & Self.indefinite
    inMap = level >> 63 == 1
    atKey = inMap
    return wasMap ? .endMap : .endList
  }

  private mutating func open(map: Bool, count: UInt64?) throws(WireError) -> WireEvent {
    guard depth < levels.count else { throw .tooDeep(offset: offset) }
    // Every item takes a byte at least: a count beyond that can not be true.
    if let count, count > UInt64(input.count - offset) { throw .endsTooEarly(offset: input.count) }
    if map, !keys.openMap() { throw .tooManyKeys(offset: offset) }
    levels[depth] = left | (inMap ? 1 << 63 : 0)
    depth += 1
    left = count.map { map ? $0 * 2 : $0 } ?? Self.indefinite
    inMap = map
    atKey = map
    return map ? .beginMap : .beginList
  }

  private mutating func key() throws(WireError) -> WireEvent {
    let start = offset
    guard input[offset] >> 5 == 3 else { throw .unsupported(offset: offset) }
    let text = try string(major: 3)
    let outcome: KeyStack.Outcome
    if text.isPlain {
      outcome = keys.insert(bytes(text))
    } else {
      var decoded = string(text)
      outcome = decoded.withUTF8 { keys.insert(UnsafeRawBufferPointer($0)) }
    }
    switch outcome {
    case .new: break
    case .duplicate: throw .duplicateKey(offset: start)
    case .full: throw .tooManyKeys(offset: start)
    }
    atKey = false
    return .key(text)
  }

  private mutating func value() throws(WireError) -> WireEvent {
    if inMap { atKey = true }
    while true {
      guard offset < input.count else { throw .endsTooEarly(offset: offset) }
      let initial = input[offset]
      switch initial >> 5 {
      case 0: return Self.integer(try argument(), negative: false)
      case 1: return Self.integer(try argument(), negative: true)
      case 2: return .bytes(try string(major: 2))
      case 3: return .text(try string(major: 3))
      case 4: return try open(map: false, count: try count(initial))
      case 5: return try open(map: true, count: try count(initial))
      case 6: if try argument() == 4 { return try decimalFraction() }
      default: return try simple(initial & 0x1f)
      }
    }
  }

  private mutating func count(_ initial: UInt8) throws(WireError) -> UInt64? {
    guard initial & 0x1f == 31 else { return try argument() }
    offset += 1
    return nil
  }

  /// The argument of the head at `offset`, and moves behind it.
  mutating func argument() throws(WireError) -> UInt64 {
    let low = input[offset] & 0x1f
    if low < 24 {
      offset += 1
      return UInt64(low)
    }
    guard low < 28 else { throw .unsupported(offset: offset) }
    let size = 1 << Int(low - 24)
    guard offset + 1 + size <= input.count else { throw .endsTooEarly(offset: input.count) }
    var value: UInt64 = 0
    for index in 0..<size { value = value << 8 | UInt64(input[offset + 1 + index]) }
    offset += 1 + size
    return value
  }

  private static func integer(_ argument: UInt64, negative: Bool) -> WireEvent {
    guard argument <= UInt64(Int64.max) else {
      return .double(negative ? -1 - Double(argument) : Double(argument))
    }
    return .number(WireNumber(mantissa: negative ? -1 - Int64(argument) : Int64(argument), exponent: 0))
  }

  /// Tag 4: a list of an exponent and a mantissa.
  private mutating func decimalFraction() throws(WireError) -> WireEvent {
    let start = offset
    guard offset < input.count, input[offset] == 0x82 else { throw .unsupported(offset: start) }
    offset += 1
    var parts: (Int64, Int64) = (0, 0)
    for part in 0..<2 {
      guard offset < input.count else { throw .endsTooEarly(offset: offset) }
      let major = input[offset] >> 5
      guard major < 2 else { throw .unsupported(offset: offset) }
      let argument = try argument()
      guard argument <= UInt64(Int64.max) else { throw .numberRange(offset: start) }
      let value = major == 1 ? -1 - Int64(argument) : Int64(argument)
      if part == 0 { parts.0 = value } else { parts.1 = value }
    }
    if parts.1 == 0 { return .number(WireNumber(mantissa: 0, exponent: 0)) }
    guard parts.0 >= -400, parts.0 <= 308 else { throw .numberRange(offset: start) }
    return .number(WireNumber(mantissa: parts.1, exponent: Int(parts.0)))
  }
}
