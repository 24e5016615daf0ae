extension Schema {
  /// Where a value breaks its schema, and how.
  package struct Breach: Error, Hashable {
    /// A JSON pointer (RFC 6901); empty for the whole value.
    package let pointer: String
    package let reason: String

    /// A sentence for the problem's detail; names what is wrong, never repeats the value.
    package var sentence: String { pointer.isEmpty ? "The body \(reason)." : "The member \(pointer) \(reason)." }
  }

  /// Checks a value.
  ///
  /// - Throws: the first breach.
  package func check(_ value: JSONValue, at pointer: String = "") throws(Breach) {
    switch (self, value) {
    case (.any, _): return
    case (.named(_, let schema), _): try schema.check(value, at: pointer)
    case (.nullable(let schema), _): if value != .null { try schema.check(value, at: pointer) }
    case (.object(let fields), .object(let members)): try check(members, fields, at: pointer)
    case (.map(let schema), .object(let members)):
      guard members.count <= 1_000 else { throw Breach(pointer: pointer, reason: "has more than 1000 members") }
      for member in members { try schema.check(member.value, at: "\(pointer)/\(escaped(member.name))") }
    case (.array(let item, let max), .array(let values)):
      guard values.count <= max else { throw Breach(pointer: pointer, reason: "has more than \(max) items") }
      for (index, value) in values.enumerated() { try item.check(value, at: "\(pointer)/\(index)") }
    case (.string(let rule), .string(let text)):
      guard (rule.min...rule.max).contains(text.unicodeScalars.count) else {
        throw Breach(pointer: pointer, reason: "must have \(rule.min) to \(rule.max) characters")
      }
    case (.integer(let range), .integer(let number)):
      guard range.contains(number) else {
        throw Breach(pointer: pointer, reason: "must be from \(range.lowerBound) to \(range.upperBound)")
      }
    case (.number, .number), (.number, .integer), (.boolean, .boolean): return
    case (.scalar, .boolean), (.scalar, .integer), (.scalar, .number): return
    case (.scalar, .string(let text)):
      guard text.unicodeScalars.count <= 1_024 else {
        throw Breach(pointer: pointer, reason: "must have at most 1024 characters")
      }
    case (.choice(let words), .string(let text)):
      guard words.contains(text) else {
        throw Breach(pointer: pointer, reason: "must be one of \(words.joined(separator: ", "))")
      }
    default: throw Breach(pointer: pointer, reason: "must be \(kind)")
    }
  }

  private func check(
    _ members: [(name: String, value: JSONValue)], _ fields: [Field], at pointer: String
  ) throws(Breach) {
    let known = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0) })
    var seen: Set<String> = []
    for (name, value) in members {
      let place = "\(pointer)/\(escaped(name))"
      guard let field = known[name] else { throw Breach(pointer: place, reason: "is not known") }
      seen.insert(name)
      try field.schema.check(value, at: place)
    }
    for field in fields where field.isRequired && !seen.contains(field.name) {
      throw Breach(pointer: "\(pointer)/\(field.name)", reason: "is missing")
    }
  }

  /// A member's name in a pointer, cut so that an answer stays small.
  private func escaped(_ name: String) -> String {
    String(name.prefix(64)).replacing("~", with: "~0").replacing("/", with: "~1")
  }

  private var kind: String {
    switch self {
    case .object, .map: "an object"
    case .array: "an array"
    case .string, .choice: "a string"
    case .integer: "a whole number"
    case .number: "a number"
    case .boolean: "true or false"
    case .scalar: "true or false, a number or a string"
    case .nullable(let schema), .named(_, let schema): schema.kind
    case .any: "anything"
    }
  }
}
