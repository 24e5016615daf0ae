import Devices

struct ThingModelBody: Encodable, Described, Sendable {
  let key: String
  let version: Int
  let kind: DeviceKind
  let name: LocalName
  let liveness: LivenessContract
  let approvals: [Approval]
  let properties: [Property]
  let events: [Event]
  let services: [Service]
  let requiresProtection: Bool

  init(_ model: ThingModel) {
    key = model.key
    version = model.version
    kind = model.kind
    name = model.name
    liveness = model.liveness
    approvals = model.approvals
    properties = model.properties.map { Property($0) }
    events = model.events.map { Event($0) }
    services = model.services.map { Service($0) }
    requiresProtection = model.requiresProtection
  }
}

extension ThingModelBody {
  struct Choice: Encodable, Sendable {
    let key: String
    let name: LocalName
  }

  /// A property, an event's value or a service's argument.
  struct Field: Encodable, Sendable {
    let key: String
    let name: LocalName
    let type: String
    let unit: String
    let optional: Bool
    let minimum: PropertyValue?
    let maximum: PropertyValue?
    let decimals: Int?
    let choices: [Choice]?
    let bytesMax: Int?

    init(_ field: ThingModel.Field) {
      key = field.key
      name = field.name
      unit = field.unit
      optional = field.optional
      switch field.type {
      case .bool: (type, minimum, maximum, decimals, choices, bytesMax) = ("bool", nil, nil, nil, nil, nil)
      case .integer(let range):
        (type, decimals, choices, bytesMax) = ("integer", nil, nil, nil)
        (minimum, maximum) = (.integer(range.lowerBound), .integer(range.upperBound))
      case .decimal(let scale, let range):
        (type, decimals, choices, bytesMax) = ("decimal", scale, nil, nil)
        minimum = .decimal(mantissa: range.lowerBound, scale: scale)
        maximum = .decimal(mantissa: range.upperBound, scale: scale)
      case .enumeration(let values):
        (type, minimum, maximum, decimals, bytesMax) = ("enumeration", nil, nil, nil, nil)
        choices = values.map { Choice(key: $0.key, name: $0.name) }
      case .text(let bytes):
        (type, minimum, maximum, decimals, choices, bytesMax) = ("text", nil, nil, nil, nil, bytes)
      }
    }
  }

  struct Property: Encodable, Sendable {
    let field: Field
    let dataClass: DataClass
    let writable: Bool

    init(_ property: ThingModel.Property) {
      field = Field(property.field)
      dataClass = property.dataClass
      writable = property.writable
    }
  }

  struct Event: Encodable, Sendable {
    let key: String
    let name: LocalName
    let level: EventLevel
    let values: [Field]
    let clearedBy: String?

    init(_ event: ThingModel.Event) {
      key = event.key
      name = event.name
      level = event.level
      values = event.values.map { Field($0) }
      clearedBy = event.clearedBy
    }
  }

  struct Service: Encodable, Sendable {
    let key: String
    let name: LocalName
    let arguments: [Field]
    let dangerous: Bool
    let protected: Bool
    let deadlineSecondsDefault: Int
    /// The property whose value proves the effect.
    let readBack: String?

    init(_ service: ThingModel.Service) {
      key = service.key
      name = service.name
      arguments = service.arguments.map { Field($0) }
      dangerous = service.dangerous
      protected = service.protected
      deadlineSecondsDefault = service.deadlineSecondsDefault
      readBack = service.readBack?.property
    }
  }
}

extension ThingModelBody {
  static let schema = Schema.named(
    "ThingModel",
    .object([
      .needs("key", DeviceSchemas.model), .needs("version", DeviceSchemas.modelVersion),
      .needs("kind", DeviceSchemas.kind), .needs("name", DeviceSchemas.localName), .needs("liveness", liveness),
      .needs(
        "approvals",
        .array(
          .object([.needs("standard", .text(1...64, example: "GA 374")), .needs("required", .boolean)]), max: 64)),
      .needs(
        "properties",
        .array(
          .object([
            .needs("field", field),
            .needs("dataClass", .choice(DataClass.allCases.map(\.rawValue))), .needs("writable", .boolean),
          ]), max: 256)),
      .needs("events", .array(event, max: 128)), .needs("services", .array(service, max: 64)),
      .needs("requiresProtection", .boolean, "Nothing sensitive goes to such a device unprotected."),
    ]))

  private static let liveness = Schema.object([
    .needs("connection", .choice(["permanent", "periodic"])), .needs("reportIntervalSeconds", .count),
    .needs("staleAfterSeconds", .count), .needs("offlineAfterSeconds", .count),
  ])

  private static let field = Schema.named(
    "ThingModelField",
    .object([
      .needs("key", DeviceSchemas.property), .needs("name", DeviceSchemas.localName),
      .needs("type", .choice(["bool", "integer", "decimal", "enumeration", "text"])),
      .needs("unit", .text(0...32, example: "%")), .needs("optional", .boolean), .may("minimum", .scalar),
      .may("maximum", .scalar), .may("decimals", .integer(1...9)),
      .may(
        "choices",
        .array(
          .object([.needs("key", .text(1...64, example: "closed")), .needs("name", DeviceSchemas.localName)]),
          max: 64)),
      .may("bytesMax", .count),
    ]))

  private static let event = Schema.object([
    .needs("key", DeviceSchemas.key), .needs("name", DeviceSchemas.localName), .needs("level", DeviceSchemas.level),
    .needs("values", .array(field, max: 256)), .may("clearedBy", DeviceSchemas.key, "The event that ends this one."),
  ])

  private static let service = Schema.object([
    .needs("key", DeviceSchemas.service), .needs("name", DeviceSchemas.localName),
    .needs("arguments", .array(field, max: 256)), .needs("dangerous", .boolean),
    .needs("protected", .boolean, "Goes protected, as what is dangerous does, to devices that have keys."),
    .needs("deadlineSecondsDefault", .count), .may("readBack", DeviceSchemas.property),
  ])
}

struct ThingModelsBody: Encodable, Described, Sendable {
  let items: [ThingModelBody]

  static let schema = Schema.named(
    "ThingModels", .object([.needs("items", .array(ThingModelBody.schema, max: 10_000))]))
}
