import Accounts
import Alarms
import Audit
import CertificateAuthority
import DeviceGateway
import Devices
import Estate
import Guomi
import Identities
import Kernel
import Logging
import Privacy
import Provisioning
import SQLStore
import ServiceLifecycle
import Vault

/// The contexts of one server, joined, and the services that work behind them.
struct Contexts: Sendable {
  let accounts: Accounts
  let estate: Estate
  let devices: Devices
  let alarms: Alarms
  let privacy: Privacy
  let provisioning: Provisioning
  let keys: KeyDesk
  let audit: AuditLog
  let identities: Identities
  let intake: TelemetryIntake
  let board: LivenessBoard
  private let history: TelemetryHistory
  private let liveness: LivenessService
  private let urgent: UrgentReader
  private let follower: DirectoryFollower
  private let keeper: AuditKeeper
  private let storage: Storage

  /// - Parameters:
  ///   - vault: seals personal data.
  ///   - breached: passwords that nobody may choose.
  ///   - audit: signs the audit log's checkpoints, whose are believed, and where copies of them go.
  ///   - keys: the key service.
  ///   - publicAddress: under which others reach this server; nil where none is known.
  static func open(
    _ storage: Storage, authority: CertificateAuthority, vault: Vault, breached: BreachList,
    audit: (signer: VaultCheckpointSigner, places: [any CheckpointPlace]), keys: any KeySource, publicAddress: String?,
    logger: Logger
  ) async throws -> Contexts {
    let devices = try Devices(
      work: storage.work, directory: DeviceDirectory(), authority: authority,
      randomBytes: SystemSources.randomBytes)
    // Before the directory is filled: what changes meanwhile is followed.
    let start = try await storage.journal.last()
    try await devices.open()
    let board = LivenessBoard(directory: devices.directory)
    let liveness = LivenessService(devices: devices, board: board)
    try await liveness.open()
    let latest = LatestValues()
    let trims = LogTrims(log: storage.log)
    let history = try await TelemetryHistory.open(
      store: storage.history, log: storage.log, directory: devices.directory, latest: latest, logger: logger,
      trims: trims)
    devices.links.attach(history)
    let provisioning = Provisioning(
      work: storage.work, keys: VaultRootKeys(keys), randomBytes: SystemSources.randomBytes)
    let desk = KeyDesk(
      provisioning: provisioning, random: .operatingSystem, journal: storage.journal, logger: logger)
    try await desk.open()
    let log = AuditLog(work: storage.work) { audit.signer.keys }
    return Contexts(
      accounts: Accounts(
        work: storage.work, hasher: try PasswordHasher(), vault: vault, breached: breached,
        random: SystemSources.randomBytes),
      estate: Estate(work: storage.work), devices: devices, alarms: Alarms(work: storage.work),
      privacy: try privacy(storage, vault, log), provisioning: provisioning, keys: desk, audit: log,
      identities: Identities(
        work: storage.work, keys: keys, publicAddress: publicAddress,
        randomBytes: SystemSources.randomBytes),
      intake: TelemetryIntake(log: storage.log, directory: devices.directory, latest: latest), board: board,
      history: history, liveness: liveness,
      urgent: UrgentReader(
        work: storage.work, log: storage.log, directory: devices.directory,
        handler: DeviceMessages(devices: devices), trims: trims, logger: logger),
      follower: DirectoryFollower(devices: devices, journal: storage.journal, start: start),
      keeper: AuditKeeper(log: log, signer: audit.signer, places: audit.places), storage: storage)
  }

  private static func privacy(_ storage: Storage, _ vault: Vault, _ audit: AuditLog) throws -> Privacy {
    Privacy(
      work: storage.work, policy: try .builtIn(), audit: audit,
      keys: VaultPersonKeys(work: storage.work, vault: vault),
      providers: [AccountHoldings(work: storage.work, vault: vault)],
      random: SystemSources.randomBytes)
  }

  /// In the order of starting; they end in the reverse one.
  func services(logger: Logger) -> [any Service] {
    var services: [any Service] = [
      TelemetryFolder(history: history, time: storage.work.time, logger: logger),
      alarms.reader(storage.journal), urgent, follower, liveness, CommandDispatcher(devices: devices),
      TwinReconciler(devices: devices), GapFiller(devices: devices), keeper, keys, privacy.eraser(storage.journal),
      RevocationListKeeper(identities: identities),
      PrivacyKeeper(privacy: privacy, journal: storage.journal) { [accounts] in try await accounts.organisations() },
    ]
    // Another process may write into the same store.
    if storage.work.store.dialect == .postgres { services.append(JournalWatch(journal: storage.journal)) }
    return services
  }
}
