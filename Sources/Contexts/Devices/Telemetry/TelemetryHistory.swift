package import DurableLog
import Kernel
package import Logging
package import SQLStore
import Synchronization

/// What devices measured: the folder's chunks in `history.db`, joined with what the log holds and is not folded yet.
///
/// The folder works behind the acknowledgements (`TelemetryFolder`); a reader never sees the seam between the two.
package final class TelemetryHistory: Sendable {
  package let latest: LatestValues
  package let options: TelemetryOptions
  let store: SQLStore
  let log: DurableLog
  let directory: DeviceDirectory
  let logger: Logger
  let trims: LogTrims
  let state = Mutex(State())
  /// Somebody looked at what only folding finds.
  let isWatched = Mutex(false)
  /// The series that retention looked at last in this round; nil at the beginning of one.
  let retention = Mutex<Int64?>(nil)

  /// What `history.db` says, in memory; changed after a commit, never before.
  struct State: Sendable {
    var metrics = MetricNumbers()
    var sequences: [DeviceNumber: SequenceState] = [:]
    /// Up to where each lane is folded.
    var folded: [DurableLog.Position] = [.start, .start]
    var classes: [SeriesID: DataClass] = [:]
    var rawNumber: Int64 = 0
    var slices = 0
    var foldedRecords: Int64 = 0
  }

  private init(
    store: SQLStore, log: DurableLog, directory: DeviceDirectory, latest: LatestValues, options: TelemetryOptions,
    logger: Logger, trims: LogTrims
  ) {
    self.store = store
    self.log = log
    self.directory = directory
    self.latest = latest
    self.options = options
    self.logger = logger
    self.trims = trims
  }

  /// Opens the file that the history is kept in. Nobody waits for its writes: under load they give way to devices.
  package static func store(path: String) throws(SQLError) -> SQLStore {
    var options = SQLiteOptions()
    options.writesGiveWay = true
    return try SQLStore.sqlite(path: path, options: options)
  }

  /// Opens the history and fills the latest values: those stored, then those of the log's tail.
  ///
  /// - Parameters:
  ///   - store: a SQLite store of its own (`history.db`): no other transaction may stand before a folding.
  ///   - directory: filled; what it does not know is not shown.
  ///   - latest: the one that the intake writes.
  package static func open(
    store: SQLStore, log: DurableLog, directory: DeviceDirectory, latest: LatestValues,
    options: TelemetryOptions = TelemetryOptions(), logger: Logger, trims: LogTrims
  ) async throws -> TelemetryHistory {
    try await store.migrate([TelemetryTables.history])
    let history = TelemetryHistory(
      store: store, log: log, directory: directory, latest: latest, options: options, logger: logger, trims: trims)
    try await history.load()
    return history
  }

  private func load() async throws {
    let snapshot = directory.snapshot()
    let (latest, loaded) = (latest, try await store.read { sql in try Self.loaded(sql) })
    state.withLock { $0 = loaded.state }
    for row in loaded.devices {
      guard let entry = snapshot[row.device] else { continue }
      latest.put(row.device, LatestValues.Device(bytes: row.latest, model: entry.model, metrics: loaded.state.metrics))
    }
    try replayTail(snapshot)
  }

  private static func loaded(
    _ sql: SQLConnection
  ) throws -> (state: State, devices: [(device: DeviceNumber, latest: [UInt8])]) {
    var state = State()
    var devices: [(device: DeviceNumber, latest: [UInt8])] = []
    state.metrics = try MetricNumbers(sql)
    for row in try sql.rows("SELECT lane, position FROM telemetry_watermark") {
      state.folded[try row.int("lane")] = DurableLog.Position(try row.integer("position"))
    }
    try sql.each("SELECT device, latest, sequences FROM telemetry_device") { row in
      let device = DeviceNumber(UInt32(truncatingIfNeeded: try row.integer(0)))
      state.sequences[device] = SequenceState(bytes: try row.blob(2))
      devices.append((device, try row.blob(1)))
    }
    try sql.each("SELECT series, data_class FROM telemetry_series") { row in
      state.classes[SeriesID(value: try row.integer(0))] = DataClass(rawValue: try row.text(1))
    }
    state.rawNumber = try sql.row("SELECT max(number) FROM telemetry_raw")?.optionalInteger(0) ?? 0
    return (state, devices)
  }

  /// Latest values that were durable and not yet folded when the process ended.
  private func replayTail(_ snapshot: DeviceDirectory.Snapshot) throws {
    for lane in DurableLog.Lane.allCases {
      var position = state.withLock { $0.folded[lane.rawValue] }
      while let segments = try readSegments(lane, after: position, bytesMax: 4 << 20) {
        for segment in segments.found {
          latest.apply(Self.updates(segment, snapshot), snapshot)
        }
        position = segments.end
      }
    }
  }

  private static func updates(_ segment: DurableLog.Segment, _ snapshot: DeviceDirectory.Snapshot) -> LatestUpdates {
    var updates = LatestUpdates()
    segment.body.withUnsafeBytes { bytes in
      for record in IntakeRecords(bytes) {
        guard let channel = record.channel, let entry = snapshot[record.device] else { continue }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[record.payload])
        _ = TelemetryIntake.scan(entry, channel, payload, record.receivedAt, &updates)
      }
    }
    return updates
  }

  /// The next segments of a lane; nil at its end. A damaged one is stepped over, with an error in the log.
  func readSegments(
    _ lane: DurableLog.Lane, after: DurableLog.Position, bytesMax: Int
  ) throws(DurableLogError) -> (found: [DurableLog.Segment], end: DurableLog.Position)? {
    do throws(DurableLogError) {
      let segments = try log.read(lane, after: after, bytesMax: bytesMax)
      guard let last = segments.last else { return nil }
      return (segments, last.position)
    } catch {
      guard case .corrupt(_, let position) = error else { throw error }
      logger.error(
        "damaged segment of the log stepped over",
        metadata: ["log.lane": "\(lane)", "log.position": "\(position.value)"])
      return ([], position)
    }
  }

  /// The numbers that are known to be missing of a device, oldest first.
  package func gaps(of device: DeviceNumber) -> [SequenceRange] {
    state.withLock { $0.sequences[device]?.gaps ?? [] }
  }
}

/// What may be removed from the log: what the folder, and in the urgent lane the urgent reader too, are done with.
package final class LogTrims: Sendable {
  private let log: DurableLog
  private let urgent = Mutex((folded: DurableLog.Position.start, handled: DurableLog.Position.start))

  package init(log: DurableLog) {
    self.log = log
  }

  func folded(_ lane: DurableLog.Lane, through position: DurableLog.Position) {
    guard lane == .urgent else { return log.trim(.bulk, through: position) }
    trimUrgent { $0.folded = max($0.folded, position) }
  }

  func handled(through position: DurableLog.Position) {
    trimUrgent { $0.handled = max($0.handled, position) }
  }

  private func trimUrgent(
    _ change: (inout (folded: DurableLog.Position, handled: DurableLog.Position)) -> Void
  ) {
    let through = urgent.withLock { done in
      change(&done)
      return min(done.folded, done.handled)
    }
    if through > .start { log.trim(.urgent, through: through) }
  }
}
