/// DISCONNECT (3.14): the last packet of a connection; in 3.1.1 only a client sends it.
public struct DisconnectPacket: Hashable, Sendable {
  /// Version 5 only.
  public var reason: MQTTReasonCode
  /// Version 5 only.
  public var properties: MQTTProperties

  public init(reason: MQTTReasonCode = .success, properties: MQTTProperties = []) {
    self.reason = reason
    self.properties = properties
  }

  static func read(_ body: UnsafeRawBufferPointer, version: MQTTVersion) throws(MQTTDecodeError) -> DisconnectPacket {
    var cursor = ByteCursor(body)
    var packet = DisconnectPacket()
    if version == .v5, !cursor.isAtEnd {
      packet.reason = MQTTReasonCode(rawValue: try cursor.readByte())
      if !cursor.isAtEnd { packet.properties = try .read(from: &cursor, place: .disconnect) }
    }
    guard cursor.isAtEnd else { throw .malformed("packet too long") }
    return packet
  }

  func writeBody<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    guard version == .v5, reason != .success || !properties.isEmpty else { return }
    writer.write(byte: reason.rawValue)
    if !properties.isEmpty { properties.write(to: &writer) }
  }
}
