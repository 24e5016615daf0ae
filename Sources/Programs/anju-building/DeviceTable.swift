import Foundation

/// What `list` shows of the control port's answer.
struct DeviceTable: Decodable {
  let devices: [Row]

  struct Row: Decodable {
    let name: String
    let power: Bool
    let online: Bool
    let boot: Int
    let messagesWaiting: Int
    let values: [String: Value]

    /// One line: name, state, start, messages waiting, values by name.
    var line: String {
      let state = power ? (online ? "online" : "offline") : "no power"
      let shown = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }.joined(separator: " ")
      return Self.column(name, 9) + Self.column(state, 9) + Self.column("boot \(boot)", 9)
        + Self.column("\(messagesWaiting) waiting", 12) + shown
    }

    private static func column(_ text: String, _ width: Int) -> String {
      text.padding(toLength: max(width, text.count + 1), withPad: " ", startingAt: 0)
    }
  }

  /// A scalar, as text.
  struct Value: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let bool = try? container.decode(Bool.self) {
        text = bool ? "yes" : "no"
      } else if let number = try? container.decode(Decimal.self) {
        text = "\(number)"
      } else {
        text = try container.decode(String.self)
      }
    }
  }
}
