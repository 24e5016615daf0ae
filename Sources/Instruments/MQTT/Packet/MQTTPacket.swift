/// Any packet, owned. The server's publish path uses `MQTTPublishView` instead.
public enum MQTTPacket: Hashable, Sendable {
  case connect(ConnectPacket)
  case connack(ConnackPacket)
  case publish(PublishPacket)
  case puback(PubackPacket)
  case pubrec(PubrecPacket)
  case pubrel(PubrelPacket)
  case pubcomp(PubcompPacket)
  case subscribe(SubscribePacket)
  case suback(SubackPacket)
  case unsubscribe(UnsubscribePacket)
  case unsuback(UnsubackPacket)
  case pingreq(PingreqPacket)
  case pingresp(PingrespPacket)
  case disconnect(DisconnectPacket)
  case auth(AuthPacket)

  /// Which packet it is.
  public var type: MQTTPacketType {
    switch self {
    case .connect: .connect
    case .connack: .connack
    case .publish: .publish
    case .puback: .puback
    case .pubrec: .pubrec
    case .pubrel: .pubrel
    case .pubcomp: .pubcomp
    case .subscribe: .subscribe
    case .suback: .suback
    case .unsubscribe: .unsubscribe
    case .unsuback: .unsuback
    case .pingreq: .pingreq
    case .pingresp: .pingresp
    case .disconnect: .disconnect
    case .auth: .auth
    }
  }

  /// Reads one packet's body.
  ///
  /// - Parameters:
  ///   - version: what the connection speaks; CONNECT names its own.
  ///   - isFromClient: which side sent it.
  public static func decode(
    _ header: MQTTFixedHeader, body: UnsafeRawBufferPointer, version: MQTTVersion, isFromClient: Bool = false
  ) throws(MQTTDecodeError) -> MQTTPacket {
    switch header.type {
    case .connect: .connect(try .read(body, headerFlags: header.flags))
    case .connack: .connack(try .read(body, version: version))
    case .publish:
      .publish(
        PublishPacket(
          try MQTTPublishView.decode(body, flags: header.flags, version: version, isFromClient: isFromClient)))
    case .puback: .puback(try .read(body, version: version))
    case .pubrec: .pubrec(try .read(body, version: version))
    case .pubrel: .pubrel(try .read(body, version: version))
    case .pubcomp: .pubcomp(try .read(body, version: version))
    case .subscribe: .subscribe(try .read(body, version: version))
    case .suback: .suback(try .read(body, version: version))
    case .unsubscribe: .unsubscribe(try .read(body, version: version))
    case .unsuback: .unsuback(try .read(body, version: version))
    case .pingreq: .pingreq(try .read(body))
    case .pingresp: .pingresp(try .read(body))
    case .disconnect: .disconnect(try .read(body, version: version))
    case .auth:
      if version == .v5 { .auth(try .read(body)) } else { throw .protocolError("AUTH before version 5") }
    }
  }

  /// Reads the first packet of some bytes.
  ///
  /// - Returns: nil while it is not complete; else the packet and how many bytes it took.
  public static func decode(
    _ bytes: [UInt8], version: MQTTVersion, isFromClient: Bool = false, packetBytesMax: Int = 268_435_460
  ) throws(MQTTDecodeError) -> (packet: MQTTPacket, byteCount: Int)? {
    let result = bytes.withUnsafeBytes { raw -> Result<(packet: MQTTPacket, byteCount: Int)?, MQTTDecodeError> in
      Result { () throws(MQTTDecodeError) in
        guard let header = try MQTTFixedHeader.read(raw, packetBytesMax: packetBytesMax),
          raw.count >= header.packetLength
        else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: raw[header.headerLength..<header.packetLength])
        return (try decode(header, body: body, version: version, isFromClient: isFromClient), header.packetLength)
      }
    }
    return try result.get()
  }
}

extension MQTTPacket {
  /// The packet's bytes.
  public func encoded(version: MQTTVersion) -> [UInt8] {
    var bytes: [UInt8] = []
    write(to: &bytes, version: version)
    return bytes
  }

  /// Appends the packet's bytes. A CONNECT is written in its own version.
  public func write<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    var counter = ByteCounter()
    writeBody(to: &counter, version: version)
    writer.write(byte: type.rawValue << 4 | flags)
    writer.write(variable: UInt32(counter.count))
    writeBody(to: &writer, version: version)
  }

  private var flags: UInt8 {
    if case .publish(let packet) = self { packet.flags } else { type.requiredFlags ?? 0 }
  }

  private func writeBody<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    switch self {
    case .connect(let packet): packet.writeBody(to: &writer)
    case .connack(let packet): packet.writeBody(to: &writer, version: version)
    case .publish(let packet): packet.writeBody(to: &writer, version: version)
    case .puback(let packet): packet.writeBody(to: &writer, version: version)
    case .pubrec(let packet): packet.writeBody(to: &writer, version: version)
    case .pubrel(let packet): packet.writeBody(to: &writer, version: version)
    case .pubcomp(let packet): packet.writeBody(to: &writer, version: version)
    case .subscribe(let packet): packet.writeBody(to: &writer, version: version)
    case .suback(let packet): packet.writeBody(to: &writer, version: version)
    case .unsubscribe(let packet): packet.writeBody(to: &writer, version: version)
    case .unsuback(let packet): packet.writeBody(to: &writer, version: version)
    case .pingreq, .pingresp: break
    case .disconnect(let packet): packet.writeBody(to: &writer, version: version)
    case .auth(let packet): packet.writeBody(to: &writer)
    }
  }
}

extension MQTTPacket {
  /// Bytes of the packet, without writing it.
  public func encodedLength(version: MQTTVersion) -> Int {
    var counter = ByteCounter()
    write(to: &counter, version: version)
    return counter.count
  }
}
