package import DurableLog

/// What became of one message at the door. Either way it is in the batch and is acknowledged after its commit: a
/// message that is refused has left a record of why.
package struct Acceptance: Sendable, Hashable {
  /// Which of the batch's two commits to wait for.
  package let lane: DurableLog.Lane
  /// Why the message can never be taken; MQTT 5 tells the device so (0x99, 0x95) in its acknowledgement.
  package let refusal: Refusal?

  /// Why a message can never be taken.
  package enum Refusal: String, Sendable, Hashable, CaseIterable {
    /// Neither JSON nor CBOR, or not an object.
    case unreadable = "message.unreadable"
    /// A key of the envelope is missing or of the wrong type, or the channel does not fit.
    case envelope = "message.envelope"
    /// More than `TelemetryIntake.payloadBytesMax`.
    case tooLarge = "message.large"
    /// The directory does not know the device, or it was decommissioned.
    case unknownDevice = "device.unknown"

    /// Its place among all: what the log holds. New ones go last.
    var place: UInt8 {
      switch self {
      case .unreadable: 0
      case .envelope: 1
      case .tooLarge: 2
      case .unknownDevice: 3
      }
    }

    /// What the log holds at the head of a refused message; nil for a number nobody gave.
    init?(place: UInt8) {
      guard let refusal = Self.allCases.first(where: { $0.place == place }) else { return nil }
      self = refusal
    }
  }

  package init(lane: DurableLog.Lane, refusal: Refusal? = nil) {
    self.lane = lane
    self.refusal = refusal
  }
}
