import Accounts
import Alarms
import Audit
import Devices
import DurableLog
import Estate
import Foundation
import Identities
import Kernel
import Logging
import Privacy
import Provisioning
import SQLStore
import Vault

/// The stores of one server: what is decided (business store), what devices said (durable log), what they measured
/// (history).
struct Storage: Sendable {
  let work: Work
  let journal: Journal
  let log: DurableLog
  /// `history.db`: a store of its own, so that no folding waits for a use case or makes one wait.
  let history: SQLStore

  /// Opens them in the data folder, or the business store at PostgreSQL, and brings their tables up to date.
  static func open(_ folder: URL, postgres: String?, logger: Logger) async throws -> Storage {
    let business: SQLStore
    if let postgres {
      business = try await SQLStore.postgres(postgres, connectionsMax: 10)
    } else {
      business = try SQLStore.sqlite(path: folder.appendingPathComponent("anju.db").path)
    }
    try await business.migrate([
      Journal.migrations, AuditLog.migrations, Accounts.migrations, Estate.migrations, Devices.migrations,
      Provisioning.migrations, TelemetryTables.business, Alarms.migrations, Privacy.migrations, RecordKeys.migrations,
      Identities.migrations,
    ])
    let work = Work(store: business, time: SystemSources.time, ids: SystemSources.ids, logger: logger)
    return Storage(
      work: work, journal: Journal(work: work),
      log: try DurableLog.open(
        path: folder.appendingPathComponent("intake.db").path, options: logOptions, logger: logger),
      history: try TelemetryHistory.store(path: folder.appendingPathComponent("history.db").path))
  }

  /// Room that is taken beforehand spares a commit the file system's own writes.
  private static var logOptions: DurableLog.Options {
    var options = DurableLog.Options()
    options.preallocatedBytes = 32 << 20
    return options
  }

  /// To be called when nothing uses them any more.
  func close() async {
    log.close()
    await history.close()
    await work.store.close()
  }
}
