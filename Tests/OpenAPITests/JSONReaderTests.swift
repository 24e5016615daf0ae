import Foundation
import TestSupport
import Testing

@testable import OpenAPI

@Suite("The strict JSON reader")
struct JSONReaderTests {
  private func read(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8)) }

  @Test("reads what RFC 8259 allows", arguments: [
    ("{}", JSONValue.object([])), (" [ 1 , -2 ] ", [1, -2]), ("\"\\u00e9\\ud83d\\ude00\\n\"", "é😀\n"),
    ("-0", 0), ("9223372036854775807", 9_223_372_036_854_775_807), ("true", true), ("null", .null),
    ("1.5e2", .number(150)),
    ("{\"a\":{\"b\":[]}}", ["a": ["b": .array([])]]), ("18446744073709551616", .number(0x1p64)),
  ] as [(String, JSONValue)])
  func valid(text: String, value: JSONValue) throws {
    #expect(try read(text) == value)
  }

  @Test("refuses everything else", arguments: [
    "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "01", "1.", ".5", "+1", "1e", "--1", "tru", "nul",
    "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\t\"", "1 2", "NaN",
    "Infinity", "1e999", "'a'", "/**/1", "{\"a\":1,\"a\":2}", "\u{feff}1", "\"\\u+123\"",
  ])
  func invalid(text: String) {
    #expect(throws: JSONFault.self) { try read(text) }
  }

  @Test("refuses bytes that are not UTF-8")
  func encoding() {
    #expect(throws: JSONFault.self) { try JSONReader.read([0x22, 0xc3, 0x28, 0x22]) }
    #expect(throws: JSONFault.self) { try JSONReader.read([0x22, 0xed, 0xa0, 0x80, 0x22]) }
  }

  @Test("nests to its limit and not one level deeper")
  func nesting() throws {
    let open = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try read(open(Limits.nestingMax + 1))
    #expect(throws: JSONFault.self) { try read(open(Limits.nestingMax + 2)) }
    #expect(throws: JSONFault.self) { try read(String(repeating: "[", count: 1_000_000)) }
  }

  @Test("accepts nothing that Foundation refuses, over many mangled texts")
  func mangled() {
    var random = SeededRandom(seed: 11)
    let seed = Array(#"{"a":[1,-2.5e3,true,null],"b":{"c":"\u00e9\n","d":""}}"#.utf8)
    for _ in 0..<20_000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        default: bytes.insert(seed[Int.random(in: 0..<seed.count, using: &random)], at: at)
        }
      }
      guard (try? JSONReader.read(bytes)) != nil else { continue }
      let foundation = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
      #expect(foundation != nil, "\(String(decoding: bytes, as: UTF8.self))")
    }
  }
}
