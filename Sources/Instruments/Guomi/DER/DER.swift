/// Writing DER: each function gives one whole element.
///
/// - Source: ITU-T X.690, distinguished encoding rules.
enum DER {
  static func element(_ tag: UInt8, _ content: some Collection<UInt8>) -> [UInt8] {
    var bytes = [tag]
    if content.count < 0x80 {
      bytes.append(UInt8(content.count))
    } else {
      let length = Self.bytes(of: UInt64(content.count))
      bytes.append(0x80 | UInt8(length.count))
      bytes += length
    }
    bytes += content
    return bytes
  }

  static func sequence(_ parts: [UInt8]...) -> [UInt8] { element(Tag.sequence, Array(parts.joined())) }

  static func sequence(of parts: [[UInt8]]) -> [UInt8] { element(Tag.sequence, Array(parts.joined())) }

  static func set(_ part: [UInt8]) -> [UInt8] { element(Tag.set, part) }

  /// A number that is not negative, from its big-endian bytes.
  static func integer(_ magnitude: some Collection<UInt8>) -> [UInt8] {
    let short = magnitude.drop { $0 == 0 }
    guard let first = short.first else { return element(Tag.integer, [0]) }
    return element(Tag.integer, first < 0x80 ? Array(short) : [0] + short)
  }

  static func integer(_ number: UInt64) -> [UInt8] { integer(bytes(of: number)) }

  static func boolean(_ value: Bool) -> [UInt8] { element(Tag.boolean, [value ? 0xff : 0]) }

  static func octets(_ bytes: some Collection<UInt8>) -> [UInt8] { element(Tag.octets, bytes) }

  /// A bit string of whole bytes.
  static func bits(_ bytes: some Collection<UInt8>) -> [UInt8] { element(Tag.bits, [0] + bytes) }

  /// - Parameter tag: 0 to 30, context-specific, constructed.
  static func explicit(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] { element(0xa0 | tag, content) }

  /// - Parameter tag: 0 to 30, context-specific, primitive.
  static func implicit(_ tag: UInt8, _ content: some Collection<UInt8>) -> [UInt8] { element(0x80 | tag, content) }

  /// UTCTime until 2049, then GeneralizedTime.
  ///
  /// - Parameter seconds: since 1970, in years 1950 to 9999.
  /// - Source: RFC 5280, 4.1.2.5.
  static func time(_ seconds: Int64) -> [UInt8] {
    let civil = CivilTime(seconds: seconds)
    let isShort = (1950..<2050).contains(civil.year)
    var text = isShort ? digits(civil.year % 100, 2) : digits(civil.year, 4)
    for part in [civil.month, civil.day, civil.hour, civil.minute, civil.second] { text += digits(part, 2) }
    return element(isShort ? Tag.utcTime : Tag.generalizedTime, text + [UInt8(ascii: "Z")])
  }

  private static func digits(_ number: Int, _ count: Int) -> [UInt8] {
    var rest = number
    var digits: [UInt8] = []
    for _ in 0..<count {
      digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    }
    return digits.reversed()
  }

  private static func bytes(of number: UInt64) -> [UInt8] {
    Array((0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }.drop { $0 == 0 })
  }

  /// What stands before an element.
  enum Tag {
    static let boolean: UInt8 = 0x01
    static let integer: UInt8 = 0x02
    static let bits: UInt8 = 0x03
    static let octets: UInt8 = 0x04
    static let null: UInt8 = 0x05
    static let objectID: UInt8 = 0x06
    static let enumerated: UInt8 = 0x0a
    static let utf8String: UInt8 = 0x0c
    static let printableString: UInt8 = 0x13
    static let ia5String: UInt8 = 0x16
    static let utcTime: UInt8 = 0x17
    static let generalizedTime: UInt8 = 0x18
    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31
  }
}

/// An object identifier, as its encoded content.
struct ObjectID: Hashable, Sendable, CustomStringConvertible {
  let content: [UInt8]

  init(content: some Collection<UInt8>) { self.content = Array(content) }

  /// - Parameter arcs: at least two.
  init(_ arcs: UInt64...) {
    var content: [UInt8] = []
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2...] {
      var parts = [UInt8(arc & 0x7f)]
      var rest = arc >> 7
      while rest > 0 {
        parts.append(0x80 | UInt8(rest & 0x7f))
        rest >>= 7
      }
      content += parts.reversed()
    }
    self.content = content
  }

  var der: [UInt8] { DER.element(DER.Tag.objectID, content) }

  /// Dotted.
  var description: String {
    var arcs: [UInt64] = []
    var arc: UInt64 = 0
    for byte in content {
      guard arc < 1 << 56 else { return "?" }
      arc = arc << 7 | UInt64(byte & 0x7f)
      guard byte & 0x80 == 0 else { continue }
      if arcs.isEmpty {
        let top = min(arc / 40, 2)
        arcs = [top, arc - top * 40]
      } else {
        arcs.append(arc)
      }
      arc = 0
    }
    return arcs.map(String.init).joined(separator: ".")
  }
}

/// A moment as a calendar has it, UTC.
struct CivilTime {
  var year: Int
  var month: Int
  var day: Int
  var hour = 0
  var minute = 0
  var second = 0

  init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  init(seconds: Int64) {
    let (days, rest) = Int(seconds).quotientAndFloorRemainder(by: 86_400)
    // Days since 1 March of the year 0, in eras of 400 years.
    let (era, ofEra) = (days + 719_468).quotientAndFloorRemainder(by: 146_097)
    let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let dayOfYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shifted + 2) / 5 + 1
    month = shifted < 10 ? shifted + 3 : shifted - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hour = rest / 3_600
    minute = rest / 60 % 60
    second = rest % 60
  }

  /// Seconds since 1970; nil when there is no such day or time.
  var seconds: Int64? {
    guard (1...12).contains(month), (1...31).contains(day), (0..<24).contains(hour), (0..<60).contains(minute),
      (0..<60).contains(second)
    else { return nil }
    let shiftedYear = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = shiftedYear.quotientAndFloorRemainder(by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let ofEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + ofEra - 719_468
    let seconds = Int64(days * 86_400 + hour * 3_600 + minute * 60 + second)
    // 31 February is no day.
    return CivilTime(seconds: seconds).day == day ? seconds : nil
  }
}

extension Int {
  fileprivate func quotientAndFloorRemainder(by divisor: Int) -> (Int, Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
