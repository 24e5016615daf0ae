import Logging
import MQTT
import NIOCore
import NIOSSL
import NIOTLS

/// Bytes to packets and back for one connection of a device.
final class DevicePacketHandler: ChannelInboundHandler, ChannelOutboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = Never
  typealias OutboundIn = MQTTPacket
  typealias OutboundOut = ByteBuffer

  /// The largest packet a device takes: a payload of 64 KiB and its wrapping.
  static let packetBytesMax = 80 << 10

  private let core: DeviceClientCore
  private let attempt: Int
  private let isTLS: Bool
  private let version: MQTTVersion
  private var waiting: ByteBuffer?

  init(core: DeviceClientCore, attempt: Int, isTLS: Bool, version: MQTTVersion) {
    self.core = core
    self.attempt = attempt
    self.isTLS = isTLS
    self.version = version
  }

  func channelActive(context: ChannelHandlerContext) {
    if !isTLS { core.transportUp(context.channel, attempt) }
  }

  func channelInactive(context: ChannelHandlerContext) { core.transportDown(attempt) }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent { core.transportUp(context.channel, attempt) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    core.logger.debug("a connection broke", metadata: ["link.error": "\(error)"])
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if waiting == nil { waiting = bytes } else { waiting?.writeBuffer(&bytes) }
    while true {
      switch nextPacket() {
      case .success(let packet?): core.received(packet, attempt)
      case .success(nil): return
      case .failure:
        waiting = nil
        context.close(promise: nil)
        return
      }
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let bytes = unwrapOutboundIn(data).encoded(version: version)
    context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: promise)
  }

  private func nextPacket() -> Result<MQTTPacket?, MQTTDecodeError> {
    guard var buffer = waiting else { return .success(nil) }
    let version = version
    let result = buffer.withUnsafeReadableBytes { raw -> Result<(MQTTPacket, Int)?, MQTTDecodeError> in
      Result { () throws(MQTTDecodeError) in
        guard let header = try MQTTFixedHeader.read(raw, packetBytesMax: Self.packetBytesMax),
          raw.count >= header.packetLength
        else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: raw[header.headerLength..<header.packetLength])
        return (try MQTTPacket.decode(header, body: body, version: version), header.packetLength)
      }
    }
    switch result {
    case .success(let (packet, count)?):
      buffer.moveReaderIndex(forwardBy: count)
      waiting = buffer.readableBytes == 0 ? nil : buffer
      return .success(packet)
    case .success(nil): return .success(nil)
    case .failure(let error): return .failure(error)
    }
  }
}
