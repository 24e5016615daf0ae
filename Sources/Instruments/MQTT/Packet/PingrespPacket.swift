/// PINGRESP (3.13): the server shows that it is there.
public struct PingrespPacket: Hashable, Sendable {
  public init() {}

  static func read(_ body: UnsafeRawBufferPointer) throws(MQTTDecodeError) -> PingrespPacket {
    guard body.isEmpty else { throw .silent("packet too long") }
    return PingrespPacket()
  }
}
