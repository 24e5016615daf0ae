public import NIOCore

extension ByteBuffer: MQTTByteWriter {
  public mutating func write(byte: UInt8) { writeInteger(byte) }
  public mutating func write(bytes: UnsafeRawBufferPointer) { writeBytes(bytes) }
}

extension Connection {
  /// What is gathered before it is given to the channel, in bytes.
  private static let flushBytes = 65_536

  /// Appends to what goes out at the end of this turn.
  func withOut(_ body: (inout ByteBuffer) -> Void) {
    if out == nil {
      guard context != nil else { return }
      out = loop.takeBuffer()
    }
    if out != nil { body(&out!) }
  }

  /// Writes what was gathered, as one buffer.
  func flushOut() {
    guard let buffer = out, let context else { return }
    out = nil
    guard buffer.readableBytes > 0 else { return loop.giveBack(buffer) }
    noteSent()
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    loop.giveBack(buffer)
  }

  /// Appends a packet. One that is larger than the client takes ends the connection, but for what carries a message:
  /// the sending machine drops those itself.
  func send(_ packet: MQTTPacket) {
    let bytes = packet.encoded(version: version)
    guard bytes.count <= packetBytesMaxSent else {
      leave(.violation(.packetTooLarge), telling: .packetTooLarge)
      return
    }
    withOut { $0.writeBytes(bytes) }
  }

  /// The session's queue has something new; from any thread.
  func wake() {
    if loop.eventLoop.inEventLoop {
      isDirty = true
      loop.markDirty(self)
    } else {
      loop.eventLoop.execute { self.serve() }
    }
  }

  /// Sends what waits, and writes it.
  func serve() {
    needsServing = false
    pump()
    flushOut()
  }

  /// Takes packets from the session's queue while the client takes them.
  func pump() {
    isDirty = false
    guard phase == .connected, let stored = session?.stored, let context else { return }
    let now = loop.now()
    while context.channel.isWritable, let send = stored.next(for: self, now: now) {
      withOut { buffer in
        switch send {
        case .publish(let publish): publish.write(to: &buffer)
        case .pubrel(let packetID): buffer.writeInteger(UInt32(0x6202_0000) | UInt32(packetID))
        }
      }
      if out?.readableBytes ?? 0 >= Self.flushBytes { flushOut() }
    }
  }
}
