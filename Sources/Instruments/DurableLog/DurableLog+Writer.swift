import Dispatch
import GRDBSQLite
import Logging
import Synchronization

/// The connection that writes, and where each lane stands.
struct Writer: ~Copyable {
  var file: SQLiteFile
  /// The position the next batch of each lane gets.
  var next: [Int64]
  /// What has been removed of each lane.
  var trimmed: [Int64]
  /// Bytes the write-ahead log has grown by since the last checkpoint began, roughly.
  var bytesSinceCheckpoint = 0

  static let insert = [
    "INSERT INTO urgent (position, format, records, checksum, body) VALUES (?1, 1, ?2, ?3, ?4)",
    "INSERT INTO bulk (position, format, records, checksum, body) VALUES (?1, 1, ?2, ?3, ?4)",
  ]

  init(path: String, options: DurableLog.Options) throws(DurableLogError) {
    var file = try SQLiteFile(path: path)
    file.keepWAL()
    try file.execute("PRAGMA synchronous=\(options.synchronous == .full ? "FULL" : "NORMAL")")
    try file.execute("PRAGMA wal_autocheckpoint=0")
    // Pages of removed segments are used again within minutes; writing zeros over them first would double the writes.
    try file.execute("PRAGMA secure_delete=FAST")
    try file.execute("PRAGMA cache_size=-8192")
    let synchronous = try file.integer("PRAGMA synchronous") ?? -1
    guard synchronous == Int64(options.synchronous.rawValue) else {
      throw .notDurable(synchronous: Int(synchronous))
    }
    let ends = try [Self.ends(&file, table: "urgent"), Self.ends(&file, table: "bulk")]
    self.init(file: file, ends: ends)
  }

  private init(file: consuming SQLiteFile, ends: [(removed: Int64, last: Int64)]) {
    self.file = file
    next = ends.map { max($0.removed, $0.last) + 1 }
    trimmed = ends.map(\.removed)
  }

  private static func ends(
    _ file: inout SQLiteFile, table: String
  ) throws(DurableLogError) -> (removed: Int64, last: Int64) {
    let removed = try file.integer("SELECT trimmed FROM lane WHERE name = '\(table)'") ?? 0
    return (removed, try file.integer("SELECT max(position) FROM \(table)") ?? 0)
  }

  /// What may be removed of a lane: never what is not there yet, whatever was asked.
  func removable(_ lane: Int, _ asked: Int64) -> Int64 { min(asked, next[lane] - 1) }

  /// Whether there is something to remove.
  func isTrimDue(_ asked: [Int64]) -> Bool {
    removable(0, asked[0]) > trimmed[0] || removable(1, asked[1]) > trimmed[1]
  }

  /// Commits batches, and removes a little of what was trimmed; all or nothing.
  mutating func commit(
    _ batches: [[Pending]], trim: [Int64], trimStepBytes: Int
  ) throws(DurableLogError) -> (next: [Int64], removed: Int) {
    try file.execute("BEGIN IMMEDIATE")
    do throws(DurableLogError) {
      var positions = next
      for lane in 0..<2 {
        for batch in batches[lane] {
          try insert(batch, lane: lane, at: positions[lane])
          positions[lane] += 1
        }
      }
      var removed = 0
      var through = trimmed
      for lane in 0..<2 where removable(lane, trim[lane]) > trimmed[lane] {
        let step = try removeStep(lane: lane, through: removable(lane, trim[lane]), bytesMax: trimStepBytes)
        through[lane] = step.through
        removed += step.removed
      }
      try file.execute("COMMIT")
      next = positions
      trimmed = through
      return (positions, removed)
    } catch {
      // After some errors SQLite has rolled back by itself; then this answers an error that says nothing new.
      if sqlite3_get_autocommit(file.handle) == 0 { sqlite3_exec(file.handle, "ROLLBACK", nil, nil, nil) }
      throw error
    }
  }

  private mutating func insert(_ batch: Pending, lane: Int, at position: Int64) throws(DurableLogError) {
    let statement = try file.prepared(Self.insert[lane])
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    let stored = batch.body.withUnsafeBytes { bytes -> Result<Bool, DurableLogError> in
      sqlite3_bind_int64(statement, 1, position)
      sqlite3_bind_int64(statement, 2, Int64(batch.records))
      sqlite3_bind_int64(statement, 3, Int64(CRC32C.checksum(bytes, seed: UInt32(truncatingIfNeeded: batch.records))))
      // A nil destructor is SQLITE_STATIC: the bytes stay where they are until the step below has copied them.
      if bytes.isEmpty {
        sqlite3_bind_zeroblob(statement, 4, 0)
      } else {
        sqlite3_bind_blob(statement, 4, bytes.baseAddress, Int32(bytes.count), nil)
      }
      return Result { () throws(DurableLogError) in try file.step(statement) }
    }
    _ = try stored.get()
    bytesSinceCheckpoint += batch.body.count + 4_096
  }

