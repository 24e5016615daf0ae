import TestSupport
import Testing
import WireFormats

struct CBORReaderTests {
  @Test("the examples of RFC 8949, appendix A", arguments: [
    ("00", number(0)), ("17", number(23)), ("1818", number(24)), ("1903e8", number(1_000)),
    ("1a000f4240", number(1_000_000)), ("1b000000e8d4a51000", number(1_000_000_000_000)),
    ("1bffffffffffffffff", .double(18_446_744_073_709_551_616)), ("20", number(-1)), ("3903e7", number(-1_000)),
    ("3b7fffffffffffffff", number(.min)), ("f90000", number(0)), ("f98000", number(0)), ("f93c00", number(1)),
    ("fb3ff199999999999a", number(11, -1)), ("f93e00", number(15, -1)), ("f97bff", number(65_504)),
    ("fa47c35000", number(100_000)), ("f9c400", number(-4)), ("fbc010666666666666", number(-41, -1)),
    ("f4", .bool(false)), ("f5", .bool(true)), ("f6", .null), ("f7", .null), ("4401020304", .bytes([1, 2, 3, 4])),
    ("5f42010243030405ff", .bytes([1, 2, 3, 4, 5])),
    ("60", .text("")), ("6449455446", .text("IETF")), ("62225c", .text("\"\\")), ("63e6b0b4", .text("水")),
    ("80", .list([])), ("83010203", .list([number(1), number(2), number(3)])), ("a0", .map([])),
    ("a26161016162820203", .map([.init("a", number(1)), .init("b", .list([number(2), number(3)]))])),
    ("7f657374726561646d696e67ff", .text("streaming")), ("9fff", .list([])),
    ("9f018202039f0405ffff", .list([number(1), .list([number(2), number(3)]), .list([number(4), number(5)])])),
    ("bf6346756ef563416d7421ff", .map([.init("Fun", .bool(true)), .init("Amt", number(-2))])),
    ("c48221196ab3", number(27_315, -2)), ("c11a514b67b0", number(1_363_896_240)), ("fa41aa6666", number(213, -1)),
  ] as [(String, WireValue)])
  func examples(hex: String, value: WireValue) throws {
    #expect(try cbor(hex) == value)
  }

  @Test("what is not well-formed, or not JSON's like, is refused", arguments: [
    "", "18", "19ff", "1c", "1f", "61", "62c3", "61ff", "81", "8201", "a1", "a16161", "a10102", "a16161016161", "ff",
    "81ff", "bf6161ff", "bf616101", "9f01", "5f6161ff", "7f4161ff", "7f7f6161ffff", "f8ff", "f97c00", "f97e00",
    "fa7f800000", "fb7ff0000000000000", "e0", "f0", "0000", "a2616101616102", "c4820102030405", "c48161", "c1", "1b00",
    "9bffffffffffffffff", "bbffffffffffffffff", "7bffffffffffffffff", "5b7fffffffffffffff", "c482 1a7fffffff 01",
  ])
  func refused(hex: String) {
    #expect(throws: WireError.self) { try cbor(hex) }
  }

  @Test("depth is bounded")
  func depth() throws {
    #expect(throws: WireError.self) { try cbor(String(repeating: "81", count: 100_000)) }
    #expect(throws: WireError.self) { try cbor(String(repeating: "9f", count: 17)) }
    #expect(try cbor(String(repeating: "81", count: 16) + "01") != .null)
  }

  @Test("random and mutated bytes never trap, and what is taken is written and read the same")
  func fuzz() throws {
    let seed = bytes(
      hex: "bf64626f6f7407637365710162747319 03e8 6676616c756573a262 6131 fb3ff199999999999a 6162 9f01f5f6ff ff")
    var random = SeededRandom(seed: 7)
    var taken = 0
    for round in 0..<30_000 {
      var input =
        round % 4 == 0
        ? (0..<Int.random(in: 1...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) } : seed
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let place = Int.random(in: 0..<input.count, using: &random)
        input[place] = UInt8.random(in: 0...255, using: &random)
      }
      guard let value = try? WireValue(.cbor, input) else { continue }
      taken += 1
      #expect(try WireValue(.cbor, CBORWriter.bytes(value)) == canonical(value))
    }
    #expect(taken > 1_000)
  }

  /// Byte strings are written as texts.
  private func canonical(_ value: WireValue) -> WireValue {
    switch value {
    case .bytes(let bytes): .text(bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
    case .list(let values): .list(values.map(canonical))
    case .map(let members): .map(members.map { .init($0.key, canonical($0.value)) })
    default: value
    }
  }
}

struct WireWriterTests {
  static let value = WireValue.map([
    .init("a\"\u{1}\n", .list([number(-25, -1), number(5, -20), number(7, 3), .bool(true), .null, .text("é中")])),
    .init("b", .map([.init("c", number(.min)), .init("d", number(.max))])),
  ])

  @Test("what is written is read the same, in both formats")
  func roundTrip() throws {
    #expect(try WireValue(parsing: JSONWriter.bytes(Self.value)) == Self.value)
    #expect(try WireValue(parsing: CBORWriter.bytes(Self.value)) == Self.value)
  }

  @Test("JSON is written plainly")
  func plainJSON() {
    let bytes = JSONWriter.bytes(.list([number(-25, -1), number(5, -3)]))
    #expect(String(decoding: bytes, as: UTF8.self) == "[-2.5,0.005]")
  }
}
