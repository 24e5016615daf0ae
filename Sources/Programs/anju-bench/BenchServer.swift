import Audit
import CLinux
import CertificateAuthority
import DeviceGateway
import Devices
import DurableLog
import Estate
import Foundation
import Kernel
import Logging
import NIOCore
import NIOPosix
import SQLStore
import Server
import ServiceLifecycle

/// The device side of the server, with the same parts joined the same way: registry, gateway, log, latest values,
/// folder, urgent reader, liveness and commands. Only the pages and the API are left out, and a plain listener is
/// added.
struct BenchServer: Sendable {
  let devices: Devices
  let log: DurableLog
  let latest: LatestValues
  let history: TelemetryHistory
  let gateway: DeviceGateway
  let journal: Journal
  private let folder: URL
  private let certificates: URL
  private let services: [any Service]
  private let logger: Logger

  /// Opens empty stores and registers the devices.
  init(data: URL, certificates: URL, devices count: Int, logger: Logger) async throws {
    self.certificates = certificates
    self.logger = logger
    folder = data
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
    let store = try SQLStore.sqlite(path: data.appending(path: "anju.db").path)
    try await store.migrate([
      Journal.migrations, AuditLog.migrations, Estate.migrations, Devices.migrations, TelemetryTables.business,
    ])
    let work = Work(store: store, time: SystemSources.time, ids: SystemSources.ids, logger: logger)
    journal = Journal(work: work)
    let authority = try CertificateAuthority.load(
      certificatePath: certificates.appending(path: "ca.pem").path,
      keyPath: certificates.appending(path: "ca.key").path)
    devices = try Devices(
      work: work, directory: DeviceDirectory(), authority: authority, randomBytes: SystemSources.randomBytes)
    try await devices.open()
    try await BenchFleet.register(count, in: devices)
    // A server that runs has its devices registered long since: what that took does not count.
    malloc_trim(0)
    let board = LivenessBoard(directory: devices.directory)
    let liveness = LivenessService(devices: devices, board: board)
    try await liveness.open()
    log = try DurableLog.open(
      path: data.appending(path: "intake.db").path, options: Self.logOptions, logger: logger)
    latest = LatestValues()
    let trims = LogTrims(log: log)
    history = try await TelemetryHistory.open(
      store: TelemetryHistory.store(path: data.appending(path: "history.db").path), log: log,
      directory: devices.directory, latest: latest, logger: logger, trims: trims)
    devices.links.attach(history)
    let urgent = UrgentReader(
      work: work, log: log, directory: devices.directory, handler: DeviceMessages(devices: devices), trims: trims,
      logger: logger)
    let loops = max(1, ProcessInfo.processInfo.activeProcessorCount - 1)
    gateway = DeviceGateway(
      devices: devices, intake: TelemetryIntake(log: log, directory: devices.directory, latest: latest), board: board,
      time: SystemSources.time, group: MultiThreadedEventLoopGroup(numberOfThreads: loops), logger: logger)
    services = [
      urgent, TelemetryFolder(history: history, time: SystemSources.time, logger: logger), liveness,
      CommandDispatcher(devices: devices), TwinReconciler(devices: devices), gateway,
    ]
  }

  private static var logOptions: DurableLog.Options {
    var options = DurableLog.Options()
    options.preallocatedBytes = 32 << 20
    return options
  }

  /// Runs everything that runs beside the gateway, until cancelled.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for service in services { group.addTask { try await service.run() } }
      try await group.waitForAll()
    }
  }

  /// Listens on two free ports of 127.0.0.1.
  func listen() async throws -> (plain: Int, tls: Int) {
    func text(_ name: String) throws -> String {
      try String(contentsOf: certificates.appending(path: name), encoding: .utf8)
    }
    let tls = try DeviceGateway.tls(
      certificatePEM: text("server.pem"), keyPEM: text("server.key"), authorityPEM: text("ca.pem"))
    let secure = try await gateway.listen(host: "127.0.0.1", port: 0, tls: tls).port ?? 0
    return (try await gateway.listenPlainForBench(), secure)
  }
}
