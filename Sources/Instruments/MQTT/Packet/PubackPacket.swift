/// PUBACK (3.4): a QoS 1 message was taken.
public struct PubackPacket: Hashable, Sendable {
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

  static func read(_ body: UnsafeRawBufferPointer, version: MQTTVersion) throws(MQTTDecodeError) -> PubackPacket {
    let read = try AcknowledgementBody.read(body, version: version, isAllowed: MQTTReasonCode.isPublishAnswer)
    return PubackPacket(packetID: read.packetID, reason: read.reason, properties: read.properties)
  }

  func writeBody<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    AcknowledgementBody(packetID: packetID, reason: reason, properties: properties).write(to: &writer, version: version)
  }
}
