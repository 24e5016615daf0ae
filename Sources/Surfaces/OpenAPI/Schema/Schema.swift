/// What a JSON value must be: checks bodies and writes the OpenAPI document, so that the two can not drift apart.
package indirect enum Schema: Sendable {
  /// A closed object: other members are refused.
  case object([Field])
  /// Any names, values of one kind.
  case map(Schema)
  case array(Schema, max: Int)
  case string(StringRule)
  case integer(ClosedRange<Int64>)
  case number
  case boolean
  /// One of a list of words.
  case choice([String])
  case nullable(Schema)
  /// A property's value: true or false, a number, or a text.
  case scalar
  /// Anything at all.
  case any
  /// A schema with a name of its own under components/schemas.
  case named(String, Schema)

  /// One member of an object.
  package struct Field: Sendable {
    package let name: String
    package let schema: Schema
    package let isRequired: Bool
    package let about: String

    /// A member that must be there.
    package static func needs(_ name: String, _ schema: Schema, _ about: String = "") -> Field {
      Field(name: name, schema: schema, isRequired: true, about: about)
    }

    /// A member that may be left out.
    package static func may(_ name: String, _ schema: Schema, _ about: String = "") -> Field {
      Field(name: name, schema: schema, isRequired: false, about: about)
    }
  }

  /// Length in Unicode scalars and, for the document, format and example.
  package struct StringRule: Sendable {
    package var min = 0
    package var max = 10_000
    package var format: String?
    package var example: String
  }
}

extension Schema {
  /// Text of `min` to `max` Unicode scalars.
  package static func text(_ range: ClosedRange<Int>, example: String) -> Schema {
    .string(StringRule(min: range.lowerBound, max: range.upperBound, example: example))
  }

  /// The id of something: a UUID.
  package static let id = Schema.string(
    StringRule(min: 36, max: 36, format: "uuid", example: "0197c1de-5a00-7000-8000-000000000001"))

  /// A moment as RFC 3339 in UTC with microseconds.
  package static let time = Schema.string(
    StringRule(min: 20, max: 40, format: "date-time", example: "2026-11-23T06:32:08.000000Z"))

  /// A day.
  package static let date = Schema.string(StringRule(min: 10, max: 10, format: "date", example: "2026-11-23"))

  /// Whole numbers from 0.
  package static let count = Schema.integer(0...Int64.max)

  /// A page of a list: the items and, unless it is the last, the cursor of the next.
  package static func page(of item: Schema, _ name: String) -> Schema {
    .named(
      name,
      .object([
        .needs("items", .array(item, max: Limits.pageMax)),
        .may("nextCursor", .text(1...1_024, example: "eyJ…"), "Left out on the last page."),
      ]))
  }
}

/// A type of the API that says what its JSON looks like.
package protocol Described {
  static var schema: Schema { get }
}

extension Schema {
  /// An example that fits the schema.
  package var example: JSONValue {
    switch self {
    case .object(let fields): .object(fields.map { (name: $0.name, value: $0.schema.example) })
    case .map(let value): .object([(name: "name", value: value.example)])
    case .array(let item, _): .array([item.example])
    case .string(let rule): .string(rule.example)
    case .integer(let range): .integer(Swift.min(Swift.max(1, range.lowerBound), range.upperBound))
    case .number: .number(21.5)
    case .boolean: .boolean(true)
    case .choice(let words): .string(words.first ?? "")
    case .nullable(let schema): schema.example
    case .scalar: .number(21.5)
    case .any: .object([])
    case .named(_, let schema): schema.example
    }
  }
}
