package import DurableLog

/// What a device tells by the last part of its topic (docs/device-protocol.md).
package enum UpChannel: UInt8, Sendable, Hashable, CaseIterable {
  case telemetry = 1
  case event = 2
  case hello = 3
  case reported = 4
  case reply = 5

  /// Property values may wait for company; everything a person or a command waits for may not.
  package var lane: DurableLog.Lane { self == .telemetry ? .bulk : .urgent }

  /// The topic's last part, and what pages show.
  package var name: String {
    switch self {
    case .telemetry: "telemetry"
    case .event: "event"
    case .hello: "hello"
    case .reported: "reported"
    case .reply: "reply"
    }
  }
}
