/// A cursor over DER bytes: definite lengths of at most three bytes, low tag numbers; everything else is refused.
struct DERReader {
  static let boolean: UInt8 = 0x01
  static let integer: UInt8 = 0x02
  static let octetString: UInt8 = 0x04
  static let objectIdentifier: UInt8 = 0x06
  static let sequence: UInt8 = 0x30

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { offset >= bytes.count }

  /// The next element's tag and content; nil at the end or when it is not well formed. Moves past it.
  mutating func next() -> (tag: UInt8, content: UnsafeRawBufferPointer)? {
    guard bytes.count - offset >= 2 else { return nil }
    let tag = bytes[offset]
    guard tag & 0x1f != 0x1f else { return nil }
    var position = offset + 1
    var length = Int(bytes[position])
    position += 1
    if length >= 0x80 {
      let octets = length & 0x7f
      guard (1...3).contains(octets), bytes.count - position >= octets else { return nil }
      length = 0
      for _ in 0..<octets {
        length = length << 8 | Int(bytes[position])
        position += 1
      }
      // DER takes the shortest form.
      guard length >= 0x80, octets == 1 || length >> (8 * (octets - 1)) != 0 else { return nil }
    }
    guard bytes.count - position >= length else { return nil }
    offset = position + length
    return (tag, UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]))
  }

  /// The content of the next element when it has this tag; nil, without moving, when it has not.
  mutating func primitive(_ tag: UInt8) -> UnsafeRawBufferPointer? {
    guard offset < bytes.count, bytes[offset] == tag, let element = next() else { return nil }
    return element.content
  }

  /// A reader of the next element's content when it has this tag.
  mutating func enter(_ tag: UInt8) -> DERReader? { primitive(tag).map { DERReader($0) } }

  /// Moves past the next element when it has this tag.
  mutating func skip(_ tag: UInt8) -> Bool { primitive(tag) != nil }

  /// The next element as seconds since 1970: UTCTime or GeneralizedTime, in UTC, with seconds, as RFC 5280 asks for.
  mutating func time() -> Int64? {
    if let text = primitive(0x17) {
      guard text.count == 13, let short = Self.number(text[0..<2]) else { return nil }
      return Self.time(year: short < 50 ? 2_000 + short : 1_900 + short, rest: text[2..<13])
    }
    guard let text = primitive(0x18), text.count == 15, let year = Self.number(text[0..<4]) else { return nil }
    return Self.time(year: year, rest: text[4..<15])
  }

  private static func time(year: Int, rest: Slice<UnsafeRawBufferPointer>) -> Int64? {
    let start = rest.startIndex
    guard rest[start + 10] == UInt8(ascii: "Z"),
      let month = number(rest[start..<start + 2]), (1...12).contains(month),
      let day = number(rest[start + 2..<start + 4]), (1...31).contains(day),
      let hour = number(rest[start + 4..<start + 6]), hour < 24,
      let minute = number(rest[start + 6..<start + 8]), minute < 60,
      let second = number(rest[start + 8..<start + 10]), second < 60
    else { return nil }
    return CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second).seconds
  }

  private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return value
  }
}
