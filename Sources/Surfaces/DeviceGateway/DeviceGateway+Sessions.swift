package import Devices
package import Kernel
import Logging
import MQTT

extension DeviceGateway: DeviceSessions {
  /// The device's own connection, or that of the gateway that brings it.
  private func connection(_ device: DeviceNumber) -> DeviceConnection? {
    registry.connection(devices.directory[device]?.gateway ?? device)
  }

  package func connectedSince(_ device: DeviceNumber) -> Instant? {
    registry.listensSince(devices.directory[device]?.gateway ?? device)
  }

  package func connectedDevices() -> [DeviceNumber] {
    let directory = devices.directory.snapshot()
    return registry.listening().flatMap { [$0] + directory.subDevices(of: $0) }
  }

  package func deliver(_ message: DownMessage, to device: DeviceNumber) -> Bool {
    guard let entry = devices.directory[device], let connection = connection(device),
      connection.session.queuedCount < options.downMessagesMax
    else { return false }
    let gateway = entry.gateway == nil ? nil : connection.entry.name
    guard let (channel, payload) = wrapped(message, for: device, entry) else { return false }
    let topic = DeviceTopic.down(channel, to: entry.name, through: gateway)
    return connection.session.publish(topic: MQTTString(topic), payload: payload, qos: .atLeastOnce)
  }

  /// A sub-device has no connection of its own: its gateway's stays, and what is published for it is refused from now
  /// on.
  package func end(_ device: DeviceNumber, because reason: SessionEnd) {
    guard let connection = registry.connection(device) else { return }
    logger.notice(
      "session ended by the platform", metadata: ["device.number": "\(device.value)", "reason": "\(reason.rawValue)"])
    let code: MQTTReasonCode =
      switch reason {
      case .certificateRevoked, .certificateExpired, .decommissioned: .notAuthorized
      case .takenOver: .sessionTakenOver
      case .transferred, .administrative: .administrativeAction
      }
    connection.session.close(code)
  }
}
