/// AUTH (3.15, version 5 only): one step of an enhanced authentication.
public struct AuthPacket: Hashable, Sendable {
  /// Success, continue authentication or re-authenticate.
  public var reason: MQTTReasonCode
  /// Method and data are among them.
  public var properties: MQTTProperties

  public init(reason: MQTTReasonCode = .success, properties: MQTTProperties = []) {
    self.reason = reason
    self.properties = properties
  }

  static func read(_ body: UnsafeRawBufferPointer) throws(MQTTDecodeError) -> AuthPacket {
    var cursor = ByteCursor(body)
    var packet = AuthPacket()
    if !cursor.isAtEnd {
      packet.reason = MQTTReasonCode(rawValue: try cursor.readByte())
      guard MQTTReasonCode.isAuthentication(packet.reason.rawValue) else {
        throw .protocolError("reason code not of this packet")
      }
      if !cursor.isAtEnd { packet.properties = try .read(from: &cursor, place: .auth) }
    }
    guard cursor.isAtEnd else { throw .malformed("packet too long") }
    return packet
  }

  func writeBody<W: MQTTByteWriter>(to writer: inout W) {
    guard reason != .success || !properties.isEmpty else { return }
    writer.write(byte: reason.rawValue)
    if !properties.isEmpty { properties.write(to: &writer) }
  }
}
