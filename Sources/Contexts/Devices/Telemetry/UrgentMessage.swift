package import Kernel

/// A message of the urgent lane, in the order of commits: what a device said that someone waits for.
package struct UrgentMessage: Sendable, Hashable {
  package let device: DeviceNumber
  /// `event`, `hello`, `reported` or `reply`.
  package let channel: UpChannel
  /// Which start of the device sent it.
  package let boot: Int64
  /// The message's number within that start.
  package let sequence: Int64
  /// By the device's clock; when it received nothing sensible, the time of receipt.
  package let deviceTime: Instant
  package let receivedAt: Instant
  /// JSON or CBOR as it came, checked to be one of the two and an object: `WireValue(parsing:)` reads it.
  package let payload: [UInt8]

  package init(
    device: DeviceNumber, channel: UpChannel, boot: Int64, sequence: Int64, deviceTime: Instant, receivedAt: Instant,
    payload: [UInt8]
  ) {
    self.device = device
    self.channel = channel
    self.boot = boot
    self.sequence = sequence
    self.deviceTime = deviceTime
    self.receivedAt = receivedAt
    self.payload = payload
  }
}
