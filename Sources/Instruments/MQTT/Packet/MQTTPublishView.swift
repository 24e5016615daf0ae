/// A PUBLISH in place: nothing is copied, so that taking a message in costs no allocation.
///
/// The views point into the connection's read buffer and are valid only during the call that hands them over; copy
/// what must live longer.
public struct MQTTPublishView {
  public let qos: MQTTQoS
  public let isRetained: Bool
  /// Set when the sender says that it may have sent this before.
  public let isDuplicate: Bool
  /// 0 with QoS 0.
  public let packetID: UInt16
  /// The topic name, checked; empty only where an alias stands for it (never in a delegate call).
  public internal(set) var topic: UnsafeRawBufferPointer
  /// The checked properties without their length; empty in 3.1.1.
  public let rawProperties: UnsafeRawBufferPointer
  public let payload: UnsafeRawBufferPointer
  /// 0 when there is none.
  public let topicAlias: UInt16
  /// Seconds; nil when the message does not expire.
  public let messageExpirySeconds: UInt32?

  /// The properties, decoded anew at each call.
  public var properties: MQTTProperties {
    // They were checked when the view was made, so that decoding cannot fail.
    (try? MQTTProperties.decode(rawProperties, place: .publish)) ?? MQTTProperties()
  }

  /// Reads the body of a PUBLISH.
  ///
  /// - Parameter isFromClient: then a subscription identifier is a protocol error [MQTT-3.3.4-6].
  public static func decode(
    _ body: UnsafeRawBufferPointer, flags: UInt8, version: MQTTVersion, isFromClient: Bool
  ) throws(MQTTDecodeError) -> MQTTPublishView {
    var cursor = ByteCursor(body)
    let topic = try cursor.readBinary()
    let qos = MQTTQoS(rawValue: flags >> 1 & 0b11) ?? .exactlyOnce
    var packetID: UInt16 = 0
    if qos != .atMostOnce {
      packetID = try cursor.readUInt16()
      guard packetID != 0 else { throw .protocolError("packet identifier 0") }
    }
    var raw = UnsafeRawBufferPointer(start: nil, count: 0)
    var alias: UInt16 = 0
    var expiry: UInt32?
    if version == .v5 {
      let count = Int(try cursor.readVariable())
      if count > 0 {
        raw = try cursor.readBytes(count)
        var scanner = PropertyScanner(raw, place: .publish, isFromClient: isFromClient)
        while let property = try scanner.next() {
          if property.id == .topicAlias { alias = UInt16(property.number) }
          if property.id == .messageExpiryInterval { expiry = property.number }
        }
      }
    }
    guard UTF8Check.isTopicName(topic) || (topic.isEmpty && alias != 0) else {
      throw .malformed("topic name not valid")
    }
    return MQTTPublishView(
      qos: qos, isRetained: flags & 1 == 1, isDuplicate: flags & 0b1000 != 0, packetID: packetID, topic: topic,
      rawProperties: raw, payload: cursor.readRest(), topicAlias: alias, messageExpirySeconds: expiry)
  }
}
