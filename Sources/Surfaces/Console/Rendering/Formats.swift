import Kernel

/// Numbers and moments as the pages write them.
struct Formats: Sendable {
  /// Minutes east of UTC of the place whose time the pages show.
  let offsetMinutes: Int

  init(offsetMinutes: Int = 480) {
    self.offsetMinutes = offsetMinutes
  }

  /// `1,284`, with a true minus sign.
  func number(_ value: Int64) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return value < 0 ? "\u{2212}\(text)" : text
  }

  func number(_ value: Int) -> String { number(Int64(value)) }

  /// A decimal number's text with its whole part grouped: `-1284.20` as `−1,284.20`.
  func decimal(_ text: String) -> String {
    let negative = text.hasPrefix("-")
    let parts = text.drop { $0 == "-" }.split(separator: ".", maxSplits: 1)
    guard let whole = parts.first.flatMap({ Int64($0) }) else { return text }
    return (negative ? "\u{2212}" : "") + number(whole) + (parts.count > 1 ? ".\(parts[1])" : "")
  }

  /// A mantissa over a power of ten: 128420 with 2 decimals is `1,284.20`.
  func scaled(_ mantissa: Int64, decimals: Int) -> String {
    guard decimals > 0 else { return number(mantissa) }
    let digits = String(mantissa.magnitude)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return decimal("\(mantissa < 0 ? "-" : "")\(padded.dropLast(decimals)).\(padded.suffix(decimals))")
  }

  /// `98.7`: ten-thousandths as a percentage, one decimal, never 100.0 unless it is whole.
  func percent(perTenThousand value: Int64) -> String {
    value >= 10_000 ? "100" : "\(value / 100).\(value / 10 % 10)"
  }

  /// Part of whole in ten-thousandths, rounded down; 10,000 of nothing.
  func perTenThousand(_ part: Int, of whole: Int) -> Int64 {
    whole == 0 ? 10_000 : Int64(part) * 10_000 / Int64(whole)
  }

  /// `2026-11-23 14:32:08`.
  func moment(_ instant: Instant) -> String {
    "\(instant.date(offsetMinutes: offsetMinutes)) \(time(instant))"
  }

  /// `14:32:08`.
  func time(_ instant: Instant) -> String {
    let local = instant.microseconds &+ Int64(offsetMinutes) * 60_000_000
    let day: Int64 = 86_400_000_000
    let seconds = ((local % day) + day) % day / 1_000_000
    return "\(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
  }

  /// `11-23`.
  func shortDay(_ day: LocalDate) -> String { String(day.description.dropFirst(5)) }

  /// The day in the pages' time.
  func day(_ instant: Instant) -> LocalDate { instant.date(offsetMinutes: offsetMinutes) }

  private func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : String(value) }
}

extension Words {
  /// How long ago: 刚刚, n 分钟前. The page keeps it true; this is what it begins with.
  func ago(_ moment: Instant, now: Instant) -> String {
    let seconds = max(0, now.microseconds(since: moment) / 1_000_000)
    switch seconds {
    case ..<60: return self("time.now")
    case ..<3_600: return self("time.minutes", ["n": String(seconds / 60)])
    case ..<86_400: return self("time.hours", ["n": String(seconds / 3_600)])
    default: return self("time.days", ["n": String(seconds / 86_400)])
    }
  }

  /// A running timer: 01:46, 2:03:09.
  func timer(_ start: Instant, now: Instant) -> String {
    let seconds = max(0, now.microseconds(since: start) / 1_000_000)
    let two = { (value: Int64) in value < 10 ? "0\(value)" : String(value) }
    let hours = seconds / 3_600
    return "\(hours > 0 ? "\(hours):" : "")\(two(seconds / 60 % 60)):\(two(seconds % 60))"
  }
}
