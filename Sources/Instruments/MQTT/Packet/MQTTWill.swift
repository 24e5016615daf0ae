/// The message that the server publishes for a client that went away without saying so (3.1.2.5).
public struct MQTTWill: Hashable, Sendable {
  public var topic: MQTTString
  public var payload: [UInt8]
  public var qos: MQTTQoS
  public var isRetained: Bool
  /// Version 5 only; the delay is among them.
  public var properties: MQTTProperties

  public init(
    topic: MQTTString, payload: [UInt8], qos: MQTTQoS = .atMostOnce, isRetained: Bool = false,
    properties: MQTTProperties = []
  ) {
    self.topic = topic
    self.payload = payload
    self.qos = qos
    self.isRetained = isRetained
    self.properties = properties
  }
}
