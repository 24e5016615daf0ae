import MQTT
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A client that sends exactly the packets or bytes a test says, and gives what comes back one packet at a time.
final class RawClient: Sendable {
  /// What a test waits for did not come in time.
  struct TimedOut: Error {}
  /// The connection was closed while a packet was awaited.
  struct Closed: Error {}

  private final class Inbox: Sendable {
    private struct State {
      var bytes: [UInt8] = []
      var isClosed = false
      var waiter: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())

    func append(_ more: [UInt8], closes: Bool = false) {
      let waiter = state.withLock { state in
        state.bytes += more
        if closes { state.isClosed = true }
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume()
    }

    /// The next whole packet, nil when there is none, and how many bytes wait behind it. All in one look: what comes
    /// between two would be missed by whoever waits for more.
    func take(_ version: MQTTVersion) throws -> (packet: MQTTPacket?, byteCount: Int, isClosed: Bool) {
      try state.withLock { state in
        guard let (packet, count) = try MQTTPacket.decode(state.bytes, version: version) else {
          return (nil, state.bytes.count, state.isClosed)
        }
        state.bytes.removeFirst(count)
        return (packet, state.bytes.count, state.isClosed)
      }
    }

    func wait(isDone: @escaping @Sendable ([UInt8], Bool) -> Bool) async {
      while !state.withLock({ isDone($0.bytes, $0.isClosed) }) {
        await withCheckedContinuation { continuation in
          let isReady = state.withLock { state in
            if isDone(state.bytes, state.isClosed) { return true }
            state.waiter = continuation
            return false
          }
          if isReady { continuation.resume() }
        }
      }
    }

    func wake() {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume()
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let inbox: Inbox

    init(_ inbox: Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      inbox.append(Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { inbox.append([], closes: true) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }

  let version: MQTTVersion
  private let channel: any Channel
  private let inbox: Inbox
  private init(version: MQTTVersion, channel: any Channel, inbox: Inbox) {
    self.version = version
    self.channel = channel
    self.inbox = inbox
  }

  /// Opens a connection without saying anything.
  static func open(
    _ port: Int, version: MQTTVersion = .v5, prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in }
  ) async throws -> RawClient {
    let inbox = Inbox()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try prepare(channel)
          try channel.pipeline.syncOperations.addHandler(Handler(inbox))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    return RawClient(version: version, channel: channel, inbox: inbox)
  }

  /// Opens a connection, sends CONNECT and takes CONNACK.
  static func connect(
    _ port: Int, _ clientID: MQTTString, version: MQTTVersion = .v5, isClean: Bool = true, keepAlive: UInt16 = 0,
    properties: MQTTProperties = [], will: MQTTWill? = nil,
    prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in }
  ) async throws -> (RawClient, ConnackPacket) {
    let client = try await open(port, version: version, prepare: prepare)
    try await client.send(
      .connect(
        ConnectPacket(
          version: version, clientID: clientID, isClean: isClean, keepAliveSeconds: keepAlive, will: will,
          properties: properties)))
    guard case .connack(let connack) = try await client.next() else { throw Closed() }
    return (client, connack)
  }

  func send(_ packets: MQTTPacket...) async throws {
    try await send(bytes: packets.flatMap { $0.encoded(version: version) })
  }

  func send(bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
  }

  /// The next packet.
  func next() async throws -> MQTTPacket {
    let version = version
    let inbox = inbox
    let deadline = Patience.limit
    let alarm = channel.eventLoop.scheduleTask(in: .seconds(Int64(Patience.seconds))) { inbox.wake() }
    defer { alarm.cancel() }
    while true {
      let (packet, known, isClosed) = try inbox.take(version)
      if let packet { return packet }
      if isClosed { throw Closed() }
      guard ContinuousClock.now < deadline else { throw TimedOut() }
      await inbox.wait { bytes, isClosed in isClosed || bytes.count != known || ContinuousClock.now >= deadline }
    }
  }

  /// Waits until the server has closed; packets that came before are thrown away.
  func closed() async throws {
    let inbox = inbox
    let deadline = Patience.limit
    let alarm = channel.eventLoop.scheduleTask(in: .seconds(Int64(Patience.seconds))) { inbox.wake() }
    defer { alarm.cancel() }
    await inbox.wait { _, isClosed in isClosed || ContinuousClock.now >= deadline }
    guard inbox.isClosed else { throw TimedOut() }
  }

  /// Shows that nothing else was on its way: PINGREQ is answered by PINGRESP and by nothing before it. Twice, for what
  /// was sent just before may be read together with the first one, and its message goes out after that one's answer.
  func nothingWaits() async throws -> Bool {
    for _ in 1...2 {
      try await send(.pingreq(PingreqPacket()))
      guard try await next() == .pingresp(PingrespPacket()) else { return false }
    }
    return true
  }

  func subscribe(
    _ filter: MQTTString, _ qos: MQTTQoS = .exactlyOnce, properties: MQTTProperties = [],
    change: (inout MQTTSubscriptionOptions) -> Void = { _ in }
  ) async throws -> MQTTReasonCode {
    var options = MQTTSubscriptionOptions(maximumQoS: qos)
    change(&options)
    let entry = SubscribePacket.Entry(filter: filter, options: options)
    try await send(.subscribe(SubscribePacket(packetID: 1, entries: [entry], properties: properties)))
    guard case .suback(let suback) = try await next() else { throw Closed() }
    return suback.reasons[0]
  }

  /// The next packet, which must be a PUBLISH.
  func message() async throws -> PublishPacket {
    let packet = try await next()
    guard case .publish(let publish) = packet else { throw Unexpected(packet: packet) }
    return publish
  }

  /// Breaks the connection without DISCONNECT.
  func drop() async { try? await channel.close() }

  /// Stops taking bytes off the socket.
  func setReading(_ reads: Bool) async throws {
    try await channel.setOption(.autoRead, value: reads).get()
  }
}

/// Another packet came than the test wants.
struct Unexpected: Error {
  let packet: MQTTPacket
}
