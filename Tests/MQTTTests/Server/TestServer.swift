import Logging
import MQTT
import NIOCore
import NIOPosix
import NIOSSL

/// A server on a free port of this machine, with a clock that stands still and a delegate that a test steers.
struct TestServer {
  let server: MQTTServer
  let delegate: TestDelegate
  let clock: ManualMilliseconds
  let port: Int

  /// Runs a body with a server and closes it.
  static func run(
    tls: NIOSSLContext? = nil, loops: Int = 1, _ change: (inout MQTTServerOptions) -> Void = { _ in },
    _ body: (TestServer) async throws -> Void
  ) async throws {
    let clock = ManualMilliseconds()
    let delegate = TestDelegate()
    var options = MQTTServerOptions(newClientID: { "given" })
    options.clock = { clock.now }
    change(&options)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
    let server = MQTTServer(
      group: group, delegate: delegate, options: options,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    do {
      let address = try await server.bind(host: "127.0.0.1", port: 0, tls: tls)
      try await body(TestServer(server: server, delegate: delegate, clock: clock, port: address.port ?? 0))
    } catch {
      await server.close()
      try await group.shutdownGracefully()
      throw error
    }
    await server.close()
    try await group.shutdownGracefully()
  }

  /// Lets time go by for the server.
  func pass(seconds: Double) async {
    clock.advance(seconds: seconds)
    await server.timePassed()
  }

  /// Waits for something the server does by itself; for what no packet tells.
  func until(_ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while !condition() {
      guard ContinuousClock.now < deadline else { throw RawClient.TimedOut() }
      await Task.yield()
    }
  }
}
