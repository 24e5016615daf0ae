import Foundation
import TestSupport
import Testing
import WireFormats

struct JSONReaderTests {
  @Test("numbers are exact decimals", arguments: [
    ("0", 0, 0), ("-0", 0, 0), ("0e99999", 0, 0), ("1", 1, 0), ("-17", -17, 0), ("21.50", 2_150, -2),
    ("1e3", 1, 3), ("1E+3", 1, 3), ("2.5e-7", 25, -8), ("9223372036854775807", Int64.max, 0),
    ("0.000000000000000001", 1, -18), ("1e308", 1, 308), ("123456789012345678", 123_456_789_012_345_678, 0),
  ] as [(String, Int64, Int)])
  func exactNumbers(text: String, mantissa: Int64, exponent: Int) throws {
    #expect(try json(text) == number(mantissa, exponent))
  }

  @Test("numbers too long for a mantissa are the nearest double")
  func longNumbers() throws {
    #expect(try json("9223372036854775808") == .double(9_223_372_036_854_775_808))
    #expect(try json("-9223372036854775808") == number(.min))
    #expect(try json("0.12345678901234567890123") == .double(0.12345678901234567890123))
    #expect(throws: WireError.numberRange(offset: 0)) { try json("1e400") }
    #expect(throws: WireError.tooLong(offset: 0)) { try json(String(repeating: "1", count: 500)) }
  }

  @Test("what is not a JSON text is refused", arguments: [
    "", " ", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity", "tru", "nulL", "[1,]", "[,1]",
    "[1 2]",
    "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{\"a\":}", "{1:2}", "[1}", "{\"a\":1]", "[", "{", "[1", "{\"a\"", "{\"a\":1",
    "\"", "\"a", "\"\\\"", "\"\u{01}\"", "\"\t\"", "'a'", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\ud800\"",
    "\"\\udc00\"", "\"\\ud800\\u0041\"", "1 2", "{} {}", "// c\n1", "\u{feff}1", "[1]]", "\\", "{\"a\":1 \"b\":2}",
  ])
  func refused(text: String) {
    #expect(throws: WireError.self) { try json(text) }
  }

  @Test("texts are decoded: escapes, pairs of surrogates, every length around eight bytes")
  func texts() throws {
    #expect(try json(#""a\"\\\/\b\f\n\r\t\u00e9\u4e2d\ud83d\ude00""#) == .text("a\"\\/\u{8}\u{c}\n\r\té中😀"))
    for count in 0..<40 {
      let plain = String(repeating: "x", count: count)
      #expect(try json("\"\(plain)\"") == .text(plain))
      #expect(try json("\"\(plain)中\"") == .text(plain + "中"))
      #expect(try json("\"\(plain)\\n\"") == .text(plain + "\n"))
      #expect(throws: WireError.self) { try json("\"\(plain)\u{1f}\"") }
      #expect(throws: WireError.self) { try json("\"\(plain)") }
    }
  }

  @Test("bytes that are not UTF-8 are refused", arguments: [
    "22ff22", "22c080 22", "22c122", "22e0808022", "22eda08022", "22f0808080 22", "22f4908080 22", "22f5808080 22",
    "22c3 22", "22e4b8 22", "228022",
  ])
  func notUTF8(hex: String) {
    #expect(throws: WireError.self) { try WireValue(.json, bytes(hex: hex)) }
  }

  @Test("a key twice in one map is refused, however it is written, and allowed in another map")
  func duplicateKeys() throws {
    #expect(throws: WireError.duplicateKey(offset: 8)) { try json(#"{"a":1,"a":2}"#) }
    #expect(throws: WireError.self) { try json(#"{"a":1,"\u0061":2}"#) }
    #expect(throws: WireError.self) { try json(#"{"x":{"b":1},"y":[{"c":1}],"x":2}"#) }
    #expect(try json(#"{"a":{"a":1},"b":{"a":2}}"#)["b"]?["a"] == number(2))
    #expect(try json(#"[{"a":1},{"a":2}]"#).list?.count == 2)
    let many = (0..<249).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    #expect(try json("{\(many)}").members?.count == 249)
  }

  @Test("depth and keys are bounded")
  func bounds() throws {
    let deep = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
    #expect(try json(deep) != .null)
    #expect(throws: WireError.tooDeep(offset: 16)) { try json("[" + deep + "]") }
    #expect(throws: WireError.self) { try json(String(repeating: "{\"a\":", count: 100_000)) }
    let many = (0..<400).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    #expect(throws: WireError.self) { try json("{\(many)}") }
  }

  @Test("takes and refuses what Foundation takes and refuses, and reads the same, over thousands of mutations")
  func againstFoundation() throws {
    let seeds = [
      #"{"boot":7,"seq":1,"ts":1764000000000,"values":{"batteryPercent":87,"locked":true,"x":[1.5,null,"é中"]}}"#,
      #"[{"a":-1.25e-3,"b":"\u00e9\ud83d\ude00\n"},[[],{}],false,"",0,1e5]"#,
    ]
    var random = SeededRandom(seed: 42)
    var taken = 0
    for round in 0..<20_000 {
      var text = Array(seeds[round % seeds.count].utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&text, &random) }
      let ours = try? WireValue(.json, text)
      let theirs = try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
      guard let ours else { continue }
      taken += 1
      // Ours is the stricter one (duplicate keys, depth), never the laxer one.
      let object = try #require(theirs, "\(String(decoding: text, as: UTF8.self))")
      #expect(isSame(ours, object), "\(String(decoding: text, as: UTF8.self))")
    }
    #expect(taken > 1_000)
  }

  private func mutate(_ text: inout [UInt8], _ random: inout SeededRandom) {
    let place = Int.random(in: 0..<text.count, using: &random)
    let alphabet = Array("{}[]\",:0123456789.eE+-\\untrfals \u{1}é".utf8)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: text[place] = alphabet.randomElement(using: &random) ?? 0
    case 1: text.insert(alphabet.randomElement(using: &random) ?? 0, at: place)
    case 2 where text.count > 1: text.remove(at: place)
    default: text[place] = UInt8.random(in: 0...255, using: &random)
    }
  }

  private func isSame(_ ours: WireValue, _ theirs: Any) -> Bool {
    switch ours {
    case .null: return theirs is NSNull
    case .text(let text): return text.unicodeScalars.elementsEqual((theirs as? String ?? "?").unicodeScalars)
    case .bool(let value): return theirs as? Bool == value
    case .number(let number): return (theirs as? NSNumber).map { isNear($0.doubleValue, number.double) } ?? false
    case .double(let value): return (theirs as? NSNumber).map { isNear($0.doubleValue, value) } ?? false
    case .list(let values):
      guard let list = theirs as? [Any], list.count == values.count else { return false }
      return zip(values, list).allSatisfy { isSame($0, $1) }
    case .map(let members):
      guard let map = theirs as? [String: Any] else { return false }
      return members.allSatisfy { member in map[member.key].map { isSame(member.value, $0) } ?? false }
    case .bytes: return false
    }
  }

  private func isNear(_ left: Double, _ right: Double) -> Bool {
    left == right || abs(left - right) <= abs(left) * 1e-15
  }
}
