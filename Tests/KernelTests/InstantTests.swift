import Foundation
import Kernel
import Testing

@Suite("A moment")
struct InstantTests {
  @Test(
    "writes itself in RFC 3339 and reads itself back",
    arguments: [
      (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
      (1_795_415_528_123_456, "2026-11-23T06:32:08.123456Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
      (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ] as [(Int64, String)])
  func text(_ microseconds: Int64, _ text: String) {
    #expect(Instant(microseconds: microseconds).description == text)
    #expect(Instant(text: text)?.microseconds == microseconds)
  }

  @Test("reads offsets and fractions of any length")
  func offsets() {
    let moment = Instant(microseconds: 1_795_415_528_500_000)
    for text in [
      "2026-11-23T14:32:08.5+08:00", "2026-11-23T06:32:08.50Z", "2026-11-23 06:32:08.500000000z",
      "2026-11-22T22:02:08.5-08:30",
    ] {
      #expect(Instant(text: text) == moment, "\(text)")
    }
  }

  @Test(
    "is not read from anything else",
    arguments: [
      "", "2026-11-23", "2026-11-23T06:32:08", "2026-02-29T06:32:08Z", "2026-11-23T24:00:00Z", "2026-11-23T06:60:00Z",
      "2026-11-23T06:32:60Z", "2026-11-23T06:32:08.Z", "2026-11-23T06:32:08.1234567890Z", "2026-11-23T06:32:08+8:00",
      "2026-11-23T06:32:08+08:60", "2026-11-23T06:32:08Zx", "2026-11-23T-6:32:08Z", "20261-1-23T06:32:08Z",
    ])
  func refused(_ text: String) {
    #expect(Instant(text: text) == nil)
  }

  @Test("rounds milliseconds towards the past, and stays within time's ends")
  func milliseconds() {
    #expect(Instant(microseconds: 1_999).milliseconds == 1)
    #expect(Instant(microseconds: -1).milliseconds == -1)
    #expect(Instant(microseconds: -1_000).milliseconds == -1)
    #expect(Instant(microseconds: -1_001).milliseconds == -2)
    #expect(Instant(milliseconds: .max).microseconds == .max)
    #expect(Instant(milliseconds: .min).microseconds == .min)
  }

  @Test("moves by durations and saturates")
  func advancing() {
    let moment = Instant(microseconds: 1_000_000)
    #expect(moment.advanced(by: .seconds(2)).microseconds == 3_000_000)
    #expect(moment.advanced(by: .milliseconds(-1_500)).microseconds == -500_000)
    #expect(moment.advanced(by: .nanoseconds(1_999)).microseconds == 1_000_001)
    #expect(Instant(microseconds: .max).advanced(by: .seconds(1)).microseconds == .max)
    #expect(Instant(microseconds: .min).advanced(by: .seconds(-1)).microseconds == .min)
    #expect(moment.advanced(by: .seconds(Int64.max)).microseconds == .max)
    #expect(Instant(microseconds: .max).microseconds(since: Instant(microseconds: .min)) == .max)
    #expect(Instant(microseconds: .min).microseconds(since: Instant(microseconds: .max)) == .min)
    #expect(Instant(microseconds: 5).microseconds(since: Instant(microseconds: 8)) == -3)
  }
}

@Suite("A day")
struct LocalDateTests {
  @Test("exists only in the calendar")
  func exists() {
    #expect(LocalDate(year: 2024, month: 2, day: 29) != nil)
    #expect(LocalDate(year: 2000, month: 2, day: 29) != nil)
    for (year, month, day) in [(2026, 2, 29), (1900, 2, 29), (2026, 4, 31), (2026, 13, 1), (2026, 0, 1), (2026, 1, 0)] {
      #expect(LocalDate(year: year, month: month, day: day) == nil)
    }
  }

  @Test("counts on without a gap over four centuries")
  func counting() throws {
    var previous = try #require(LocalDate(year: 1899, month: 12, day: 31)).components
    let first = try #require(LocalDate(year: 1900, month: 1, day: 1)).dayNumber
    for dayNumber in first..<(first + 146_097) {
      let now = LocalDate(dayNumber: dayNumber).components
      let isNext =
        now.day == previous.day + 1 && now.month == previous.month && now.year == previous.year
        || now.day == 1 && previous.day >= 28
          && (now.month == previous.month + 1 && now.year == previous.year
            || now.month == 1 && previous.month == 12 && now.year == previous.year + 1)
      guard isNext, LocalDate(year: now.year, month: now.month, day: now.day)?.dayNumber == dayNumber else {
        Issue.record("\(previous) is followed by \(now)")
        return
      }
      previous = now
    }
  }

  @Test("reads only its own text")
  func text() throws {
    #expect(LocalDate("2026-11-23")?.description == "2026-11-23")
    for text in ["2026-1-23", "2026-11-23 ", "2026/11/23", "2026-11-3x", "二零二六年一月"] {
      #expect(LocalDate(text) == nil)
    }
    let day = try #require(LocalDate("0999-01-01"))
    #expect(try JSONDecoder().decode(LocalDate.self, from: JSONEncoder().encode(day)) == day)
  }

  @Test("begins at midnight of its zone")
  func zones() throws {
    let day = try #require(LocalDate("2026-11-23"))
    let start = day.start(offsetMinutes: 480)
    #expect(start.description == "2026-11-22T16:00:00.000000Z")
    #expect(start.date(offsetMinutes: 480) == day)
    #expect(Instant(microseconds: start.microseconds - 1).date(offsetMinutes: 480) == day.adding(days: -1))
    #expect(start.date(offsetMinutes: 0).description == "2026-11-22")
  }
}
