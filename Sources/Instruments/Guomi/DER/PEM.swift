/// The text form of DER: base 64 between two lines.
///
/// - Source: RFC 7468, strict as far as lines go.
enum PEM {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ der: [UInt8], label: String) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: der.count, by: 3) {
      let part = der[start..<min(start + 3, der.count)]
      let word = part.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - part.count))
      for digit in 0..<4 {
        text.append(digit <= part.count ? alphabet[Int(word >> (18 - 6 * digit) & 63)] : UInt8(ascii: "="))
      }
      if text.count % 65 == 64 { text.append(UInt8(ascii: "\n")) }
    }
    if text.last != UInt8(ascii: "\n") { text.append(UInt8(ascii: "\n")) }
    return "-----BEGIN \(label)-----\n\(String(decoding: text, as: UTF8.self))-----END \(label)-----\n"
  }

  /// The first block with this label; nil when there is none, or it is not base 64.
  static func decode(_ text: String, label: String) -> [UInt8]? {
    guard let begin = text.firstRange(of: "-----BEGIN \(label)-----"),
      let end = text[begin.upperBound...].firstRange(of: "-----END \(label)-----")
    else { return nil }
    var bytes: [UInt8] = []
    var word: UInt32 = 0
    var digits = 0
    var padding = 0
    for character in text[begin.upperBound..<end.lowerBound].utf8 {
      if character == 0x0a || character == 0x0d { continue }
      if character == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      guard padding == 0, let value = value(character) else { return nil }
      word = word << 6 | UInt32(value)
      digits += 1
      if digits % 4 == 0 {
        bytes += [UInt8(word >> 16 & 0xff), UInt8(word >> 8 & 0xff), UInt8(word & 0xff)]
        word = 0
      }
    }
    switch (digits % 4, padding) {
    case (0, 0): return bytes
    case (2, 2) where word & 0xf == 0: return bytes + [UInt8(word >> 4 & 0xff)]
    case (3, 1) where word & 0x3 == 0: return bytes + [UInt8(word >> 10 & 0xff), UInt8(word >> 2 & 0xff)]
    default: return nil
    }
  }

  private static func value(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character + 4
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
