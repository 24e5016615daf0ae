/// Reads strict JSON: no comments, no trailing commas, no duplicate keys, no lone surrogates; UTF-8 is checked, numbers
/// are exact.
///
/// Works on the caller's bytes and allocates nothing, except for keys with escapes and numbers of more than 18 digits.
/// - Source: RFC 8259.
public struct JSONReader: ~Copyable, WireReader {
  public let input: UnsafeRawBufferPointer
  var offset = 0
  private var keys: KeyStack
  private var state = State.value
  private var depth = 0
  /// A bit a level: 1 for a map.
  private var maps: UInt64 = 0
  let limits: WireLimits

  private enum State {
    case value
    case firstElement
    case firstKey
    case key
    case afterValue
    case done
  }

  private init(_ input: UnsafeRawBufferPointer, keys: UnsafeMutableBufferPointer<UInt64>, limits: WireLimits) {
    self.input = input
    self.keys = KeyStack(keys)
    self.limits = limits
  }

  /// Reads bytes within a closure.
  @inline(__always)
  public static func read<T, E: Error>(
    _ input: UnsafeRawBufferPointer, limits: WireLimits = WireLimits(),
    _ body: (inout JSONReader) throws(E) -> T
  ) throws(E) -> T {
    try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: KeyStack.slots(limits)) { slots throws(E) in
      var reader = JSONReader(input, keys: slots, limits: limits)
      return try body(&reader)
    }
  }

  public mutating func next() throws(WireError) -> WireEvent {
    skipSpace()
    guard offset < input.count else {
      if state == .done { return .end }
      throw .endsTooEarly(offset: offset)
    }
    let byte = input[offset]
    switch state {
    case .value:
      return try value(byte)
    case .firstElement:
      return byte == UInt8(ascii: "]") ? close() : try value(byte)
    case .firstKey:
      return byte == UInt8(ascii: "}") ? close() : try key(byte)
    case .key:
      return try key(byte)
    case .afterValue:
      return try afterValue(byte)
    case .done:
      throw .trailingBytes(offset: offset)
    }
  }

  @inline(__always)
  private mutating func skipSpace() {
    while offset < input.count {
      switch input[offset] {
      case 0x20, 0x0a, 0x0d, 0x09: offset += 1
      default: return
      }
    }
  }

  private mutating func afterValue(_ byte: UInt8) throws(WireError) -> WireEvent {
    let inMap = maps & 1 == 1
    if byte == UInt8(ascii: ",") {
      offset += 1
      state = inMap ? .key : .value
      return try next()
    }
    guard byte == (inMap ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw .unexpected(offset: offset) }
    return close()
  }

  private mutating func close() -> WireEvent {
    offset += 1
    let wasMap = maps & 1 == 1
    if wasMap { keys.closeMap() }
    maps >>= 1
    depth -= 1
    state = depth == 0 ? .done : .afterValue
    return wasMap ? .endMap : .endList
  }

  private mutating func open(map: Bool) throws(WireError) -> WireEvent {
    guard depth < limits.depthMax, depth < 60 else { throw .tooDeep(offset: offset) }
    if map, !keys.openMap() { throw .tooManyKeys(offset: offset) }
    offset += 1
    depth += 1
    maps = maps << 1 | (map ? 1 : 0)
    state = map ? .firstKey : .firstElement
    return map ? .beginMap : .beginList
  }

  private mutating func key(_ byte: UInt8) throws(WireError) -> WireEvent {
    guard byte == UInt8(ascii: "\"") else { throw .unexpected(offset: offset) }
    let text = try text()
    let outcome: KeyStack.Outcome
    if text.isPlain {
      outcome = keys.insert(bytes(text))
    } else {
      var decoded = string(text)
      outcome = decoded.withUTF8 { keys.insert(UnsafeRawBufferPointer($0)) }
    }
    switch outcome {
    case .new: break
    case .duplicate: throw .duplicateKey(offset: text.offset)
    case .full: throw .tooManyKeys(offset: text.offset)
    }
    skipSpace()
    guard offset < input.count else { throw .endsTooEarly(offset: offset) }
    guard input[offset] == UInt8(ascii: ":") else { throw .unexpected(offset: offset) }
    offset += 1
    state = .value
    return .key(text)
  }

  private mutating func value(_ byte: UInt8) throws(WireError) -> WireEvent {
    let event: WireEvent
    switch byte {
    case UInt8(ascii: "\""): event = .text(try text())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): event = try number()
    case UInt8(ascii: "{"): return try open(map: true)
    case UInt8(ascii: "["): return try open(map: false)
    case UInt8(ascii: "t"): event = try word("true", .bool(true))
    case UInt8(ascii: "f"): event = try word("false", .bool(false))
    case UInt8(ascii: "n"): event = try word("null", .null)
    default: throw .unexpected(offset: offset)
    }
    state = depth == 0 ? .done : .afterValue
    return event
  }

  private mutating func word(_ word: StaticString, _ event: WireEvent) throws(WireError) -> WireEvent {
    let count = word.utf8CodeUnitCount
    for index in 0..<count {
      guard offset + index < input.count else { throw .endsTooEarly(offset: input.count) }
      guard input[offset + index] == word.utf8Start[index] else { throw .unexpected(offset: offset + index) }
    }
    offset += count
    return event
  }
}