  /// Removes segments from the front of a lane until `bytesMax`, at least one.
  private mutating func removeStep(
    lane: Int, through: Int64, bytesMax: Int
  ) throws(DurableLogError) -> (through: Int64, removed: Int) {
    let table = lane == 0 ? "urgent" : "bulk"
    let sizes = try file.prepared("SELECT position, length(body) FROM \(table) WHERE position <= ?1 ORDER BY position")
    sqlite3_bind_int64(sizes, 1, through)
    var last = through
    var bytes: Int64 = 0
    while try file.step(sizes) {
      bytes += sqlite3_column_int64(sizes, 1) + 64
      last = sqlite3_column_int64(sizes, 0)
      if bytes >= Int64(bytesMax) { break }
      last = through
    }
    sqlite3_reset(sizes)
    let remove = try file.prepared("DELETE FROM \(table) WHERE position <= ?1")
    sqlite3_bind_int64(remove, 1, last)
    defer { sqlite3_reset(remove) }
    _ = try file.step(remove)
    let removed = Int(sqlite3_changes(file.handle))
    let mark = try file.prepared("UPDATE lane SET trimmed = ?1 WHERE name = ?2")
    sqlite3_bind_int64(mark, 1, last)
    sqlite3_bind_text(mark, 2, table, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
    defer { sqlite3_reset(mark) }
    _ = try file.step(mark)
    bytesSinceCheckpoint += 16_384
    return (last, removed)
  }
}

extension DurableLog {
  private struct Work {
    var batches: [[Pending]] = [[], []]
    var trim: [Int64] = [0, 0]
    var isLast = false
  }

  /// The writer's thread.
  func runWriter() {
    while true {
      let work = nextWork()
      if work.isLast { return }
      commit(work)
    }
  }

  private func nextWork() -> Work {
    var lingered = options.lingerMicroseconds == 0
    while true {
      let asked = queue.withLock { $0.trimThrough }
      let isTrimDue = writer.withLock { $0.isTrimDue(asked) }
      let found = queue.withLock { waiting -> Work? in
        if waiting.urgent.isEmpty, waiting.bulk.isEmpty {
          if isTrimDue { return Work(trim: asked) }
          if waiting.closing { return Work(isLast: true) }
          // Asked for since the look above: look again.
          if waiting.trimThrough != asked { return Work() }
          waiting.sleeping = true
          return nil
        }
        if !lingered, waiting.urgent.isEmpty, !waiting.closing {
          waiting.lingering = true
          return nil
        }
        let (urgent, bulk) = waiting.take(bytesMax: options.commitBytesMax)
        return Work(batches: [urgent, bulk], trim: waiting.trimThrough)
      }
      if let found { return found }
      let isLingering = queue.withLock { $0.lingering }
      if isLingering {
        _ = wake.wait(timeout: .now() + .microseconds(min(1_000, options.lingerMicroseconds)))
        queue.withLock { $0.lingering = false }
        lingered = true
      } else {
        wake.wait()
      }
    }
  }

  private func commit(_ work: Work) {
    let isEmpty = work.batches.allSatisfy(\.isEmpty)
    // Nothing is removed in a commit that alarms wait for.
    let trim = work.batches[0].isEmpty ? work.trim : [0, 0]
    let outcome = writer.withLock { writer -> Result<(next: [Int64], removed: Int), DurableLogError> in
      do throws(DurableLogError) {
        return .success(try writer.commit(work.batches, trim: trim, trimStepBytes: options.trimStepBytes))
      } catch {
        if isEmpty || trim == [0, 0] { return .failure(error) }
      }
      // Perhaps only the removal failed: the batches must not suffer for it.
      return Result { () throws(DurableLogError) in
        try writer.commit(work.batches, trim: [0, 0], trimStepBytes: 0)
      }
    }
    settle(work, outcome)
    let isLarge = writer.withLock { writer in
      guard writer.bytesSinceCheckpoint >= options.checkpointBytes else { return false }
      writer.bytesSinceCheckpoint = 0
      return true
    }
    if isLarge { checkpointWake.signal() }
  }

  private func settle(_ work: Work, _ outcome: Result<(next: [Int64], removed: Int), DurableLogError>) {
    let bytes = work.batches.reduce(0) { $0 + $1.reduce(0) { $0 + $1.body.count } }
    queue.withLock { $0.bytes -= bytes }
    switch outcome {
    case .success(let done):
      note(work, bytes: bytes, done: done)
      for lane in 0..<2 {
        var position = done.next[lane] - Int64(work.batches[lane].count)
        for batch in work.batches[lane] {
          batch.whenDurable(.success(Position(position)))
          position += 1
        }
      }
    case .failure(let error):
      counters.withLock { $0.figures.failedCommits += 1 }
      logger.error("log commit failed", metadata: ["log.error": "\(error)"])
      if work.batches.allSatisfy(\.isEmpty) {
        // Removing can wait: forget the wish, the next one repeats it.
        queue.withLock { $0.trimThrough = [0, 0] }
      }
      for batch in work.batches.joined() { batch.whenDurable(.failure(error)) }
    }
  }

  private func note(_ work: Work, bytes: Int, done: (next: [Int64], removed: Int)) {
    counters.withLock { counters in
      counters.figures.commits += 1
      counters.figures.bytes += Int64(bytes)
      counters.figures.trimmedSegments += Int64(done.removed)
      for lane in 0..<2 where !work.batches[lane].isEmpty {
        counters.figures.batches += Int64(work.batches[lane].count)
        counters.figures.records += Int64(work.batches[lane].reduce(0) { $0 + $1.records })
        counters.committed[lane] = Position(done.next[lane] - 1)
      }
    }
    let listeners = counters.withLock { counters in
      (0..<2).filter { !work.batches[$0].isEmpty }.flatMap { counters.listeners[$0].values }
    }
    for listener in listeners { listener.yield() }
  }
}
