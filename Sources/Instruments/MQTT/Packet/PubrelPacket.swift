/// PUBREL (3.6): the sender of a QoS 2 message forgets it.
public struct PubrelPacket: Hashable, Sendable {
  /// 1...65,535.
  public var packetID: UInt16
  /// Version 5 only; success in 3.1.1.
  public var reason: MQTTReasonCode
  /// Version 5 only.
  public var properties: MQTTProperties

  public init(packetID: UInt16, reason: MQTTReasonCode = .success, properties: MQTTProperties = []) {
    self.packetID = packetID
    self.reason = reason
    self.properties = properties
  }

  static func read(_ body: UnsafeRawBufferPointer, version: MQTTVersion) throws(MQTTDecodeError) -> PubrelPacket {
    let read = try AcknowledgementBody.read(body, version: version, isAllowed: MQTTReasonCode.isReleaseAnswer)
    return PubrelPacket(packetID: read.packetID, reason: read.reason, properties: read.properties)
  }

  func writeBody<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    AcknowledgementBody(packetID: packetID, reason: reason, properties: properties).write(to: &writer, version: version)
  }
}
