package import Accounts
import Audit
import CertificateAuthority
import DeviceGateway
import Foundation
import Guomi
import Kernel
package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import OpenAPI
import SecureElement
import ServiceLifecycle
import UnixSignals
import Vault
import VirtualBuilding

/// The whole platform in one process: opened, then run until it is asked to end.
///
/// ```swift
/// let server = try await AnjuServer.open(configuration, logger: logger)
/// try await server.run { address in print(address.pages) }
/// ```
package final class AnjuServer: Sendable {
  /// Where a running server is reached.
  package struct Addresses: Sendable, Hashable {
    /// `https://127.0.0.1:8443`
    package let pages: String
    /// `127.0.0.1:8883`
    package let devices: String
    /// `http://127.0.0.1:8090`; nil without the virtual building.
    package let buildingControl: String?
    /// Devices of the virtual building that get their keys while it runs.
    package let devicesWithoutKeys: Int
  }

  /// The accounts made at the first start, with the passwords that are shown this once; nil at later starts.
  package let first: Accounts.First?
  private let configuration: ServerConfiguration
  private let folder: DataFolder
  let certificates: PlatformCertificates
  private let storage: Storage
  let contexts: Contexts
  let vault: PlatformVault
  private let limits: ConnectionLimits
  private let logger: Logger

  private init(
    configuration: ServerConfiguration, folder: DataFolder, certificates: PlatformCertificates,
    storage: Storage, contexts: Contexts, vault: PlatformVault, first: Accounts.First?, limits: ConnectionLimits,
    logger: Logger
  ) {
    self.configuration = configuration
    self.folder = folder
    self.certificates = certificates
    self.storage = storage
    self.contexts = contexts
    self.vault = vault
    self.first = first
    self.limits = limits
    self.logger = logger
  }

  /// Opens the data folder, makes what a first start needs, and reads what is there.
  ///
  /// - Throws: `DataFolderError`, or what the stores say.
  package static func open(_ configuration: ServerConfiguration, logger: Logger) async throws -> AnjuServer {
    try await open(configuration, limits: ConnectionLimits(), logger: logger)
  }

  static func open(
    _ configuration: ServerConfiguration, limits: ConnectionLimits, logger: Logger
  ) async throws -> AnjuServer {
    let folder = try DataFolder(configuration.dataFolder)
    let certificates = try PlatformCertificates(
      folder: folder.file("ca"), names: configuration.serverNames, now: SystemSources.time.now(),
      randomBytes: SystemSources.randomBytes)
    let storage = try await Storage.open(folder.url, postgres: configuration.postgres, logger: logger)
    let process = configuration.startsVault ? VaultProcess(folder: configuration.vaultFolder, logger: logger) : nil
    let vault = PlatformVault(configuration: configuration, work: storage.work, process: process)
    await process?.start()
    do {
      let contexts = try await Contexts.open(
        storage, authority: certificates.authority, vault: vault.vault, breached: breachList(configuration, logger),
        audit: try audit(configuration, vault.keys), keys: KeyLinks(folder: configuration.vaultFolder),
        publicAddress: configuration.publicAddress, logger: logger)
      let first =
        try await contexts.accounts.isEmpty() ? contexts.accounts.found(organisation: "安居运营中心") : nil
      return AnjuServer(
        configuration: configuration, folder: folder, certificates: certificates, storage: storage,
        contexts: contexts, vault: vault, first: first, limits: limits, logger: logger)
    } catch {
      vault.process?.stop()
      await storage.close()
      throw error
    }
  }

  /// What signs the audit log, and where copies of its checkpoints go: the data folder, for a start, and wherever the
  /// settings say.
  private static func audit(
    _ configuration: ServerConfiguration, _ keys: any KeySource
  ) throws -> (signer: VaultCheckpointSigner, places: [any CheckpointPlace]) {
    let folder = configuration.dataFolder
    var places: [any CheckpointPlace] = [FolderPlace(folder.appendingPathComponent(AuditDesk.copiesName))]
    if let copies = configuration.auditCopies { places.append(FolderPlace(copies)) }
    if let command = configuration.auditCommand { places.append(CommandPlace(command)) }
    return (try VaultCheckpointSigner(keys, file: AuditKeyFile(in: folder)), places)
  }

  /// Serves until the task is cancelled or the program gets SIGINT or SIGTERM; returns when everything is closed.
  ///
  /// - Parameter whenReady: called once, when pages, devices and the building can be reached.
  /// - Throws: `ServerError`, or what made a service end.
  package func run(whenReady: @escaping @Sendable (Addresses) async -> Void) async throws {
    let result: Result<Void, any Error>
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: Self.deviceLoopsCount)
    do { result = .success(try await serve(on: loops, whenReady)) } catch { result = .failure(error) }
    vault.process?.stop()
    try? await loops.shutdownGracefully()
    await storage.close()
    folder.release()
    try result.get()
  }

  /// How long ending may take before what is left is cancelled.
  private static let closingTime: Duration = .seconds(8)

  private func serve(
    on loops: MultiThreadedEventLoopGroup, _ whenReady: @escaping @Sendable (Addresses) async -> Void
  ) async throws {
    let gateway = gateway(on: loops)
    let mqttPort = try await listen(gateway)
    let (opened, hasOpened) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let (building, keys) = try await building(mqttPort: mqttPort, opened: opened)
    let feed = EventFeed(journal: storage.journal, time: SystemSources.time, logger: logger)
    let web = Web(
      contexts: contexts, journal: storage.journal, feed: feed, configuration: configuration, limits: limits,
      logger: logger)
    let host = configuration.shownAddress
    let app = try web.application(certificates, cursorSecret: try folder.secret("cursor.key")) { port in
      await whenReady(
        Addresses(
          pages: "https://\(host):\(port)", devices: "\(host):\(mqttPort)",
          buildingControl: await building?.controlAddress(), devicesWithoutKeys: keys?.factory.missingCount ?? 0))
      hasOpened.finish()
    }
    // The key service first: it ends last.
    var services: [any Service] = vault.process.map { [$0] } ?? []
    services += contexts.services(logger: logger) + [feed, gateway, app]
    if let keys { services.append(keys) }
    if let building { services.append(building) }
    var group = ServiceGroupConfiguration(
      services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
    group.maximumGracefulShutdownDuration = Self.closingTime
    do {
      try await ServiceGroup(configuration: group).run()
    } catch {
      throw ServerError.reading(error, port: configuration.httpPort, of: "the pages and the API", option: "--http-port")
    }
  }

  private func gateway(on loops: MultiThreadedEventLoopGroup) -> DeviceGateway {
    DeviceGateway(
      devices: contexts.devices, intake: contexts.intake, board: contexts.board, time: SystemSources.time,
      group: loops, keys: contexts.keys, logger: logger)
  }

  /// Event loops for devices alone, so that pages do not wait behind them: one processor is left to the log's writer
  /// and to everything else.
  private static var deviceLoopsCount: Int { max(1, ProcessInfo.processInfo.activeProcessorCount - 1) }

  private func listen(_ gateway: DeviceGateway) async throws -> Int {
    let tls = try DeviceGateway.tls(
      certificatePEM: String(contentsOf: certificates.serverCertificateFile, encoding: .utf8),
      keyPEM: String(contentsOf: certificates.serverKeyFile, encoding: .utf8),
      authorityPEM: certificates.authority.certificatePEM)
    do {
      let address = try await gateway.listen(
        host: configuration.listenAddress, port: configuration.mqttPort, tls: tls)
      return address.port ?? configuration.mqttPort
    } catch {
      throw ServerError.reading(error, port: configuration.mqttPort, of: "devices", option: "--mqtt-port")
    }
  }

  /// The virtual building, enrolled, and its devices' keys; nil when it is not wanted.
  private func building(
    mqttPort: Int, opened: AsyncStream<Void>
  ) async throws -> (BuildingProcess?, BuildingKeys?) {
    guard !configuration.isEmpty, let platform = try await contexts.accounts.platform() else { return (nil, nil) }
    let estate = VirtualEstate(
      estate: contexts.estate, devices: contexts.devices, authorityPEM: try certificates.authority.certificatePEM,
      folder: folder.file("building"))
    try await estate.prepare(by: platform)
    let keys = buildingKeys(platform, opened)
    keys?.begin()
    let building = try BuildingProcess(
      folder: folder.file("building"), mqttPort: mqttPort, controlPort: configuration.controlPort,
      elementSocket: keys?.elements.socket, logger: logger)
    return (building, keys)
  }

  /// Nil where nobody has a key service.
  private func buildingKeys(_ platform: Principal, _ opened: AsyncStream<Void>) -> BuildingKeys? {
    let factory = VirtualFactory(
      provisioning: contexts.provisioning, folder: BuildingFolder(folder.file("building")), random: .operatingSystem,
      logger: logger)
    guard configuration.startsVault || factory.isDone else { return nil }
    let elements = ElementProcess(folder: folder.file("building"), logger: logger)
    return BuildingKeys(elements: elements, factory: factory, platform: platform, opened: opened, logger: logger)
  }

  /// Passwords that everybody tries first, as `scripts/assets` collected them. Without the file the other rules hold.
  private static func breachList(_ configuration: ServerConfiguration, _ logger: Logger) -> BreachList {
    let file = configuration.vendorFolder.appendingPathComponent(BreachList.fileName)
    guard let bytes = try? Data(contentsOf: file), let list = BreachList(file: Array(bytes)) else {
      logger.warning("the list of common passwords is missing: run scripts/assets", metadata: ["path": "\(file.path)"])
      return .none
    }
    return list
  }
}
