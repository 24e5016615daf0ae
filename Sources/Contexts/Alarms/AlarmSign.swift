package import Devices
package import Kernel

/// A device's event as this context sees it: a sign that something is wrong, or that it is over.
package struct AlarmSign: Sendable, Hashable {
  package let device: ID<Device>
  package let deviceName: String
  /// nil when the registry did not know the device.
  package let kind: DeviceKind?
  package let place: DevicePlace?
  /// The device's own labels: `8F`.
  package let labels: [String]
  package let event: String
  package let name: LocalName
  package let level: EventLevel
  /// The event that says that this one is over.
  package let clearedBy: String?
  package let deviceTime: Instant
  package let receivedAt: Instant
  package let values: [String: PropertyValue]

  package init(
    device: ID<Device>, deviceName: String, kind: DeviceKind? = nil, place: DevicePlace? = nil,
    labels: [String] = [], event: String, name: LocalName, level: EventLevel, clearedBy: String? = nil,
    deviceTime: Instant, receivedAt: Instant, values: [String: PropertyValue] = [:]
  ) {
    self.device = device
    self.deviceName = deviceName
    self.kind = kind
    self.place = place
    self.labels = labels
    self.event = event
    self.name = name
    self.level = level
    self.clearedBy = clearedBy
    self.deviceTime = deviceTime
    self.receivedAt = receivedAt
    self.values = values
  }

  /// A device that can not be reached, or can be again: a detector that is silent protects nobody (7.1.2 f).
  ///
  /// - Parameter device: nil when the organisation does not have it any more.
  init(_ change: LivenessChanged, _ device: Device?) {
    let isOffline = change.to == .offline
    // Out of service for good, it may be silent.
    let isMissed = device.map { $0.status != .decommissioned } ?? false
    self.init(
      device: change.device, deviceName: device?.name.description ?? change.device.description, kind: device?.kind,
      place: device?.place, labels: device?.labels ?? [], event: isOffline ? "platform.offline" : "platform.online",
      name: isOffline
        ? LocalName(chinese: "设备离线", english: "Device offline")
        : LocalName(chinese: "设备恢复在线", english: "Device online again"),
      level: isOffline && isMissed ? .fault : .info, clearedBy: isOffline ? "platform.online" : nil,
      deviceTime: change.at, receivedAt: change.at)
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
