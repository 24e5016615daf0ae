import Hummingbird
package import Logging
import ServiceLifecycle

/// The port through which a virtual building is looked at and misused (docs/virtual-building.md). For loopback only: it
/// asks nobody who he is.
package struct ControlServer: Service {
  private let building: VirtualBuilding
  private let host: String
  private let port: Int
  private let logger: Logger
  private let bound: @Sendable (Int) async -> Void

  /// - Parameters:
  ///   - port: 0 takes any free port.
  ///   - bound: told the port once it listens.
  package init(
    building: VirtualBuilding, host: String = "127.0.0.1", port: Int, logger: Logger,
    bound: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    self.building = building
    self.host = host
    self.port = port
    self.logger = logger
    self.bound = bound
  }

  package func run() async throws {
    let application = Application(
      router: ControlRoutes(building: building).router(),
      configuration: .init(address: .hostname(host, port: port), serverName: "anju-building"),
      onServerRunning: { channel in await bound(channel.localAddress?.port ?? port) },
      logger: logger)
    try await application.runService(gracefulShutdownSignals: [])
  }
}
