/// A day of the proleptic Gregorian calendar, without a time or a zone.
package struct LocalDate: Hashable, Sendable {
  /// Days since 1970-01-01.
  package let dayNumber: Int64

  static let microsecondsOfDay: Int64 = 86_400_000_000

  package init(dayNumber: Int64) {
    self.dayNumber = dayNumber
  }

  /// - Returns: nil unless the day exists: 2026-02-29 does not.
  package init?(year: Int, month: Int, day: Int) {
    guard (0...9_999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
    // Days from the civil calendar, counted from 1 March so that the leap day comes last.
    let shifted = Int64(month > 2 ? year : year - 1)
    let era = shifted.floorDivided(by: 400)
    let dayOfYear = (153 * Int64(month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(day) - 1
    let dayOfEra = era.remainder * 365 + era.remainder / 4 - era.remainder / 100 + dayOfYear
    self.init(dayNumber: era.quotient * 146_097 + dayOfEra - 719_468)
    guard self.components == (year, month, day) else { return nil }
  }

  /// Year, month 1 to 12, day 1 to 31.
  package var components: (year: Int, month: Int, day: Int) {
    let era = (dayNumber + 719_468).floorDivided(by: 146_097)
    let dayOfEra = era.remainder
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = Int(dayOfYear - (153 * month + 2) / 5 + 1)
    let civilMonth = Int(month < 10 ? month + 3 : month - 9)
    return (Int(yearOfEra + era.quotient * 400) + (civilMonth <= 2 ? 1 : 0), civilMonth, day)
  }
}

extension LocalDate: Comparable {
  package static func < (left: Self, right: Self) -> Bool { left.dayNumber < right.dayNumber }
}

extension LocalDate: LosslessStringConvertible {
  /// `2026-11-23`.
  package var description: String {
    let (year, month, day) = components
    return "\(pad(Int64(year), 4))-\(pad(Int64(month), 2))-\(pad(Int64(day), 2))"
  }

  package init?(_ text: String) {
    let characters = Array(text.utf8)
    guard characters.count == 10, characters[4] == UInt8(ascii: "-"), characters[7] == UInt8(ascii: "-"),
      let year = number(characters[..<4]), let month = number(characters[5..<7]), let day = number(characters[8...])
    else { return nil }
    self.init(year: year, month: month, day: day)
  }
}

extension LocalDate: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let date = Self(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a date")
    }
    self = date
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension Instant {
  /// The day this moment falls on, `offsetMinutes` east of UTC (China: 480).
  package func date(offsetMinutes: Int) -> LocalDate {
    let local = microseconds &+ Int64(offsetMinutes) * 60_000_000
    return LocalDate(dayNumber: local.floorDivided(by: LocalDate.microsecondsOfDay).quotient)
  }
}

extension LocalDate {
  /// The first moment of this day, `offsetMinutes` east of UTC.
  package func start(offsetMinutes: Int) -> Instant {
    Instant(microseconds: dayNumber * Self.microsecondsOfDay - Int64(offsetMinutes) * 60_000_000)
  }

  /// The day `days` later.
  package func adding(days: Int64) -> LocalDate { LocalDate(dayNumber: dayNumber + days) }
}

extension Int64 {
  /// Division that rounds towards negative infinity; the remainder is never negative.
  func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    var (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    if remainder < 0 {
      quotient -= 1
      remainder += divisor
    }
    return (quotient, remainder)
  }
}
