import Devices
import KeyLadder
import Kernel
import MQTT

extension DeviceGateway {
  /// A message of an agreement: handed to the desk, answered when it has concluded.
  func takeKey(
    _ payload: UnsafeRawBufferPointer, _ target: DeviceConnection.Target, _ connection: DeviceConnection
  ) -> MQTTPublishAnswer {
    guard let keys else { return .refused(.implementationSpecificError) }
    let name = target.subDevice ?? connection.entry.name
    let session = connection.session
    let topic = MQTTString(
      DeviceTopic.down("key", to: name, through: target.subDevice == nil ? nil : connection.entry.name))
    let isTaken = keys.take(Array(payload), from: target.device, name, over: connection) { reply in
      session.publish(topic: topic, payload: reply, qos: .atLeastOnce)
    }
    return isTaken ? .accepted : .refused(.quotaExceeded)
  }

  /// A message as it goes down: what is sensitive goes protected to a device that has agreed keys.
  ///
  /// - Returns: the topic's last word and the payload; nil when it must wait for an agreement.
  func wrapped(_ message: DownMessage, for device: DeviceNumber) -> (channel: String, payload: [UInt8])? {
    guard message.isSensitive, let keys else { return (message.channel.rawValue, message.payload) }
    if let protected = keys.protect(message.payload, for: device, channel: message.channel.rawValue) {
      return ("protected", protected)
    }
    return options.requiresProtection ? nil : (message.channel.rawValue, message.payload)
  }
}
