import WireFormats

/// One value of a thing model's JSON and where it stands, so that an error can say where.
struct ModelNode {
  let value: WireValue
  /// A JSON pointer (RFC 6901).
  let path: String

  init(_ value: WireValue, path: String) {
    self.value = value
    self.path = path
  }

  func error(_ problem: String) -> DevicesError {
    .modelInvalid(path: path.isEmpty ? "/" : path, problem: problem)
  }

  private func child(_ value: WireValue, _ key: String) -> ModelNode {
    // A pointer writes ~ and / in a key as ~0 and ~1; only a key that is refused anyway has them.
    let escaped = key.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
    return ModelNode(value, path: "\(path)/\(escaped)")
  }

  /// - Throws: when this is no object, or has another key than these.
  func allow(_ keys: [String]) throws(DevicesError) {
    guard let members = value.members else { throw error("must be an object") }
    for member in members where !keys.contains(member.key) {
      throw child(member.value, String(member.key.prefix(64))).error("is not a key that belongs here")
    }
  }

  func member(_ key: String) throws(DevicesError) -> ModelNode {
    guard let node = try optional(key) else { throw ModelNode(.null, path: "\(path)/\(key)").error("is missing") }
    return node
  }

  func optional(_ key: String) throws(DevicesError) -> ModelNode? {
    guard value.members != nil else { throw error("must be an object") }
    return value[key].map { child($0, key) }
  }

  func list(_ key: String, max: Int, required: Bool = true) throws(DevicesError) -> [ModelNode] {
    guard let node = required ? try member(key) : try optional(key) else { return [] }
    guard let values = node.value.list else { throw node.error("must be a list") }
    guard values.count <= max else { throw node.error("has more than \(max) entries") }
    return values.enumerated().map { node.child($0.element, String($0.offset)) }
  }

  func bool() throws(DevicesError) -> Bool {
    guard let bool = value.bool else { throw error("must be true or false") }
    return bool
  }

  func integer(_ range: ClosedRange<Int64>) throws(DevicesError) -> Int64 {
    guard let integer = value.integer else { throw error("must be a whole number") }
    guard range.contains(integer) else { throw error("must lie within \(range.lowerBound) and \(range.upperBound)") }
    return integer
  }

  /// A number times 10^`scale`.
  func scaled(by scale: Int) throws(DevicesError) -> Int64 {
    guard case .number(let number) = value, let scaled = number.scaled(by: scale) else {
      throw error("must be a number with at most \(scale) decimals")
    }
    return scaled
  }

  /// - Parameter range: of characters (Unicode scalars).
  func text(
    _ range: ClosedRange<Int>, allowed: (UInt8) -> Bool = { $0 >= 0x20 }
  ) throws(DevicesError) -> String {
    guard let text = value.string else { throw error("must be a text") }
    guard range.contains(text.unicodeScalars.count) else {
      throw error("must have \(range.lowerBound) to \(range.upperBound) characters")
    }
    guard text.utf8.allSatisfy(allowed) else { throw error("has a character that is not allowed") }
    return text
  }

  /// A letter, then letters and digits; 1 to 64.
  func key() throws(DevicesError) -> String {
    let key = try text(1...64) { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: false
      }
    }
    guard let first = key.utf8.first, first > UInt8(ascii: "9") else { throw error("must begin with a letter") }
    return key
  }

  /// One of an enumeration's words.
  func choice<C: RawRepresentable & CaseIterable>() throws(DevicesError) -> C where C.RawValue == String {
    guard let choice = value.string.flatMap(C.init(rawValue:)) else {
      throw error("must be one of \(C.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  func propertyValue() throws(DevicesError) -> PropertyValue {
    guard let value = PropertyValue(value) else { throw error("must be a number, a text, true or false") }
    return value
  }
}

extension PropertyValue {
  /// A value as a device or a file wrote it, before any model is asked; nil for what no property can be.
  init?(_ value: WireValue) {
    switch value {
    case .bool(let value): self = .bool(value)
    case .text(let value): self = .text(value)
    case .number(let number):
      if let integer = number.integer {
        self = .integer(integer)
      } else if (-9..<0).contains(number.exponent) {
        self = .decimal(mantissa: number.mantissa, scale: -number.exponent)
      } else {
        return nil
      }
    case .null, .double, .bytes, .list, .map: return nil
    }
  }

  /// As it goes into a message.
  var wire: WireValue {
    switch self {
    case .bool(let value): .bool(value)
    case .integer(let value): .number(WireNumber(mantissa: value, exponent: 0))
    case .decimal(let mantissa, let scale): .number(WireNumber(mantissa: mantissa, exponent: -scale))
    case .text(let value): .text(value)
    }
  }
}
