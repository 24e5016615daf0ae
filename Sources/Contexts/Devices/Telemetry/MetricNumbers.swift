import SQLStore

/// The numbers of metric names in `history.db`; at most 65,535 of them.
struct MetricNumbers: Sendable {
  private var byName: [String: UInt16] = [:]
  private var byNumber: [UInt16: String] = [:]
  /// By model: the metric of each property, by its place. A handful of models serve thousands of devices.
  private var byModel: [ObjectIdentifier: (model: CompiledModel, metrics: [UInt16?])] = [:]
  private static let modelsMax = 1_000

  mutating func put(_ name: String, _ number: UInt16) {
    byName[name] = number
    byNumber[number] = name
    byModel.removeAll()
  }

  func number(_ name: String) -> UInt16? { byName[name] }
  func name(_ number: UInt16) -> String? { byNumber[number] }

  /// The metrics of a model's properties; nil for one that has none yet.
  mutating func metrics(of model: CompiledModel) -> [UInt16?] {
    if let known = byModel[ObjectIdentifier(model)], known.model === model { return known.metrics }
    if byModel.count >= Self.modelsMax { byModel.removeAll() }
    let metrics = model.model.properties.map { byName[$0.key] }
    byModel[ObjectIdentifier(model)] = (model, metrics)
    return metrics
  }

  var next: UInt16? { byName.count < Int(UInt16.max) ? UInt16(byName.count + 1) : nil }
}

extension MetricNumbers {
  /// All that the file knows.
  init(_ sql: SQLConnection) throws {
    for row in try sql.rows("SELECT id, name FROM telemetry_metric") {
      if let number = UInt16(exactly: try row.integer(0)) { put(try row.text(1), number) }
    }
  }

  /// The metrics of a model's properties; names that are new get a number in this transaction.
  mutating func ensure(_ model: CompiledModel, _ sql: SQLConnection) throws -> [UInt16?] {
    let metrics = metrics(of: model)
    guard metrics.contains(nil) else { return metrics }
    for property in model.model.properties where byName[property.key] == nil {
      guard let number = next else { break }
      try sql.execute("INSERT INTO telemetry_metric (id, name) VALUES (\(number), \(property.key))")
      put(property.key, number)
    }
    return self.metrics(of: model)
  }
}
