public import Logging
public import NIOCore
import NIOConcurrencyHelpers
import NIOPosix
public import NIOSSL

/// An MQTT 3.1, 3.1.1 and 5.0 server: sessions, subscriptions, retained messages and wills in memory; who may do what,
/// and when a message counts as taken, is asked of a delegate.
public final class MQTTServer: @unchecked Sendable {
  // Unchecked: `loops`, `listeners` and `housekeeping` are touched only with `lock` held.

  private let group: any EventLoopGroup
  private let broker: Broker
  private let lock = NIOLock()
  private var loops: [ObjectIdentifier: LoopState] = [:]
  private var listeners: [any Channel] = []
  private var housekeeping: RepeatedTask?
  private var connectionCountStorage = 0

  /// How often wills and session ends are looked at, in milliseconds.
  private static let housekeepingMilliseconds: Int64 = 250

  /// A server without listeners yet.
  ///
  /// - Parameter delegate: held for the server's life.
  public init(
    group: any EventLoopGroup, delegate: any MQTTServerDelegate, options: MQTTServerOptions, logger: Logger
  ) {
    self.group = group
    broker = Broker(options: options, delegate: delegate, logger: logger)
  }

  /// Listens on one more address.
  ///
  /// - Parameters:
  ///   - port: 0 takes a free one.
  ///   - tls: the server side; ask for the client's certificate in its configuration.
  /// - Returns: the address bound.
  /// - Throws: what the system says, an address in use for example.
  @discardableResult
  public func bind(host: String, port: Int, tls: NIOSSLContext? = nil) async throws -> SocketAddress {
    let options = broker.options
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: options.backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(
          minimum: options.readBufferBytes.lowerBound, initial: options.readBufferBytes.lowerBound,
          maximum: options.readBufferBytes.upperBound))
      .childChannelOption(
        .writeBufferWaterMark,
        value: .init(low: options.writeBufferBytes.lowerBound, high: options.writeBufferBytes.upperBound))
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try self.prepare(channel, tls: tls) }
      }
      .bind(host: host, port: port).get()
    lock.withLock {
      listeners.append(channel)
      if housekeeping == nil { housekeeping = keepHouse() }
    }
    guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
    return address
  }

  private func prepare(_ channel: any Channel, tls: NIOSSLContext?) throws {
    let isAllowed = lock.withLock {
      guard connectionCountStorage < broker.options.connectionsMax else { return false }
      connectionCountStorage += 1
      return true
    }
    guard isAllowed else { throw MQTTServerError.tooManyConnections }
    channel.closeFuture.whenComplete { _ in self.lock.withLock { self.connectionCountStorage -= 1 } }
    let ciphertext = try tls.flatMap { try secure(channel, $0) }
    let connection = Connection(
      loop: loopState(channel.eventLoop), broker: broker, isTLS: tls != nil, ciphertext: ciphertext)
    try channel.pipeline.syncOperations.addHandler(connection)
  }

  /// Adds TLS, with its buffers in memory that can be given back.
  private func secure(_ channel: any Channel, _ tls: NIOSSLContext) throws -> CiphertextPages.Lease? {
    let handler = NIOSSLServerHandler(context: tls)
    guard let options = channel.syncOptions else {
      try channel.pipeline.syncOperations.addHandler(handler)
      return nil
    }
    return try CiphertextPages.lease { allocator in
      let usual = try options.getOption(.allocator)
      try options.setOption(.allocator, value: allocator)
      try channel.pipeline.syncOperations.addHandler(handler)
      try options.setOption(.allocator, value: usual)
    }
  }

  private func loopState(_ eventLoop: any EventLoop) -> LoopState {
    lock.withLock {
      let id = ObjectIdentifier(eventLoop)
      if let state = loops[id] { return state }
      let state = LoopState(eventLoop: eventLoop, delegate: broker.delegate, clock: broker.options.clock)
      loops[id] = state
      return state
    }
  }

  private func keepHouse() -> RepeatedTask {
    let turn = TimeAmount.milliseconds(Self.housekeepingMilliseconds)
    let broker = broker
    return group.next().scheduleRepeatedTask(initialDelay: turn, delay: turn) { _ in broker.housekeep() }
  }

  // MARK: Use

  /// Connections open now, those that are still connecting included.
  public var connectionCount: Int { lock.withLock { connectionCountStorage } }
  /// Sessions, connected or not.
  public var sessionCount: Int { broker.sessionCount }
  /// Retained messages.
  public var retainedCount: Int { broker.router.retainedCount }
  /// Subscriptions of all sessions.
  public var subscriptionCount: Int { broker.router.subscriptionCount }

  /// Publishes to all subscribers, from the program itself.
  ///
  /// - Parameters:
  ///   - isRetained: kept for later subscribers; an empty payload forgets what was kept.
  ///   - expirySeconds: dropped where it could not be sent by then.
  /// - Returns: whether anyone subscribed; false too when it should be kept and the limit forbids it.
  @discardableResult
  public func publish(
    topic: MQTTString, payload: [UInt8], qos: MQTTQoS, isRetained: Bool = false, expirySeconds: UInt32? = nil,
    properties: MQTTProperties = []
  ) -> Bool {
    let message = Message(
      topic: topic, payload: payload, qos: qos, isRetained: isRetained, expirySeconds: expirySeconds,
      properties: properties, now: broker.options.clock())
    return broker.router.route(message) == .delivered
  }

  /// Ends a client's connection.
  ///
  /// - Returns: whether it was connected.
  @discardableResult
  public func disconnect(_ clientID: MQTTString, reason: MQTTReasonCode = .administrativeAction) -> Bool {
    guard let connection = broker.session(clientID)?.currentConnection else { return false }
    connection.closeByServer(reason)
    return true
  }

  /// Does at once what is due by the clock: wills, session ends, keep-alive, connect timeouts. It happens by itself
  /// every quarter of a second; a test that moves its own clock calls this.
  public func timePassed() async {
    broker.housekeep()
    for state in lock.withLock({ Array(loops.values) }) {
      _ = try? await state.eventLoop.submit { state.turnWheel() }.get()
    }
  }

  /// Bytes in memory of what TLS keeps for sending, of all connections.
  func ciphertextBytes() async -> Int {
    var bytes = 0
    for state in lock.withLock({ Array(loops.values) }) {
      bytes += (try? await state.eventLoop.submit { state.ciphertextBytes }.get()) ?? 0
    }
    return bytes
  }

  /// Closes the listeners, tells all clients that the server goes (0x8B), and waits until their connections are closed.
  public func close() async {
    let (channels, states) = lock.withLock { () -> ([any Channel], [LoopState]) in
      housekeeping?.cancel()
      housekeeping = nil
      defer { listeners.removeAll() }
      return (listeners, Array(loops.values))
    }
    for channel in channels { try? await channel.close() }
    for state in states {
      let closed = state.eventLoop.submit {
        let futures = state.connections.values.compactMap { $0.context?.channel.closeFuture }
        for connection in state.connections.values { connection.closeByServer(.serverShuttingDown) }
        return EventLoopFuture.andAllComplete(futures, on: state.eventLoop)
      }
      _ = try? await closed.flatMap { $0 }.get()
    }
  }
}

/// Why the server turned something away.
public enum MQTTServerError: Error, Sendable {
  /// `MQTTServerOptions.connectionsMax` is reached.
  case tooManyConnections
}
