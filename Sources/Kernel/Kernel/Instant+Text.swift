extension Instant: CustomStringConvertible {
  /// RFC 3339 in UTC with microseconds: `2026-11-23T06:32:08.000000Z`.
  package var description: String {
    let day = microseconds.floorDivided(by: LocalDate.microsecondsOfDay)
    let date = LocalDate(dayNumber: day.quotient)
    let (hour, minute, second, fraction) = Self.split(day.remainder)
    return "\(date)T\(pad(hour, 2)):\(pad(minute, 2)):\(pad(second, 2)).\(pad(fraction, 6))Z"
  }

  /// Reads RFC 3339: `2026-11-23T14:32:08+08:00`, `2026-11-23T06:32:08.5Z`; nil for anything else.
  package init?(text: String) {
    let characters = Array(text.utf8)
    guard characters.count >= 20, characters[10] == UInt8(ascii: "T") || characters[10] == UInt8(ascii: " "),
      let date = LocalDate(String(decoding: characters[..<10], as: UTF8.self)),
      characters[13] == UInt8(ascii: ":"), characters[16] == UInt8(ascii: ":"),
      let hour = number(characters[11..<13]), hour < 24,
      let minute = number(characters[14..<16]), minute < 60,
      let second = number(characters[17..<19]), second < 60
    else { return nil }
    var rest = characters[19...]
    var fraction: Int64 = 0
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard !digits.isEmpty, digits.count <= 9, let value = number(digits.prefix(6)) else { return nil }
      fraction = Int64(value)
      for _ in 0..<max(0, 6 - digits.count) { fraction *= 10 }
      rest = rest.dropFirst(digits.count)
    }
    guard let offsetMinutes = Self.offsetMinutes(rest) else { return nil }
    let seconds = Int64(hour * 3_600 + minute * 60 + second) - Int64(offsetMinutes) * 60
    self.init(microseconds: date.dayNumber * LocalDate.microsecondsOfDay + seconds * 1_000_000 + fraction)
  }

  private static func offsetMinutes(_ text: ArraySlice<UInt8>) -> Int? {
    let text = Array(text)
    if text == [UInt8(ascii: "Z")] || text == [UInt8(ascii: "z")] { return 0 }
    guard text.count == 6, text[3] == UInt8(ascii: ":"), let hour = number(text[1..<3]), hour < 24,
      let minute = number(text[4..<6]), minute < 60
    else { return nil }
    switch text[0] {
    case UInt8(ascii: "+"): return hour * 60 + minute
    case UInt8(ascii: "-"): return -(hour * 60 + minute)
    default: return nil
    }
  }

  private static func split(_ microseconds: Int64) -> (Int64, Int64, Int64, Int64) {
    let seconds = microseconds / 1_000_000
    return (seconds / 3_600, seconds / 60 % 60, seconds % 60, microseconds % 1_000_000)
  }
}

func pad(_ value: Int64, _ width: Int) -> String {
  let text = String(value)
  return String(repeating: "0", count: max(0, width - text.count)) + text
}

/// The decimal number of all the characters; nil when one is not a digit or there are none or more than nine.
func number(_ characters: some Collection<UInt8>) -> Int? {
  guard !characters.isEmpty, characters.count <= 9 else { return nil }
  var value = 0
  for character in characters {
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { return nil }
    value = value * 10 + Int(character - UInt8(ascii: "0"))
  }
  return value
}
