package import Devices
package import Kernel
package import Logging
import MQTT
package import NIOCore
package import NIOSSL
import Synchronization

/// Where devices come in: MQTT over TLS 1.3 with mutual certificates. The certificate names the device, the registry
/// knows it, its messages go into the durable log, and their acknowledgements leave after the commit.
package final class DeviceGateway: Sendable {
  let devices: Devices
  let intake: TelemetryIntake
  let board: LivenessBoard
  let time: Timekeeper
  let options: DeviceGatewayOptions
  let logger: Logger
  /// nil where devices have no keys of their own.
  let keys: KeyDesk?
  let registry = SessionRegistry()
  let counters = ConnectCounters()
  private let group: any EventLoopGroup
  private let loops = Mutex<[ObjectIdentifier: LoopIntake]>([:])
  private let server = Mutex<MQTTServer?>(nil)
  private let plain = Mutex(false)

  /// - Parameters:
  ///   - board: the one of the `LivenessService`.
  ///   - time: the wall clock.
  package init(
    devices: Devices, intake: TelemetryIntake, board: LivenessBoard, time: Timekeeper, group: any EventLoopGroup,
    options: DeviceGatewayOptions = DeviceGatewayOptions(), keys: KeyDesk? = nil, logger: Logger
  ) {
    self.devices = devices
    self.intake = intake
    self.board = board
    self.time = time
    self.group = group
    self.options = options
    self.keys = keys
    self.logger = logger
  }

  /// Listens for devices.
  ///
  /// - Parameters:
  ///   - port: 0 takes a free one.
  ///   - tls: of `DeviceGateway.tls`.
  /// - Returns: the address bound.
  /// - Throws: what the system says, an address in use for example.
  @discardableResult
  package func listen(host: String, port: Int, tls: NIOSSLContext) async throws -> SocketAddress {
    try await started().bind(host: host, port: port, tls: tls)
  }

  /// Listens without TLS, for measuring only: a client is the device that its client id names. On loopback and nowhere
  /// else.
  ///
  /// - Returns: the port.
  package func listenPlainForBench(port: Int = 0) async throws -> Int {
    plain.withLock { $0 = true }
    logger.warning("plain listener for measuring is open on loopback: any local process may speak as any device")
    let address = try await started().bind(host: "127.0.0.1", port: port)
    guard address.ipAddress == "127.0.0.1", let port = address.port else { throw ChannelError.unknownLocalAddress }
    return port
  }

  var isPlain: Bool { plain.withLock { $0 } }

  private func started() -> MQTTServer {
    server.withLock { server in
      if let server { return server }
      // Every device brings its own name; this one would never be used.
      var limits = MQTTServerOptions(newClientID: { "unnamed" })
      // The largest payload, the longest topic, and room for the properties of version 5.
      limits.packetBytesMax = TelemetryIntake.payloadBytesMax + 4_096
      limits.receiveMaximum = options.receiveMaximum
      limits.receiveMaximum311 = options.receiveMaximum311
      limits.connectTimeoutMilliseconds = UInt64(options.connectTimeoutSeconds) * 1_000
      limits.keepAliveSecondsMax = options.keepAliveSecondsMax
      limits.connectionsMax = options.connectionsMax
      limits.sessionsMax = options.connectionsMax
      // What must reach a device is a row and goes out again; a session that outlived its connection would bring it
      // late.
      limits.sessionExpirySecondsMax = 0
      limits.queuedMessagesMax = options.downMessagesMax * 2
      limits.queuedBytesMax = 1 << 20
      limits.retainedMessagesMax = 0
      limits.subscriptionsMax = 16
      limits.topicLevelsMax = 8
      let made = MQTTServer(group: group, delegate: self, options: limits, logger: logger)
      server = made
      devices.links.attach(self)
      return made
    }
  }

  /// Devices connected now.
  package var connectionCount: Int { registry.count }

  /// Tells all devices that the server goes, and waits until their connections are closed.
  package func close() async {
    let server = server.withLock { $0 }
    await server?.close()
  }

  /// The loop's own gathering place.
  func loop(_ eventLoop: any EventLoop) -> LoopIntake {
    loops.withLock { loops in
      let key = ObjectIdentifier(eventLoop)
      if let loop = loops[key] { return loop }
      let loop = LoopIntake(
        eventLoop: eventLoop, intake: intake, time: time, options: options, board: board,
        metrics: GatewayMetrics(logger: logger))
      loops[key] = loop
      return loop
    }
  }

  func existingLoop(_ eventLoop: any EventLoop) -> LoopIntake? {
    loops.withLock { $0[ObjectIdentifier(eventLoop)] }
  }
}
