/// The fifteen packet types; the raw value is the high half of the first byte (2.1.2).
public enum MQTTPacketType: UInt8, Sendable, CaseIterable {
  case connect = 1, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback
  case pingreq, pingresp, disconnect, auth

  /// The flags that the type must carry; nil for PUBLISH, whose flags mean something (2.1.3).
  var requiredFlags: UInt8? {
    switch self {
    case .publish: nil
    case .pubrel, .subscribe, .unsubscribe: 0b0010
    default: 0
    }
  }
}

/// The fixed header of a packet (2.1).
public struct MQTTFixedHeader: Equatable, Sendable {
  /// Which packet.
  public let type: MQTTPacketType
  /// The low half of the first byte.
  public let flags: UInt8
  /// Bytes of the fixed header, 2...5.
  public let headerLength: Int
  /// Bytes after it, 0...268,435,455.
  public let remainingLength: Int

  /// Bytes of the whole packet.
  public var packetLength: Int { headerLength + remainingLength }

  /// Reads a fixed header from the beginning of a stream.
  ///
  /// - Parameters:
  ///   - packetBytesMax: a longer packet is refused with 0x95 as soon as its length is known.
  /// - Returns: nil while the header is not complete.
  /// - Throws: unknown type (0x82), wrong flags, a length of more than four bytes, a packet too large.
  public static func read(
    _ bytes: UnsafeRawBufferPointer, packetBytesMax: Int
  ) throws(MQTTDecodeError) -> MQTTFixedHeader? {
    guard let first = bytes.first else { return nil }
    guard let type = MQTTPacketType(rawValue: first >> 4) else { throw .protocolError("packet type 0") }
    var length = 0
    for index in 1...4 {
      guard index < bytes.count else { return nil }
      length |= Int(bytes[index] & 0x7F) << (7 * (index - 1))
      if bytes[index] & 0x80 == 0 {
        let flags = first & 0x0F
        try check(type: type, flags: flags)
        let header = MQTTFixedHeader(type: type, flags: flags, headerLength: index + 1, remainingLength: length)
        guard header.packetLength <= packetBytesMax else { throw .init(.packetTooLarge, "packet too large") }
        return header
      }
    }
    throw .silent("remaining length of more than four bytes")
  }

  /// Flags that are not the required ones make the packet malformed [MQTT-2.1.3-1]: 0x81, which the standard demands by
  /// name for DISCONNECT [MQTT-3.14.1-1]. For PUBREL, DISCONNECT, AUTH and CONNACK the published suites want 0x82.
  private static func check(type: MQTTPacketType, flags: UInt8) throws(MQTTDecodeError) {
    guard let required = type.requiredFlags else {
      guard flags & 0b0110 != 0b0110 else { throw .malformed("QoS 3") }
      guard flags & 0b1110 != 0b1000 else { throw .malformed("DUP with QoS 0") }
      return
    }
    guard flags != required else { return }
    switch type {
    case .pubrel, .disconnect, .auth, .connack:
      throw .init(.malformedPacket, "fixed header flags", suiteReason: .protocolError)
    // Which version it is of, and so which rule holds, stands in its body.
    case .connect: return
    default: throw .malformed("fixed header flags")
    }
  }
}
