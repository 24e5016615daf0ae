package import Devices
package import Kernel

/// A device's event as this context sees it: a sign that something is wrong, or that it is over.
package struct AlarmSign: Sendable, Hashable {
  package let device: ID<Device>
  package let deviceName: String
  package let event: String
  package let name: LocalName
  package let level: EventLevel
  package let deviceTime: Instant
  package let receivedAt: Instant
  package let values: [String: PropertyValue]

  package init(
    device: ID<Device>, deviceName: String, event: String, name: LocalName, level: EventLevel, deviceTime: Instant,
    receivedAt: Instant, values: [String: PropertyValue]
  ) {
    self.device = device
    self.deviceName = deviceName
    self.event = event
    self.name = name
    self.level = level
    self.deviceTime = deviceTime
    self.receivedAt = receivedAt
    self.values = values
  }

  /// Whether it raises an alarm; an information does not.
  package var raises: Bool { level >= .warning }
}
