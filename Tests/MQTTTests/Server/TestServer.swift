import Logging
import MQTT
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

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
    let names = Mutex(0)
    var options = MQTTServerOptions { names.withLock { name in
      name += 1
      return "given-\(name)"
    } }
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

  /// Lets time go by for the server, when it has done what it already knows: a client sees the end of its connection
  /// a moment before the server notes the time.
  func pass(seconds: Double) async {
    await server.timePassed()
    clock.advance(seconds: seconds)
    await server.timePassed()
  }
}
