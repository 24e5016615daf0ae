package import DurableLog
package import Kernel
package import Logging
import ServiceLifecycle
import SQLStore
import WireFormats

/// What reacts to events, hellos, reported twins and replies.
package protocol UrgentHandler: Sendable {
  /// Called for each message once, in the order of commits, inside the transaction that remembers it: what it writes
  /// and the reader's place are committed together. A message that a device sent twice comes once.
  ///
  /// - Throws: what makes no sense (an unknown event, a reply to no command) is the handler's to record; an error
  ///   thrown here is tried again, and after `UrgentReader.attemptsMax` times the message is put aside.
  func handle(_ unit: Unit, _ message: UrgentMessage) throws
}

/// Hands the urgent lane's messages to their handler at once after their commit, exactly once, never behind the folder.
package struct UrgentReader: Sendable {
  /// How often a message is tried whose handling fails for its own sake; those the store fails for are waited out.
  package static let attemptsMax = 3
  /// Messages of one transaction.
  static let batchMax = 64

  let work: Work
  let log: DurableLog
  let directory: DeviceDirectory
  let handler: any UrgentHandler
  let trims: LogTrims
  let logger: Logger

  /// - Parameter work: of the business store, migrated with `TelemetryTables.business`.
  package init(
    work: Work, log: DurableLog, directory: DeviceDirectory, handler: any UrgentHandler, trims: LogTrims,
    logger: Logger
  ) {
    self.work = work
    self.log = log
    self.directory = directory
    self.handler = handler
    self.trims = trims
    self.logger = logger
  }

  /// Where the reader stands: the segment, and how many of its messages are done.
  struct Place: Sendable, Hashable {
    var position = DurableLog.Position.start
    var record = 0
  }
}

