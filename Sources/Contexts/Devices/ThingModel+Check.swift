extension ThingModel {
  /// What a schema cannot say: keys differ, what is named exists, times are in order.
  ///
  /// - Throws: `.modelInvalid` with the JSON pointer of what is wrong.
  func check() throws(DevicesError) {
    guard liveness.staleAfterSeconds > liveness.reportIntervalSeconds else {
      throw .modelInvalid(path: "/liveness/staleAfterSeconds", problem: "must be longer than the report interval")
    }
    if liveness.connection == .periodic, liveness.offlineAfterSeconds <= liveness.staleAfterSeconds {
      throw .modelInvalid(path: "/liveness/offlineAfterSeconds", problem: "must be longer than staleAfterSeconds")
    }
    try Self.different(properties.map(\.key), "/properties")
    try Self.different(events.map(\.key), "/events")
    try Self.different(services.map(\.key), "/services")
    for (index, property) in properties.enumerated() { try Self.check(property.type, "/properties/\(index)") }
    for (index, event) in events.enumerated() { try check(event, "/events/\(index)") }
    for (index, service) in services.enumerated() { try check(service, "/services/\(index)") }
  }

  private func check(_ event: Event, _ path: String) throws(DevicesError) {
    try Self.different(event.values.map(\.key), "\(path)/values")
    for (index, field) in event.values.enumerated() { try Self.check(field.type, "\(path)/values/\(index)") }
    guard let clearedBy = event.clearedBy else { return }
    guard clearedBy != event.key, self.event(clearedBy) != nil else {
      throw .modelInvalid(path: "\(path)/clearedBy", problem: "\(clearedBy) is not another event of the model")
    }
  }

  private func check(_ service: Service, _ path: String) throws(DevicesError) {
    try Self.different(service.arguments.map(\.key), "\(path)/arguments")
    for (index, field) in service.arguments.enumerated() { try Self.check(field.type, "\(path)/arguments/\(index)") }
    guard let readBack = service.readBack else { return }
    guard let property = property(readBack.property) else {
      throw .modelInvalid(path: "\(path)/readBack/property", problem: "\(readBack.property) is not a property")
    }
    switch readBack.expected {
    case .value(let value):
      if let problem = property.type.problem(with: value) {
        throw .modelInvalid(path: "\(path)/readBack/equals", problem: problem)
      }
    case .argument(let name):
      guard service.arguments.contains(where: { $0.key == name && !$0.optional }) else {
        throw .modelInvalid(path: "\(path)/readBack/equalsArgument", problem: "\(name) is not a required argument")
      }
    }
  }

  private static func check(_ type: ValueType, _ path: String) throws(DevicesError) {
    if case .enumeration(let choices) = type { try different(choices.map(\.key), "\(path)/values") }
  }

  private static func different(_ keys: [String], _ path: String) throws(DevicesError) {
    var seen: Set<String> = []
    for (index, key) in keys.enumerated() where !seen.insert(key).inserted {
      throw .modelInvalid(path: "\(path)/\(index)/key", problem: "\(key) stands there twice")
    }
  }
}

extension ThingModel.ValueType {
  /// What is wrong with a value of this type; nil when nothing is.
  package func problem(with value: PropertyValue) -> String? {
    normalized(value) == nil ? mismatch(value) : nil
  }

  /// The value as this type holds it (a whole number becomes a decimal of the scale); nil when it is not one.
  package func normalized(_ value: PropertyValue) -> PropertyValue? {
    switch (self, value) {
    case (.bool, .bool): return value
    case (.integer(let range), _):
      guard let number = value.scaled(to: 0), range.contains(number) else { return nil }
      return .integer(number)
    case (.decimal(let scale, let range), _):
      guard let number = value.scaled(to: scale), range.contains(number) else { return nil }
      return .decimal(mantissa: number, scale: scale)
    case (.enumeration(let choices), .text(let key)): return choices.contains { $0.key == key } ? value : nil
    case (.text(let bytesMax), .text(let text)): return text.utf8.count <= bytesMax ? value : nil
    default: return nil
    }
  }

  private func mismatch(_ value: PropertyValue) -> String {
    switch self {
    case .bool: "must be true or false"
    case .integer(let range):
      "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .decimal(let scale, let range):
      """
      must be a number with at most \(scale) decimals from \
      \(PropertyValue.decimal(mantissa: range.lowerBound, scale: scale)) to \
      \(PropertyValue.decimal(mantissa: range.upperBound, scale: scale))
      """
    case .enumeration(let choices): "must be one of \(choices.map(\.key).joined(separator: ", "))"
    case .text(let bytesMax): "must be a text of at most \(bytesMax) bytes"
    }
  }
}

extension PropertyValue {
  /// The number times 10^`scale`; nil when it has more decimals, leaves 64 bits or is no number.
  fileprivate func scaled(to scale: Int) -> Int64? {
    switch self {
    case .integer(let value): Self.rescale(value, by: scale)
    case .decimal(let mantissa, let given): Self.rescale(mantissa, by: scale - given)
    case .bool, .text: nil
    }
  }

  private static func rescale(_ value: Int64, by places: Int) -> Int64? {
    var value = value
    for _ in 0..<max(0, places) {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      value = product
    }
    for _ in 0..<max(0, -places) {
      guard value % 10 == 0 else { return nil }
      value /= 10
    }
    return value
  }
}
