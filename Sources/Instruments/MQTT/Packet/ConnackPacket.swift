/// CONNACK (3.2): the server's answer to CONNECT.
public struct ConnackPacket: Hashable, Sendable {
  /// Whether the server kept a session of this client.
  public var isSessionPresent: Bool
  /// In 3.1.1 the raw value is the return code of 3.2.2.3.
  public var reason: MQTTReasonCode
  /// Version 5 only.
  public var properties: MQTTProperties

  public init(isSessionPresent: Bool, reason: MQTTReasonCode = .success, properties: MQTTProperties = []) {
    self.isSessionPresent = isSessionPresent
    self.reason = reason
    self.properties = properties
  }

  static func read(_ body: UnsafeRawBufferPointer, version: MQTTVersion) throws(MQTTDecodeError) -> ConnackPacket {
    var cursor = ByteCursor(body)
    let flags = try cursor.readByte()
    guard flags <= 1 else { throw .malformed("reserved connack flag") }
    let reason = MQTTReasonCode(rawValue: try cursor.readByte())
    let properties = version == .v5 ? try MQTTProperties.read(from: &cursor, place: .connack) : []
    guard cursor.isAtEnd else { throw .malformed("packet too long") }
    return ConnackPacket(isSessionPresent: flags == 1, reason: reason, properties: properties)
  }

  func writeBody<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    writer.write(byte: isSessionPresent ? 1 : 0)
    writer.write(byte: reason.rawValue)
    if version == .v5 { properties.write(to: &writer) }
  }
}
