package import Devices
package import Kernel

/// A device's event as this context sees it: a sign that something is wrong, or that it is over.
package struct AlarmSign: Sendable, Hashable {
  package let device: ID<Device>
  package let deviceName: String
  /// nil when the registry did not know the device.
  package let kind: DeviceKind?
  package let place: DevicePlace?
  package let event: String
  package let name: LocalName
  package let level: EventLevel
  /// The event that says that this one is over.
  package let clearedBy: String?
  package let deviceTime: Instant
  package let receivedAt: Instant
  package let values: [String: PropertyValue]

  package init(
    device: ID<Device>, deviceName: String, kind: DeviceKind? = nil, place: DevicePlace? = nil, event: String,
    name: LocalName, level: EventLevel, clearedBy: String? = nil, deviceTime: Instant, receivedAt: Instant,
    values: [String: PropertyValue] = [:]
  ) {
    self.device = device
    self.deviceName = deviceName
    self.kind = kind
    self.place = place
    self.event = event
    self.name = name
    self.level = level
    self.clearedBy = clearedBy
    self.deviceTime = deviceTime
    self.receivedAt = receivedAt
    self.values = values
  }

  /// Whether it raises an alarm; an information does not.
  package var raises: Bool { level >= .warning }

  /// What the alarm keeps of it.
  func source(placeName: String) -> AlarmSource {
    AlarmSource(
      device: device, deviceName: deviceName, kind: kind, event: event, name: name, place: place,
      placeName: placeName, clearedBy: clearedBy)
  }
}
