/// A PUBLISH as it goes to one client: the shared message and what is this client's own.
struct OutboundPublish {
  let delivery: Delivery
  let version: MQTTVersion
  /// Milliseconds of the server's clock, from which the expiry left is told [MQTT-3.3.2-6].
  let now: UInt64
  var packetID: UInt16 = 0
  var isDuplicate = false
  /// 0: none.
  var topicAlias: UInt16 = 0
  /// The client knows the alias already.
  var omitsTopic = false

  init(delivery: Delivery, version: MQTTVersion, now: UInt64) {
    self.delivery = delivery
    self.version = version
    self.now = now
  }

  private var propertiesLength: Int {
    var length = delivery.message.passedProperties.count
    if delivery.message.expiresAt != nil { length += 5 }
    for id in delivery.subscriptionIDs { length += 1 + variableLength(Int(id)) }
    if topicAlias != 0 { length += 3 }
    return length
  }

  private var remainingLength: Int {
    var length = 2 + (omitsTopic ? 0 : delivery.message.topic.utf8.count) + delivery.message.payload.count
    if delivery.qos != .atMostOnce { length += 2 }
    if version == .v5 {
      let properties = propertiesLength
      length += variableLength(properties) + properties
    }
    return length
  }

  /// Bytes of the whole packet.
  var packetLength: Int {
    let remaining = remainingLength
    return 1 + variableLength(remaining) + remaining
  }

  /// Appends the packet.
  func write<W: MQTTByteWriter>(to writer: inout W) {
    let message = delivery.message
    let flags = (isDuplicate ? 8 : 0) | delivery.qos.rawValue << 1 | (delivery.isRetained ? 1 : 0)
    writer.write(byte: MQTTPacketType.publish.rawValue << 4 | flags)
    writer.write(variable: UInt32(remainingLength))
    writer.write(binary: omitsTopic ? [] : message.topic.utf8)
    if delivery.qos != .atMostOnce { writer.write(uint16: packetID) }
    if version == .v5 {
      writer.write(variable: UInt32(propertiesLength))
      if let seconds = message.secondsLeft(now) { writer.put(.messageExpiryInterval, four: seconds) }
      writer.write(array: message.passedProperties)
      for id in delivery.subscriptionIDs {
        writer.write(byte: PropertyID.subscriptionIdentifier.rawValue)
        writer.write(variable: id)
      }
      if topicAlias != 0 { writer.put(.topicAlias, two: topicAlias) }
    }
    writer.write(array: message.payload)
  }
}
