import MQTT
import NIOCore
import NIOPosix
import NIOSSL
import TestSupport

/// A client that sends whatever a test wants, and gives what comes back one packet at a time.
final class RawDevice: Sendable {
  enum Failure: Error, Equatable {
    /// Nothing came in time.
    case silent
    case closed
  }

  let channel: any Channel
  private let inbox: Inbox

  private init(channel: any Channel, inbox: Inbox) {
    self.channel = channel
    self.inbox = inbox
  }

  static func open(
    port: Int, tls: NIOSSLContext?, version: MQTTVersion = .v5, group: any EventLoopGroup
  ) async throws -> RawDevice {
    let (stream, continuation) = AsyncStream.makeStream(of: MQTTPacket.self)
    let channel = try await ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            let handler = try NIOSSLClientHandler(context: tls, serverHostname: "localhost")
            try channel.pipeline.syncOperations.addHandler(handler)
          }
          try channel.pipeline.syncOperations.addHandler(PacketReader(version: version, into: continuation))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    return RawDevice(channel: channel, inbox: Inbox(stream))
  }

  func send(_ packet: MQTTPacket, version: MQTTVersion = .v5) async throws {
    try await send(bytes: packet.encoded(version: version))
  }

  func send(bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
  }

  /// The next packet.
  ///
  /// - Throws: `.closed` when the connection ended, `.silent` when nothing came in time.
  func next() async throws -> MQTTPacket {
    try await Self.limited { try await self.inbox.next() }
  }

  /// Waits until the connection is closed.
  func closed() async throws {
    try await Self.limited { try await self.channel.closeFuture.get() }
  }

  func close() async { try? await channel.close().get() }

  private static func limited<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    try await withThrowingTaskGroup(of: T.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await Task.sleep(for: .seconds(Patience.seconds))
        throw Failure.silent
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw Failure.silent }
      return first
    }
  }

  // MARK: Usual exchanges

  func connect(_ clientID: String, version: MQTTVersion = .v5) async throws -> ConnackPacket {
    try await send(.connect(ConnectPacket(version: version, clientID: MQTTString(clientID))), version: version)
    guard case .connack(let connack) = try await next() else { throw Failure.closed }
    return connack
  }

  func subscribe(_ filter: String, version: MQTTVersion = .v5) async throws -> MQTTReasonCode? {
    let subscription = SubscribePacket.Entry(
      filter: MQTTString(filter), options: MQTTSubscriptionOptions(maximumQoS: .atLeastOnce))
    try await send(.subscribe(SubscribePacket(packetID: 9, entries: [subscription])), version: version)
    guard case .suback(let suback) = try await next() else { throw Failure.closed }
    return suback.reasons.first
  }

  /// Publishes with QoS 1 and waits for the acknowledgement.
  func publish(
    _ topic: String, _ payload: String, packetID: UInt16 = 1, version: MQTTVersion = .v5
  ) async throws -> MQTTReasonCode {
    let packet = PublishPacket(
      topic: MQTTString(topic), payload: Array(payload.utf8), qos: .atLeastOnce, packetID: packetID)
    try await send(.publish(packet), version: version)
    while true {
      guard case .puback(let puback) = try await next() else { continue }
      return puback.reason
    }
  }
}

extension RawDevice {
  /// Publishes bytes with QoS 1 and does not wait.
  func send(_ topic: String, _ payload: [UInt8]) async throws {
    try await send(
      .publish(PublishPacket(topic: MQTTString(topic), payload: payload, qos: .atLeastOnce, packetID: 7)))
  }

  /// The next message on a topic, acknowledged; what else comes meanwhile is passed over.
  func message(on topic: String) async throws -> [UInt8] {
    while true {
      guard case .publish(let publish) = try await next() else { continue }
      try await send(.puback(PubackPacket(packetID: publish.packetID)))
      if publish.topic == MQTTString(topic) { return publish.payload }
    }
  }
}

/// Packets in the order they came.
private actor Inbox {
  private let stream: AsyncStream<MQTTPacket>

  init(_ stream: AsyncStream<MQTTPacket>) { self.stream = stream }

  func next() async throws -> MQTTPacket {
    var iterator = stream.makeAsyncIterator()
    guard let packet = await iterator.next(isolation: self) else { throw RawDevice.Failure.closed }
    return packet
  }
}

private final class PacketReader: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let version: MQTTVersion
  private let packets: AsyncStream<MQTTPacket>.Continuation
  private var partial = ByteBuffer()

  init(version: MQTTVersion, into packets: AsyncStream<MQTTPacket>.Continuation) {
    self.version = version
    self.packets = packets
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    partial.writeBuffer(&buffer)
    let version = version
    while true {
      let read = partial.withUnsafeReadableBytes { bytes -> (MQTTPacket, Int)? in
        guard let header = try? MQTTFixedHeader.read(bytes, packetBytesMax: 1 << 20),
          header.packetLength <= bytes.count
        else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: bytes[header.headerLength..<header.packetLength])
        return (try? MQTTPacket.decode(header, body: body, version: version)).map { ($0, header.packetLength) }
      }
      guard let (packet, length) = read else { return }
      partial.moveReaderIndex(forwardBy: length)
      packets.yield(packet)
    }
  }

  func channelInactive(context: ChannelHandlerContext) { packets.finish() }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
