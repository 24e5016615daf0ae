package import Kernel

/// What the platform keeps of a device's key: enough to make it again in the key service, never the key.
///
/// - Source: clause 9.4 d.
package struct DeviceKeyRecord: Sendable, Hashable {
  /// What a key is good for.
  package enum State: String, Sendable, Hashable, CaseIterable {
    /// The key service has been asked; the answer has not been kept yet.
    case pending
    /// Given to the station.
    case issued
    /// The device has shown that it has the same key.
    case confirmed
    /// It may have leaked: nothing is agreed with it any more; the device needs a new one.
    case compromised
    /// Another key took its place, or the device is gone.
    case retired
  }

  package let id: ID<DeviceKeyRecord>
  package let organisation: ID<Organisation>
  /// The device's name, as its certificate says.
  package let device: String
  /// The secure element's id; nil without one.
  package let element: [UInt8]?
  package let lot: ID<ProvisioningLot>
  /// 32 bytes that the element, or for a file the platform, made.
  package let random: [UInt8]
  /// Which root key; nil while pending.
  package let rootVersion: UInt32?
  /// 8 bytes that tell whether two sides have the same key; nil while pending.
  package let checkValue: [UInt8]?
  /// What the device signs with: a point, 65 bytes; empty for a device of a batch file until it has said.
  package let verifyingKey: [UInt8]
  package let state: State
  package let provisionedAt: Instant
  /// When it was withdrawn, and why a person said so; nil while it is not, and for one withdrawn before this was kept.
  package let withdrawal: Withdrawal?

  /// When and why its use ended.
  package struct Withdrawal: Sendable, Hashable {
    package let at: Instant
    package let reason: String
  }

  /// Whether sessions may be agreed with it.
  package var isUsable: Bool { state == .issued || state == .confirmed }
}
