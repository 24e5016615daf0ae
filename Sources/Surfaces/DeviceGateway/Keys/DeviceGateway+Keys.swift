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
    let isTaken = keys.take(Array(payload), from: target.device, name.description, over: connection) { reply in
      session.publish(topic: topic, payload: reply, qos: .atLeastOnce)
    } agreed: { [links = devices.links] in
      links.connected(target.device)
    }
    return isTaken ? .accepted : .refused(.quotaExceeded)
  }

  /// A reply that is protected: opened, then taken as any other.
  func takeProtected(
    _ publish: MQTTPublishView, _ target: DeviceConnection.Target, _ connection: DeviceConnection
  ) -> MQTTPublishAnswer {
    guard let keys else { return .refused(.implementationSpecificError) }
    switch keys.open(
      Array(publish.payload), from: target.device, over: connection, channel: UpChannel.reply.name)
    {
    case .plain(let opened):
      opened.withUnsafeBytes { connection.loop.take(publish, opened: $0, of: target.device, .reply, from: connection) }
      return .later
    case .again:
      // Version 5 keeps the message and comes again; 3.1.1 must not be told that it was taken.
      if connection.session.version != .v5 { connection.session.close(.quotaExceeded) }
      return .refused(.quotaExceeded)
    case .refused:
      forbid(connection.session, "protected")
      return .refused(.notAuthorized)
    }
  }

  /// A message as it goes down: what is sensitive goes protected to a device that has agreed keys.
  ///
  /// A device that has a key gets it in no other way; one without gets it inside TLS, unless its thing model or the
  /// option wants protection.
  /// - Returns: the topic's last word and the payload; nil when it must wait for an agreement.
  func wrapped(
    _ message: DownMessage, for device: DeviceNumber, _ entry: DeviceDirectory.Entry
  ) -> (channel: String, payload: [UInt8])? {
    guard message.isSensitive else { return (message.channel.rawValue, message.payload) }
    if let protected = keys?.protect(message.payload, for: device, channel: message.channel.rawValue) {
      return ("protected", protected)
    }
    let mustWait = options.requiresProtection || entry.model.model.requiresProtection
      || keys?.isKeyed(entry.name) == true
    return mustWait ? nil : (message.channel.rawValue, message.payload)
  }
}
