/// PUBLISH (3.3), owned: what a client sends, and what tests compare.
public struct PublishPacket: Hashable, Sendable {
  public var topic: MQTTString
  public var payload: [UInt8]
  public var qos: MQTTQoS
  public var isRetained: Bool
  public var isDuplicate: Bool
  /// 1...65,535 with QoS 1 and 2, else 0.
  public var packetID: UInt16
  /// Version 5 only.
  public var properties: MQTTProperties

  public init(
    topic: MQTTString, payload: [UInt8], qos: MQTTQoS = .atMostOnce, isRetained: Bool = false,
    isDuplicate: Bool = false, packetID: UInt16 = 0, properties: MQTTProperties = []
  ) {
    self.topic = topic
    self.payload = payload
    self.qos = qos
    self.isRetained = isRetained
    self.isDuplicate = isDuplicate
    self.packetID = packetID
    self.properties = properties
  }

  /// A copy of what a view shows.
  public init(_ view: MQTTPublishView) {
    self.init(
      topic: MQTTString(view.topic), payload: Array(view.payload), qos: view.qos, isRetained: view.isRetained,
      isDuplicate: view.isDuplicate, packetID: view.packetID, properties: view.properties)
  }

  var flags: UInt8 { (isDuplicate ? 8 : 0) | qos.rawValue << 1 | (isRetained ? 1 : 0) }

  func writeBody<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    writer.write(text: topic)
    if qos != .atMostOnce { writer.write(uint16: packetID) }
    if version == .v5 { properties.write(to: &writer) }
    writer.write(array: payload)
  }
}
