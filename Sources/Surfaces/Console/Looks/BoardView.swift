import Devices

/// What the second line of a quiet room says; a room that is not quiet says what is wrong with it, whatever is asked.
enum BoardView: String, CaseIterable, Sendable {
  /// How many devices are heard.
  case state
  /// What the room draws now, with a tint by how much.
  case power
  /// Whether its door is locked.
  case lock

  /// The kind of device that knows it; nil when no value is needed.
  var kind: DeviceKind? {
    switch self {
    case .state: nil
    case .power: .electricityMeter
    case .lock: .lock
    }
  }

  /// The property that says it.
  private var property: String { self == .power ? "powerWatts" : "locked" }

  /// The words of a room's latest values, and how much it is: 0 to 4. Nil when nothing was reported.
  func reading(_ values: [LatestValue], _ words: Words, _ formats: Formats) -> (label: String, amount: Int)? {
    guard self != .state, let value = values.first(where: { $0.property == property })?.value else { return nil }
    if case .bool(let isLocked) = value {
      return (words(isLocked ? "board.locked" : "board.unlocked"), isLocked ? 1 : 3)
    }
    return (ValueText(value, unit: "W", formats).whole, Self.amount(watts: value))
  }

  /// Steps that tell an empty room, a fridge, an evening and a stove apart.
  private static func amount(watts value: PropertyValue) -> Int {
    let watts: Int64
    switch value {
    case .integer(let number): watts = number
    case .decimal(let mantissa, let scale): watts = (0..<max(0, scale)).reduce(mantissa) { rest, _ in rest / 10 }
    case .bool, .text: watts = 0
    }
    return [50, 200, 800, 2_000].count { watts >= $0 }
  }
}
