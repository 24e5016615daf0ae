/// PINGREQ (3.12): a client shows that it is there.
public struct PingreqPacket: Hashable, Sendable {
  public init() {}

  static func read(_ body: UnsafeRawBufferPointer) throws(MQTTDecodeError) -> PingreqPacket {
    guard body.isEmpty else { throw .silent("packet too long") }
    return PingreqPacket()
  }
}
