import DeviceKit

/// The settings of a device that the platform may change (the twin), each with the range its thing model states.
/// A value out of range is not taken: what is reported stays what is in force.
struct Settings: Sendable {
  /// What may be set.
  enum Rule: Sendable {
    case integer(ClosedRange<Int64>)
    case bool
  }

  private let rules: [(key: String, rule: Rule)]
  private(set) var values: DeviceValues
  private static let memoryKey = "settings"

  init(_ defaults: DeviceValues, rules: [(key: String, rule: Rule)]) {
    values = defaults
    self.rules = rules
  }

  func integer(_ key: String) -> Int64 { values[key]?.asInteger ?? 0 }

  func bool(_ key: String) -> Bool { values[key]?.asBool ?? false }

  /// Takes up what was set before the last power cut.
  mutating func recall(_ desk: DeviceDesk) {
    guard let bytes = desk.remembered(Self.memoryKey) else { return }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let number = Int64(parts[1]), let rule = rule(String(parts[0])) else { continue }
      switch rule {
      case .integer(let range): if range.contains(number) { values[String(parts[0])] = .integer(number) }
      case .bool: values[String(parts[0])] = .bool(number != 0)
      }
    }
  }

  /// Takes what can be taken of the platform's wishes and remembers it.
  mutating func take(_ desired: [String: DeviceValue], _ desk: inout DeviceDesk) {
    for (key, rule) in rules {
      guard let wish = desired[key] else { continue }
      switch rule {
      case .integer(let range):
        if let number = wish.asInteger, range.contains(number) { values[key] = .integer(number) }
      case .bool:
        if let bool = wish.asBool { values[key] = .bool(bool) }
      }
    }
    let lines = values.pairs.map { "\($0.key)=\($0.value.asInteger ?? ($0.value.asBool == true ? 1 : 0))" }
    desk.remember(Self.memoryKey, Array(lines.joined(separator: "\n").utf8))
  }

  private func rule(_ key: String) -> Rule? { rules.first { $0.key == key }?.rule }
}
