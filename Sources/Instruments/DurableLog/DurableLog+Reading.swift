import GRDBSQLite
import Synchronization

extension DurableLog {
  /// Committed batches of a lane in order, beginning after a position; nothing when there are none.
  ///
  /// - Parameter bytesMax: ends after the batch that reaches it; at least one batch is given.
  /// - Throws: `.corrupt` when the first batch does not match its checksum (those before it were given by the call
  ///   before; read on after the named position to pass over it); `.io`.
  public func read(_ lane: Lane, after: Position, bytesMax: Int) throws(DurableLogError) -> [Segment] {
    if lane == .urgent {
      try urgentReader.withLock { file throws(DurableLogError) in
        try Self.segments(&file, lane: lane, after: after, bytesMax: bytesMax)
      }
    } else {
      try bulkReader.withLock { file throws(DurableLogError) in
        try Self.segments(&file, lane: lane, after: after, bytesMax: bytesMax)
      }
    }
  }

  private static func segments(
    _ file: inout SQLiteFile, lane: Lane, after: Position, bytesMax: Int
  ) throws(DurableLogError) -> [Segment] {
    let table = lane == .urgent ? "urgent" : "bulk"
    let statement = try file.prepared(
      "SELECT position, format, records, checksum, body FROM \(table) WHERE position > ?1 ORDER BY position")
    sqlite3_bind_int64(statement, 1, after.value)
    defer { sqlite3_reset(statement) }
    var segments: [Segment] = []
    var bytes = 0
    while bytes < bytesMax || segments.isEmpty, try file.step(statement) {
      let position = Position(sqlite3_column_int64(statement, 0))
      let records = sqlite3_column_int64(statement, 2)
      let count = Int(sqlite3_column_bytes(statement, 4))
      let body = UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, 4), count: count)
      let checksum = CRC32C.checksum(body, seed: UInt32(truncatingIfNeeded: records))
      guard sqlite3_column_int64(statement, 1) == 1, sqlite3_column_int64(statement, 3) == Int64(checksum) else {
        if segments.isEmpty { throw .corrupt(lane, position) }
        break
      }
      segments.append(Segment(position: position, records: Int(records), body: [UInt8](body)))
      bytes += count
    }
    return segments
  }

  /// Makes or checks the file, before the threads begin.
  static func prepareFile(path: String, options: Options) throws(DurableLogError) {
    var file = try SQLiteFile(path: path)
    file.keepWAL()
    let isNew = try file.integer("SELECT count(*) FROM sqlite_master") == 0
    let application = try file.integer("PRAGMA application_id") ?? 0
    let version = try file.integer("PRAGMA user_version") ?? 0
    if !isNew, application != applicationID || version != 1 {
      throw .unknownFormat("application \(application), version \(version)")
    }
    guard isNew else {
      try quickCheck(&file)
      return try preallocate(path: path, bytes: options.preallocatedBytes)
    }
    try file.execute("PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    let columns = """
      (position INTEGER PRIMARY KEY, format INTEGER NOT NULL, records INTEGER NOT NULL,
       checksum INTEGER NOT NULL, body BLOB NOT NULL)
      """
    try file.execute(
      """
      BEGIN IMMEDIATE;
      CREATE TABLE urgent \(columns);
      CREATE TABLE bulk \(columns);
      CREATE TABLE lane (name TEXT PRIMARY KEY, trimmed INTEGER NOT NULL) WITHOUT ROWID;
      INSERT INTO lane VALUES ('urgent', 0), ('bulk', 0);
      PRAGMA application_id=\(applicationID);
      PRAGMA user_version=1;
      COMMIT;
      """)
    try file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    try preallocate(path: path, bytes: options.preallocatedBytes)
  }

  /// "AnjL": so that no other SQLite file is taken for a log.
  private static var applicationID: Int64 { 0x416e_6a4c }

  /// Verifies the newest segments of each lane, which a power cut would have hit; older ones are verified when read.
  private static func quickCheck(_ file: inout SQLiteFile) throws(DurableLogError) {
    for lane in Lane.allCases {
      let table = lane == .urgent ? "urgent" : "bulk"
      let last = try file.integer("SELECT max(position) FROM \(table)") ?? 0
      var position = Position(max(0, last - 64))
      while position.value < last {
        let segments = try segments(&file, lane: lane, after: position, bytesMax: 4 << 20)
        guard let end = segments.last else { break }
        position = end.position
      }
    }
  }
}
