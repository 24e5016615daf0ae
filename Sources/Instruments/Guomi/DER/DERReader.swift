/// Reads DER strictly: lengths and numbers in their shortest form, nothing left over. It never recurses and never
/// copies, so that what it costs is bounded by the bytes it is given.
struct DERReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  /// One element.
  struct Element {
    let tag: UInt8
    let content: ArraySlice<UInt8>
    /// With tag and length.
    let whole: ArraySlice<UInt8>
  }

  var isAtEnd: Bool { rest.isEmpty }

  /// The tag of the next element; nil at the end.
  var nextTag: UInt8? { rest.first }

  mutating func element() throws(DERError) -> Element {
    let begin = rest
    guard let tag = rest.popFirst() else { throw .short }
    // Tags above 30 take more bytes and occur nowhere here.
    guard tag & 0x1f != 0x1f else { throw .tag }
    let count = try length()
    guard count <= rest.count else { throw .short }
    let content = rest.prefix(count)
    rest = rest.dropFirst(count)
    return Element(tag: tag, content: content, whole: begin[begin.startIndex..<content.endIndex])
  }

  private mutating func length() throws(DERError) -> Int {
    guard let first = rest.popFirst() else { throw .short }
    if first < 0x80 { return Int(first) }
    let count = Int(first & 0x7f)
    // No indefinite length, and none above 4 GiB.
    guard (1...4).contains(count), count <= rest.count, rest.first != 0 else { throw .length }
    let length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
    rest = rest.dropFirst(count)
    guard length >= 0x80 else { throw .length }
    return length
  }

  /// The content of the next element, which must have this tag.
  mutating func take(_ tag: UInt8) throws(DERError) -> ArraySlice<UInt8> {
    let element = try element()
    guard element.tag == tag else { throw .tag }
    return element.content
  }

  /// The content of the next element when it has this tag.
  mutating func takeOptional(_ tag: UInt8) throws(DERError) -> ArraySlice<UInt8>? {
    nextTag == tag ? try take(tag) : nil
  }

  /// A reader of the inside of the next element.
  mutating func sequence() throws(DERError) -> DERReader { DERReader(try take(DER.Tag.sequence)) }

  mutating func set() throws(DERError) -> DERReader { DERReader(try take(DER.Tag.set)) }

  /// A number that is not negative, as big-endian bytes without leading zeros; empty for zero.
  mutating func magnitude() throws(DERError) -> ArraySlice<UInt8> {
    let content = try take(DER.Tag.integer)
    guard let first = content.first, first < 0x80 else { throw .number }
    guard first == 0 else { return content }
    let magnitude = content.dropFirst()
    // A zero stands before a set top bit only.
    if let next = magnitude.first, next < 0x80 { throw .number }
    return magnitude
  }

  /// A number of 32 bytes at most, with zeros in front.
  mutating func number32() throws(DERError) -> [UInt8] {
    let magnitude = try magnitude()
    guard magnitude.count <= 32 else { throw .number }
    return [UInt8](repeating: 0, count: 32 - magnitude.count) + magnitude
  }

  /// A small number.
  mutating func integer() throws(DERError) -> Int {
    let magnitude = try magnitude()
    guard magnitude.count <= 7 else { throw .number }
    return magnitude.reduce(0) { $0 << 8 | Int($1) }
  }

  mutating func boolean() throws(DERError) -> Bool {
    let content = try take(DER.Tag.boolean)
    guard content.count == 1, let byte = content.first, byte == 0 || byte == 0xff else { throw .boolean }
    return byte == 0xff
  }

  /// A bit string of whole bytes.
  mutating func bits() throws(DERError) -> ArraySlice<UInt8> {
    let content = try take(DER.Tag.bits)
    guard content.first == 0 else { throw .bits }
    return content.dropFirst()
  }

  mutating func objectID() throws(DERError) -> ObjectID {
    let content = try take(DER.Tag.objectID)
    // The last byte ends an arc; no arc begins with nothing.
    guard let last = content.last, last < 0x80, content.first != 0x80 else { throw .objectID }
    return ObjectID(content: content)
  }

  /// UTCTime or GeneralizedTime, to the second, UTC.
  ///
  /// - Returns: seconds since 1970.
  mutating func time() throws(DERError) -> Int64 {
    let element = try element()
    let text = element.content
    guard text.last == UInt8(ascii: "Z"), text.dropLast().allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw .time
    }
    let digits = text.dropLast().map { Int($0 - 0x30) }
    var pairs = stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] * 10 + digits[$0 + 1] }
    switch (element.tag, digits.count) {
    case (DER.Tag.utcTime, 12): pairs[0] += pairs[0] < 50 ? 2_000 : 1_900
    case (DER.Tag.generalizedTime, 14): pairs.replaceSubrange(0...1, with: [pairs[0] * 100 + pairs[1]])
    default: throw .time
    }
    var civil = CivilTime(year: pairs[0], month: pairs[1], day: pairs[2])
    (civil.hour, civil.minute, civil.second) = (pairs[3], pairs[4], pairs[5])
    guard let seconds = civil.seconds else { throw .time }
    return seconds
  }

  /// Nothing may be left.
  func finish() throws(DERError) {
    guard rest.isEmpty else { throw .trailing }
  }
}

/// What is wrong with bytes that should be DER.
enum DERError: String, Error {
  case short, tag, length, number, boolean, bits, objectID = "object id", time, trailing = "trailing bytes", text
}
