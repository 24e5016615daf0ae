import ArgumentParser
import Foundation
import Logging
import MQTT
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// `anju mqtt-broker`: an open broker over the MQTT instrument, for conformance tests and trials.
struct MQTTBrokerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mqtt-broker",
    abstract: "Run an open MQTT 3.1.1 and 5.0 broker, for conformance tests and trials.",
    discussion: """
      Everyone who reaches its port may publish and subscribe everything. It knows nothing of devices and keeps \
      everything in memory. It listens on this machine only, unless --host says otherwise.
      """
  )

  @Flag(help: "Yes, let everyone do everything; without it the broker does not start.")
  var open = false

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 takes a free one.")
  var port = 1_883

  @Option(help: "Event loops, 1 to 64.")
  var loops = 1

  @Option(help: "The longest keep-alive in seconds; 0 for no limit.")
  var keepAliveMax: UInt16 = 0

  @Option(help: "A topic filter that nobody may subscribe; may be given again.")
  var refuseSubscribe: [String] = []

  func validate() throws {
    guard open else {
      throw ValidationError("an open broker lets everyone do everything: say --open when that is what you want")
    }
    guard (0...65_535).contains(port) else { throw ValidationError("--port is 0 to 65535") }
    guard (1...64).contains(loops) else { throw ValidationError("--loops is 1 to 64") }
  }

  func run() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
    var options = MQTTServerOptions(newClientID: { "auto-\(UUID().uuidString)" })
    options.keepAliveSecondsMax = keepAliveMax
    options.answersAsSuites = true
    let broker = OpenBroker(refusedFilters: Set(refuseSubscribe.map { MQTTString($0) }))
    let server = MQTTServer(group: group, delegate: broker, options: options, logger: Logger(label: "anju.mqtt-broker"))
    let services = ServiceGroup(
      services: [OpenBrokerService(server: server, host: host, port: port)],
      gracefulShutdownSignals: [.sigint, .sigterm],
      logger: Logger(label: "anju.mqtt-broker") { _ in SwiftLogNoOpLogHandler() })
    do {
      try await services.run()
    } catch {
      try await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
  }
}

/// Keeps the broker until the program is asked to end. It listens in here, when the group already handles signals:
/// whoever reads the address may ask it to end at once.
private struct OpenBrokerService: Service {
  let server: MQTTServer
  let host: String
  let port: Int

  func run() async throws {
    do {
      let address = try await server.bind(host: host, port: port)
      print("MQTT broker, open to everyone, on \(address.ipAddress ?? host):\(address.port ?? port)")
      fflush(nil)
    } catch {
      FileHandle.standardError.write(Data("anju: cannot listen on \(host):\(port): \(error)\n".utf8))
      throw ExitCode(1)
    }
    try await gracefulShutdown()
    await server.close()
  }
}