extension UrgentReader: Service {
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      for await _ in log.commits(.urgent) {
        var pauseSeconds = 0.1
        while !Task.isCancelled {
          do {
            try await catchUp()
            break
          } catch {
            if Task.isCancelled { return }
            logger.error("urgent messages wait", metadata: ["error": "\(error)"])
            try? await work.time.sleep(for: .seconds(pauseSeconds))
            pauseSeconds = min(pauseSeconds * 2, 10)
          }
        }
      }
    }
  }

  /// Handles all that is committed now, then returns. Throws the store's own errors, after which nothing is lost.
  package func catchUp() async throws {
    var place = try await work.store.read { sql in try Self.place(sql) }
    while !Task.isCancelled {
      let segments: [DurableLog.Segment]
      do throws(DurableLogError) {
        segments = try log.read(.urgent, after: DurableLog.Position(place.position.value), bytesMax: 256 << 10)
      } catch {
        guard case .corrupt(_, let position) = error else { throw error }
        logger.error("damaged urgent segment stepped over", metadata: ["log.position": "\(position.value)"])
        place = Place(position: position)
        continue
      }
      guard !segments.isEmpty else { return }
      for segment in segments {
        try await handle(segment, from: place.record)
        place = Place(position: segment.position)
        trims.handled(through: segment.position)
      }
    }
  }

  private func handle(_ segment: DurableLog.Segment, from first: Int) async throws {
    let (messages, count) = decoded(segment)
    var next = first
    var batchMax = Self.batchMax
    var attempts = 0
    while next < count || next == 0 {
      let end = min(next + batchMax, count)
      let batch = messages.filter { $0.record >= next && $0.record < end }
      // The place names the last whole segment, and how far into the one after it the reader is.
      let place = end == count ? Place(position: segment.position) : Place(position: before(segment), record: end)
      do {
        try await commit(batch.map(\.message), place)
        next = max(end, 1)
        attempts = 0
      } catch where Self.isStores(error) {
        throw error
      } catch {
        // One of them fails: find out which by taking them one at a time.
        batchMax = 1
        if batch.count > 1 { continue }
        attempts += 1
        logger.error(
          "urgent message failed", metadata: ["error": "\(error)", "urgent.attempt": "\(attempts)"])
        if attempts < Self.attemptsMax { continue }
        try await putAside(batch.map(\.message), segment, record: next, place, error)
        next = max(end, 1)
        attempts = 0
      }
    }
  }

  private func before(_ segment: DurableLog.Segment) -> DurableLog.Position {
    DurableLog.Position(segment.position.value - 1)
  }

  private static func isStores(_ error: any Error) -> Bool {
    if error is CancellationError { return true }
    switch StoreFailure(error) {
    case .unavailable, .full: return true
    case .broken: return false
    }
  }

  private func commit(_ messages: [UrgentMessage], _ place: Place) async throws {
    let handler = handler
    _ = try await work.transaction { unit in
      for message in messages {
        guard try Self.isNew(message, unit.sql) else { continue }
        try handler.handle(unit, message)
      }
      try Self.save(place, unit.sql)
    }
  }

  private func putAside(
    _ messages: [UrgentMessage], _ segment: DurableLog.Segment, record: Int, _ place: Place, _ error: any Error
  ) async throws {
    let text = String("\(error)".prefix(500))
    _ = try await work.transaction { unit in
      for message in messages {
        try unit.sql.execute(
          """
          INSERT INTO telemetry_failed (position, record, device, channel, received_at, error, payload)
          VALUES (\(segment.position.value), \(record), \(message.device.value), \(message.channel.name),
                  \(message.receivedAt), \(text), \(message.payload))
          ON CONFLICT (position, record) DO NOTHING
          """)
      }
      try Self.save(place, unit.sql)
    }
  }

  private static func place(_ sql: SQLConnection) throws -> Place {
    let row = try sql.row("SELECT position, record FROM telemetry_cursor WHERE name = 'urgent'")
    guard let row else { return Place() }
    return Place(position: DurableLog.Position(try row.integer(0)), record: try row.int(1))
  }

  private static func save(_ place: Place, _ sql: SQLConnection) throws {
    try sql.execute(
      """
      INSERT INTO telemetry_cursor (name, position, record)
      VALUES ('urgent', \(place.position.value), \(place.record))
      ON CONFLICT (name) DO UPDATE SET position = excluded.position, record = excluded.record
      """)
  }

  /// Remembers a message's number; false when it was there.
  private static func isNew(_ message: UrgentMessage, _ sql: SQLConnection) throws -> Bool {
    let row = try sql.row("SELECT sequences FROM telemetry_handled WHERE device = \(message.device.value)")
    var sequences = try row.flatMap { SequenceState(bytes: try $0.blob(0)) } ?? SequenceState()
    // Events stand alone between telemetry, so that each is a range of its own: more of them are kept.
    guard sequences.insert(boot: message.boot, sequence: message.sequence, rangesMax: 512) else { return false }
    try sql.execute(
      """
      INSERT INTO telemetry_handled (device, sequences) VALUES (\(message.device.value), \(sequences.bytes))
      ON CONFLICT (device) DO UPDATE SET sequences = excluded.sequences
      """)
    return true
  }

  /// A segment's messages with their places in it; those refused at the door are only counted.
  private func decoded(
    _ segment: DurableLog.Segment
  ) -> (messages: [(record: Int, message: UrgentMessage)], count: Int) {
    let snapshot = directory.snapshot()
    var messages: [(record: Int, message: UrgentMessage)] = []
    var count = 0
    segment.body.withUnsafeBytes { bytes in
      for record in IntakeRecords(bytes) {
        defer { count += 1 }
        guard let channel = record.channel, let entry = snapshot[record.device] else { continue }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[record.payload])
        if let message = Self.message(record, channel, payload, entry.model) { messages.append((count, message)) }
      }
    }
    return (messages, count)
  }

  private static func message(
    _ record: IntakeRecord, _ channel: UpChannel, _ payload: UnsafeRawBufferPointer, _ model: CompiledModel
  ) -> UrgentMessage? {
    let sink = LatestSink(LatestUpdates(), device: record.device, receivedAt: record.receivedAt)
    var scan = EnvelopeScan(channel: channel, model: model, sink: sink)
    do { try scan.read(payload) } catch { return nil }
    guard let boot = scan.envelope.boot, let sequence = scan.envelope.sequence else { return nil }
    let said = scan.envelope.time.map { Instant(milliseconds: $0) }
    let isSensible = said.map { ClockWindow.admits($0, receivedAt: record.receivedAt) } ?? false
    return UrgentMessage(
      device: record.device, channel: channel, boot: boot, sequence: sequence,
      deviceTime: isSensible ? said ?? record.receivedAt : record.receivedAt, receivedAt: record.receivedAt,
      payload: [UInt8](payload))
  }
}
