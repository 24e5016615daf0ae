/// SUBACK (3.9): the outcome of each filter, in the order of SUBSCRIBE.
public struct SubackPacket: Hashable, Sendable {
  public var packetID: UInt16
  /// Granted QoS or failure; 3.1.1 knows 0, 1, 2 and 0x80 only.
  public var reasons: [MQTTReasonCode]
  /// Version 5 only.
  public var properties: MQTTProperties

  public init(packetID: UInt16, reasons: [MQTTReasonCode], properties: MQTTProperties = []) {
    self.packetID = packetID
    self.reasons = reasons
    self.properties = properties
  }

  static func read(_ body: UnsafeRawBufferPointer, version: MQTTVersion) throws(MQTTDecodeError) -> SubackPacket {
    var cursor = ByteCursor(body)
    let packetID = try cursor.readUInt16()
    guard packetID != 0 else { throw .protocolError("packet identifier 0") }
    let properties = version == .v5 ? try MQTTProperties.read(from: &cursor, place: .subscribeAnswer) : []
    let reasons = cursor.readRest().map { MQTTReasonCode(rawValue: $0) }
    guard !reasons.isEmpty else { throw .malformed("packet ends early") }
    guard version == .v5 || reasons.allSatisfy({ $0.rawValue <= 2 || $0.rawValue == 0x80 }) else {
      throw .malformed("reserved return code")
    }
    return SubackPacket(packetID: packetID, reasons: reasons, properties: properties)
  }

  func writeBody<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    writer.write(uint16: packetID)
    if version == .v5 { properties.write(to: &writer) }
    for reason in reasons {
      writer.write(byte: version == .v5 || reason.rawValue <= 2 ? reason.rawValue : 0x80)
    }
  }
}
