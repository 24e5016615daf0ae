import NIOCore

extension Connection {
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    lastRead = loop.coarseNow
    guard phase != .closing else { return }
    loop.noteRead()
    if var joined = partial {
      partial = nil
      joined.writeBuffer(&buffer)
      parse(&joined, isOwn: true)
    } else {
      parse(&buffer, isOwn: false)
    }
  }

  /// Goes on with what came while the delegate had not decided.
  func parsePartial() {
    guard var buffer = partial else { return }
    partial = nil
    parse(&buffer, isOwn: true)
    if needsServing { serve() } else { flushOut() }
  }

  /// Takes whole packets off the buffer and keeps what is left.
  ///
  /// - Parameter isOwn: the buffer is this connection's and may be kept as it is, so that a long packet in small pieces
  ///   is not copied with each of them.
  private func parse(_ buffer: inout ByteBuffer, isOwn: Bool) {
    isParsing = true
    let taken = buffer.withUnsafeReadableBytes { takePackets($0) }
    isParsing = false
    guard phase != .closing else { return }
    buffer.moveReaderIndex(forwardBy: taken)
    guard buffer.readableBytes > 0 else { return }
    if isOwn, taken == 0 {
      partial = buffer
      return
    }
    // A copy of the rest: the read buffer goes back to the channel, which holds one for all reads.
    partial = context?.channel.allocator.buffer(buffer: buffer)
  }

  private func takePackets(_ bytes: UnsafeRawBufferPointer) -> Int {
    var offset = 0
    do throws(MQTTDecodeError) {
      while offset < bytes.count, phase != .closing, phase != .deciding {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
        if phase == .new, rest[0] >> 4 != MQTTPacketType.connect.rawValue { throw .silent("first packet not CONNECT") }
        guard
          let header = try MQTTFixedHeader.read(rest, packetBytesMax: packetBytesMax),
          header.packetLength <= rest.count
        else { break }
        offset += header.packetLength
        try take(header, UnsafeRawBufferPointer(rebasing: rest[header.headerLength..<header.packetLength]))
      }
    } catch {
      fail(error)
    }
    return offset
  }

  /// The largest packet taken now, in bytes: a stranger is given less to fill.
  private var packetBytesMax: Int {
    let options = broker.options
    return phase == .new ? min(options.connectBytesMax, options.packetBytesMax) : options.packetBytesMax
  }

  private func take(_ header: MQTTFixedHeader, _ body: UnsafeRawBufferPointer) throws(MQTTDecodeError) {
    if phase == .connected, header.type == .publish { return try takePublish(body, flags: header.flags) }
    switch (phase, header.type) {
    case (.new, .connect): takeConnect(try .read(body, headerFlags: header.flags))
    case (.authenticating, .auth), (.connected, .auth):
      guard version == .v5 else { throw .silent("AUTH before version 5") }
      try takeAuth(try .read(body))
    case (.authenticating, .disconnect): leave(.disconnected(.success), telling: nil)
    case (.connected, .puback):
      if version == .v5 || body.count != 2 {
        try takePuback(try PubackPacket.read(body, version: version).packetID)
      } else {
        try takePuback(try nonZero(UInt16(body[0]) << 8 | UInt16(body[1])))
      }
    case (.connected, .pubrec):
      let packet = try PubrecPacket.read(body, version: version)
      try takePubrec(packet.packetID, reason: packet.reason)
    case (.connected, .pubrel): takePubrel(try PubrelPacket.read(body, version: version).packetID)
    case (.connected, .pubcomp): try takePubcomp(try PubcompPacket.read(body, version: version).packetID)
    case (.connected, .subscribe): takeSubscribe(try .read(body, version: version))
    case (.connected, .unsubscribe): takeUnsubscribe(try .read(body, version: version))
    case (.connected, .pingreq):
      _ = try PingreqPacket.read(body)
      send(.pingresp(PingrespPacket()))
    case (.connected, .disconnect): try takeDisconnect(try .read(body, version: version))
    case (.connected, .pingresp):
      _ = try PingrespPacket.read(body)
      throw .protocolError("packet of a server")
    default: throw .protocolError("packet not expected")
    }
  }

  private func nonZero(_ packetID: UInt16) throws(MQTTDecodeError) -> UInt16 {
    guard packetID != 0 else { throw .protocolError("packet identifier 0") }
    return packetID
  }

  private func takeDisconnect(_ packet: DisconnectPacket) throws(MQTTDecodeError) {
    let expiry = packet.properties.sessionExpiryInterval
    if let expiry, expiry > 0, !hasExpiry {
      throw .protocolError("session expiry raised from 0")
    }
    let granted = expiry.map { min($0, broker.options.sessionExpirySecondsMax) }
    leave(.disconnected(packet.reason), telling: nil, dropsWill: packet.reason == .success, expirySeconds: granted)
  }
}
