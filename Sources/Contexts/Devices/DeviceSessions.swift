package import Kernel

/// Whoever holds the devices' connections in this process, as the registry, the twin and the commands need it.
package protocol DeviceSessions: AnyObject, Sendable {
  /// Since when the device, or the gateway that brings it, is connected to this process; nil when it is not.
  func connectedSince(_ device: DeviceNumber) -> Instant?
  /// The devices that are connected to this process, those behind gateways too.
  func connectedDevices() -> [DeviceNumber]
  /// Hands a message to the device's connection; the message is on its way, not received.
  ///
  /// - Returns: false when the device is not connected here or its queue is full; try again when it connects.
  func deliver(_ message: DownMessage, to device: DeviceNumber) -> Bool
  /// Ends the device's connection, and nothing when it has none.
  func end(_ device: DeviceNumber, because reason: SessionEnd)
}

/// What goes down to a device, ready to send.
package struct DownMessage: Sendable, Hashable {
  /// What is sent down to a device.
  package enum Channel: String, Sendable, Hashable, CaseIterable {
    case command
    case desired
    case resend
  }

  package let channel: Channel
  /// JSON; the gateway sends it as it is.
  package let payload: [UInt8]
  /// Opens a door, a valve, or carries a credential: protected inside TLS as well (9.4 e).
  package let isSensitive: Bool

  package init(channel: Channel, payload: [UInt8], isSensitive: Bool = false) {
    self.channel = channel
    self.payload = payload
    self.isSensitive = isSensitive
  }
}

/// Why the platform ends a device's connection.
package enum SessionEnd: String, Sendable, Hashable, Codable {
  case certificateRevoked
  case certificateExpired
  case decommissioned
  case transferred
  /// The same device connected again.
  case takenOver
  case administrative
}

/// What a connection's life tells the registry.
package enum ConnectionChange: Sendable, Hashable {
  case connected(DeviceNumber, at: Instant)
  case disconnected(DeviceNumber, at: Instant)
}
