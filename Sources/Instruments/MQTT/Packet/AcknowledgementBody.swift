/// What PUBACK, PUBREC, PUBREL and PUBCOMP have in common: packet identifier, reason code, properties (3.4 to 3.7).
struct AcknowledgementBody: Hashable, Sendable {
  var packetID: UInt16
  var reason: MQTTReasonCode
  var properties: MQTTProperties

  /// Reads the body; in 3.1.1 it is the packet identifier alone.
  static func read(
    _ body: UnsafeRawBufferPointer, version: MQTTVersion, isAllowed: (UInt8) -> Bool
  ) throws(MQTTDecodeError) -> AcknowledgementBody {
    var cursor = ByteCursor(body)
    let packetID = try cursor.readUInt16()
    guard packetID != 0 else { throw .protocolError("packet identifier 0") }
    var reason = MQTTReasonCode.success
    var properties = MQTTProperties()
    if version == .v5, !cursor.isAtEnd {
      reason = MQTTReasonCode(rawValue: try cursor.readByte())
      guard isAllowed(reason.rawValue) else { throw .protocolError("reason code not of this packet") }
      if !cursor.isAtEnd { properties = try .read(from: &cursor, place: .publishAnswer) }
    }
    guard cursor.isAtEnd else { throw .malformed("packet too long") }
    return AcknowledgementBody(packetID: packetID, reason: reason, properties: properties)
  }

  /// Writes the shortest form: without properties when there are none, without reason code when it is 0 too.
  func write<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    writer.write(uint16: packetID)
    guard version == .v5, reason != .success || !properties.isEmpty else { return }
    writer.write(byte: reason.rawValue)
    if !properties.isEmpty { properties.write(to: &writer) }
  }
}
