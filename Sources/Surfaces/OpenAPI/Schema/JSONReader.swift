/// Why a text is not JSON.
package struct JSONFault: Error, Hashable {
  /// The byte at which it was seen, from 0.
  package let offset: Int
  package let reason: String
}

/// Reads one JSON text strictly.
///
/// Stricter than Foundation where it matters at a border: no name twice in an object, bounded nesting, valid UTF-8,
/// no lone surrogates, nothing after the value.
/// - Source: RFC 8259; the nesting limit as section 9 allows.
package struct JSONReader {
  private let bytes: [UInt8]
  private let nestingMax: Int
  private var at = 0

  private init(_ bytes: [UInt8], nestingMax: Int) {
    self.bytes = bytes
    self.nestingMax = nestingMax
  }

  /// The value of the whole text.
  package static func read(
    _ bytes: [UInt8], nestingMax: Int = Limits.nestingMax
  ) throws(JSONFault) -> JSONValue {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw JSONFault(offset: 0, reason: "the text is not valid UTF-8")
    }
    var reader = JSONReader(bytes, nestingMax: nestingMax)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.at == bytes.count else { throw reader.fault("something follows the value") }
    return value
  }

  private func fault(_ reason: String) -> JSONFault { JSONFault(offset: at, reason: reason) }

  private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
    guard depth <= nestingMax else { throw fault("it is nested more than \(nestingMax) levels") }
    skipSpace()
    guard let byte = next else { throw fault("it ends too early") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONFault) -> JSONValue {
    let expected = Array(word.description.utf8)
    guard bytes.count - at >= expected.count, Array(bytes[at..<at + expected.count]) == expected else {
      throw fault("a value is expected")
    }
    at += expected.count
    return value
  }

  private mutating func object(depth: Int) throws(JSONFault) -> JSONValue {
    at += 1
    var members: [(name: String, value: JSONValue)] = []
    var names: Set<String> = []
    skipSpace()
    if take("}") { return .object([]) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw fault("a member's name is expected") }
      let name = try string()
      guard names.insert(name).inserted else { throw fault("a member is there twice") }
      skipSpace()
      guard take(":") else { throw fault("a colon is expected") }
      members.append((name: name, value: try value(depth: depth + 1)))
      skipSpace()
      if take(",") { continue }
      guard take("}") else { throw fault("a comma or a closing brace is expected") }
      return .object(members)
    }
  }

  private mutating func array(depth: Int) throws(JSONFault) -> JSONValue {
    at += 1
    var values: [JSONValue] = []
    skipSpace()
    if take("]") { return .array([]) }
    while true {
      values.append(try value(depth: depth + 1))
      skipSpace()
      if take(",") { continue }
      guard take("]") else { throw fault("a comma or a closing bracket is expected") }
      return .array(values)
    }
  }
}

extension JSONReader {
  private mutating func string() throws(JSONFault) -> String {
    at += 1
    var text: [UInt8] = []
    while let byte = next {
      at += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw fault("a control character stands in a string")
      default: text.append(byte)
      }
    }
    throw fault("a string does not end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
    guard let byte = next else { throw fault("a string does not end") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hex()
      if (0xd800..<0xdc00).contains(code) {
        guard take("\\"), take("u") else { throw fault("half a surrogate pair") }
        let low = try hex()
        guard (0xdc00..<0xe000).contains(low) else { throw fault("half a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair") }
      text.append(contentsOf: Array(String(scalar).utf8))
    default: throw fault("an unknown escape")
    }
  }

  private mutating func hex() throws(JSONFault) -> UInt32 {
    guard bytes.count - at >= 4, let code = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16),
      bytes[at] != UInt8(ascii: "+")
    else { throw fault("four hexadecimal digits are expected") }
    at += 4
    return code
  }

  private mutating func digits() -> Int {
    let start = at
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
    return at - start
  }

  private mutating func number() throws(JSONFault) -> JSONValue {
    let start = at
    var isWhole = true
    _ = take("-")
    let leading = next
    let whole = digits()
    guard whole > 0, whole == 1 || leading != UInt8(ascii: "0") else { throw fault("a value is expected") }
    if take(".") {
      isWhole = false
      guard digits() > 0 else { throw fault("a digit is expected after the point") }
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      guard digits() > 0 else { throw fault("a digit is expected in the exponent") }
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if isWhole, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw fault("the number is too large") }
    return .number(value)
  }
}
