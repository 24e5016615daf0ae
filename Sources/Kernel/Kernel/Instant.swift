/// A moment: UTC microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
package struct Instant: Hashable, Sendable {
  package let microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  /// Milliseconds since 1970, rounded down: the unit devices speak.
  package init(milliseconds: Int64) {
    self.microseconds = milliseconds.multipliedReportingOverflow(by: 1_000).overflow
      ? (milliseconds < 0 ? .min : .max)
      : milliseconds * 1_000
  }

  /// Milliseconds since 1970, rounded towards the past.
  package var milliseconds: Int64 {
    microseconds >= 0 ? microseconds / 1_000 : (microseconds - 999) / 1_000
  }

  /// The whole microseconds from `earlier` to this moment; negative when `earlier` is later.
  package func microseconds(since earlier: Instant) -> Int64 {
    let (difference, overflow) = microseconds.subtractingReportingOverflow(earlier.microseconds)
    return overflow ? (microseconds < earlier.microseconds ? .min : .max) : difference
  }

  /// This moment moved by a duration, rounded to the microsecond towards zero; saturates at the ends of time.
  package func advanced(by duration: Duration) -> Instant {
    let (seconds, attoseconds) = duration.components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    let (sum, secondOverflow) = microseconds.addingReportingOverflow(
      overflow ? (seconds < 0 ? .min : .max) : whole + attoseconds / 1_000_000_000_000)
    return Instant(microseconds: secondOverflow ? (seconds < 0 ? .min : .max) : sum)
  }
}

extension Instant: Comparable {
  package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }
}

extension Instant: Codable {
  package init(from decoder: any Decoder) throws {
    self.init(microseconds: try decoder.singleValueContainer().decode(Int64.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(microseconds)
  }
}
