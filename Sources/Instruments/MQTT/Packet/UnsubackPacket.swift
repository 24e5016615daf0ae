/// UNSUBACK (3.11): in 5 the outcome of each filter, in the order of UNSUBSCRIBE.
public struct UnsubackPacket: Hashable, Sendable {
  public var packetID: UInt16
  /// Empty in 3.1.1.
  public var reasons: [MQTTReasonCode]
  /// Version 5 only.
  public var properties: MQTTProperties

  public init(packetID: UInt16, reasons: [MQTTReasonCode], properties: MQTTProperties = []) {
    self.packetID = packetID
    self.reasons = reasons
    self.properties = properties
  }

  static func read(_ body: UnsafeRawBufferPointer, version: MQTTVersion) throws(MQTTDecodeError) -> UnsubackPacket {
    var cursor = ByteCursor(body)
    let packetID = try cursor.readUInt16()
    guard packetID != 0 else { throw .protocolError("packet identifier 0") }
    let properties = version == .v5 ? try MQTTProperties.read(from: &cursor, place: .subscribeAnswer) : []
    let reasons = cursor.readRest().map { MQTTReasonCode(rawValue: $0) }
    guard reasons.isEmpty == (version != .v5) else { throw .malformed("reason codes") }
    return UnsubackPacket(packetID: packetID, reasons: reasons, properties: properties)
  }

  func writeBody<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    writer.write(uint16: packetID)
    guard version == .v5 else { return }
    properties.write(to: &writer)
    for reason in reasons { writer.write(byte: reason.rawValue) }
  }
}
