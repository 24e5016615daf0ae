import WireFormats

extension ThingModel {
  /// The most bytes a model's JSON may have.
  package static let jsonBytesMax = 256 * 1_024

  /// Reads a model from its JSON: every key must be known, every value of its type and within its range.
  ///
  /// - Throws: `.modelInvalid` with the JSON pointer of what is wrong.
  package init(json: [UInt8]) throws(DevicesError) {
    guard json.count <= Self.jsonBytesMax else {
      throw .modelInvalid(path: "/", problem: "has more than \(Self.jsonBytesMax) bytes")
    }
    let value: WireValue
    do { value = try WireValue(.json, json) } catch {
      throw .modelInvalid(path: "/", problem: "is not JSON: \(error)")
    }
    try self.init(ModelNode(value, path: ""))
    try check()
  }

  private init(_ node: ModelNode) throws(DevicesError) {
    try node.allow([
      "$schema", "model", "version", "kind", "name", "liveness", "approvals", "properties", "events", "services",
      "requiresProtection",
    ])
    key = try node.member("model").text(1...64, allowed: Self.allowsInModelKey)
    version = Int(try node.member("version").integer(1...1_000_000))
    kind = try node.member("kind").choice()
    name = try LocalName(node.member("name"))
    liveness = try LivenessContract(node.member("liveness"))
    approvals = try node.list("approvals", max: 16, required: false).map { (node) throws(DevicesError) in
      try node.allow(["standard", "required"])
      return Approval(
        standard: try node.member("standard").text(1...64), required: try node.member("required").bool())
    }
    properties = try node.list("properties", max: 256).map { (node) throws(DevicesError) in try Property(node) }
    events = try node.list("events", max: 128).map { (node) throws(DevicesError) in try Event(node) }
    services = try node.list("services", max: 64).map { (node) throws(DevicesError) in try Service(node) }
    requiresProtection = try node.optional("requiresProtection")?.bool() ?? false
  }

  private static func allowsInModelKey(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension LocalName {
  fileprivate init(_ node: ModelNode) throws(DevicesError) {
    try node.allow(["zh-CN", "en"])
    self.init(chinese: try node.member("zh-CN").text(1...64), english: try node.member("en").text(1...64))
  }
}

extension LivenessContract {
  fileprivate init(_ node: ModelNode) throws(DevicesError) {
    try node.allow(["connection", "reportIntervalSeconds", "staleAfterSeconds", "offlineAfterSeconds"])
    self.init(
      connection: try node.member("connection").choice(),
      reportIntervalSeconds: Int(try node.member("reportIntervalSeconds").integer(1...2_678_400)),
      staleAfterSeconds: Int(try node.member("staleAfterSeconds").integer(2...8_035_200)),
      offlineAfterSeconds: Int(try node.member("offlineAfterSeconds").integer(1...31_622_400)))
  }
}

extension ThingModel.Property {
  fileprivate init(_ node: ModelNode) throws(DevicesError) {
    self.init(
      field: try ThingModel.Field(node, besides: ["dataClass", "writable"]),
      dataClass: try node.member("dataClass").choice(),
      writable: try node.optional("writable")?.bool() ?? false)
  }
}

extension ThingModel.Event {
  fileprivate init(_ node: ModelNode) throws(DevicesError) {
    try node.allow(["key", "name", "level", "values", "clearedBy"])
    self.init(
      key: try node.member("key").key(), name: try LocalName(node.member("name")),
      level: try node.member("level").choice(),
      values: try node.list("values", max: 32, required: false).map { (node) throws(DevicesError) in
        try ThingModel.Field(node, besides: ["optional"])
      },
      clearedBy: try node.optional("clearedBy")?.key())
  }
}

extension ThingModel.Service {
  fileprivate init(_ node: ModelNode) throws(DevicesError) {
    try node.allow(["key", "name", "arguments", "dangerous", "protected", "deadlineSecondsDefault", "readBack"])
    self.init(
      key: try node.member("key").key(), name: try LocalName(node.member("name")),
      arguments: try node.list("arguments", max: 32, required: false).map { (node) throws(DevicesError) in
        try ThingModel.Field(node, besides: ["optional"])
      },
      dangerous: try node.optional("dangerous")?.bool() ?? false,
      protected: try node.optional("protected")?.bool() ?? false,
      deadlineSecondsDefault: Int(try node.member("deadlineSecondsDefault").integer(1...604_800)),
      readBack: try node.optional("readBack").map { (node) throws(DevicesError) in try ThingModel.ReadBack(node) })
  }
}

extension ThingModel.ReadBack {
  fileprivate init(_ node: ModelNode) throws(DevicesError) {
    try node.allow(["property", "equals", "equalsArgument", "withinSeconds"])
    let value = try node.optional("equals")
    let argument = try node.optional("equalsArgument")
    let expected: Expected
    switch (value, argument) {
    case (let value?, nil): expected = .value(try value.propertyValue())
    case (nil, let argument?): expected = .argument(try argument.key())
    default: throw node.error("must have either equals or equalsArgument")
    }
    self.init(
      property: try node.member("property").key(), expected: expected,
      withinSeconds: Int(try node.member("withinSeconds").integer(1...3_600)))
  }
}

extension ThingModel.Field {
  fileprivate init(_ node: ModelNode, besides: [String]) throws(DevicesError) {
    let word = try node.member("type").text(1...16)
    let (type, keys) = try Self.type(word, node)
    try node.allow(["key", "name", "type"] + keys + besides)
    self.init(
      key: try node.member("key").key(), name: try LocalName(node.member("name")), type: type,
      unit: try node.optional("unit")?.text(0...16) ?? "", optional: try node.optional("optional")?.bool() ?? false)
  }

  /// The type, and the keys that only this type may have.
  private static func type(
    _ word: String, _ node: ModelNode
  ) throws(DevicesError) -> (ThingModel.ValueType, [String]) {
    switch word {
    case "bool": return (.bool, [])
    case "integer":
      let range = try range(node, scale: 0)
      return (.integer(range), ["minimum", "maximum", "unit"])
    case "decimal":
      let scale = Int(try node.member("scale").integer(1...9))
      return (.decimal(scale: scale, try range(node, scale: scale)), ["minimum", "maximum", "scale", "unit"])
    case "enum":
      let choices = try node.list("values", max: 64).map { (node) throws(DevicesError) in
        try node.allow(["key", "name"])
        return ThingModel.Choice(key: try node.member("key").key(), name: try LocalName(node.member("name")))
      }
      guard !choices.isEmpty else { throw try node.member("values").error("must not be empty") }
      return (.enumeration(choices), ["values"])
    case "text":
      return (.text(bytesMax: Int(try node.member("bytesMax").integer(1...1_024))), ["bytesMax", "unit"])
    default:
      throw try node.member("type").error("must be bool, integer, decimal, enum or text")
    }
  }

  private static func range(_ node: ModelNode, scale: Int) throws(DevicesError) -> ClosedRange<Int64> {
    let minimum = try node.member("minimum").scaled(by: scale)
    let maximum = try node.member("maximum").scaled(by: scale)
    guard minimum <= maximum else { throw try node.member("minimum").error("is greater than maximum") }
    return minimum...maximum
  }
}
