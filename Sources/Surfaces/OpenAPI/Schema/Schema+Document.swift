extension Schema {
  /// The schema as JSON Schema 2020-12, as OpenAPI 3.1 embeds it; named schemas are put into `components`.
  package func document(into components: inout [String: JSONValue]) -> JSONValue {
    switch self {
    case .object(let fields): object(fields, into: &components)
    case .map(let value):
      ["type": "object", "maxProperties": 1_000, "additionalProperties": value.document(into: &components)]
    case .array(let item, let max):
      ["type": "array", "items": item.document(into: &components), "maxItems": .integer(Int64(max))]
    case .string(let rule): string(rule)
    case .integer(let range):
      .object(
        [(name: "type", value: "integer"), (name: "format", value: "int64")]
          + (range.lowerBound == .min ? [] : [(name: "minimum", value: .integer(range.lowerBound))])
          + (range.upperBound == .max ? [] : [(name: "maximum", value: .integer(range.upperBound))]))
    case .number: ["type": "number"]
    case .boolean: ["type": "boolean"]
    case .choice(let words): ["type": "string", "enum": .array(words.map { .string($0) })]
    case .nullable(let schema): ["anyOf": [schema.document(into: &components), ["type": "null"]]]
    case .scalar: ["type": ["boolean", "number", "string"], "maxLength": 1_024]
    case .any: [:]
    case .named(let name, let schema): named(name, schema, into: &components)
    }
  }

  private func named(_ name: String, _ schema: Schema, into components: inout [String: JSONValue]) -> JSONValue {
    let written = schema.document(into: &components)
    guard case .object(let members) = written else { preconditionFailure("a schema is written as an object") }
    let whole = JSONValue.object(members + [(name: "examples", value: [schema.example])])
    precondition(components[name] == nil || components[name] == whole, "two schemas are called \(name)")
    components[name] = whole
    return ["$ref": .string("#/components/schemas/\(name)")]
  }

  private func object(_ fields: [Field], into components: inout [String: JSONValue]) -> JSONValue {
    let properties = fields.map { field -> (name: String, value: JSONValue) in
      let written = field.schema.document(into: &components)
      guard !field.about.isEmpty, case .object(let members) = written else { return (field.name, written) }
      return (field.name, .object(members + [(name: "description", value: .string(field.about))]))
    }
    return [
      "type": "object",
      "properties": .object(properties),
      "required": .array(fields.filter(\.isRequired).map { .string($0.name) }),
      "additionalProperties": false,
    ]
  }

  private func string(_ rule: StringRule) -> JSONValue {
    .object(
      [(name: "type", value: "string")]
        + (rule.min == 0 ? [] : [(name: "minLength", value: .integer(Int64(rule.min)))])
        + [(name: "maxLength", value: .integer(Int64(rule.max)))]
        + (rule.format.map { [(name: "format", value: .string($0))] } ?? []))
  }
}
