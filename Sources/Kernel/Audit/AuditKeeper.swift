import Kernel
import Logging
import MerkleLog
import ServiceLifecycle
import SQLStore

/// Keeps the tree up with the entries: hashes new ones every second, signs a checkpoint every 60 seconds or 1,000
/// entries, and copies it to other places. Each of its steps is one commit or can be done again, so that it may be
/// killed at any moment; several processes may run it on one store.
package struct AuditKeeper: Service {
  /// How often it looks.
  static let interval: Duration = .seconds(1)
  /// How many entries one commit hashes.
  static let batchMax = 1_000
  /// A checkpoint is made after so many new entries,
  static let entriesMax = 1_000
  /// or after so many seconds when there is a new entry.
  static let secondsMax: Int64 = 60
  /// How many checkpoints one step copies to a place.
  static let copiesMax = 100
  /// How many failures in a row are told once.
  static let failuresSilent = 60

  private let log: AuditLog
  private let signer: any CheckpointSigner
  private let places: [any CheckpointPlace]

  package init(log: AuditLog, signer: any CheckpointSigner, places: [any CheckpointPlace] = []) {
    self.log = log
    self.signer = signer
    self.places = places
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      var failures = 0
      while !Task.isCancelled {
        do {
          try await step()
          if failures > 0 { log.work.logger.notice("audit log is kept again", metadata: ["failures": "\(failures)"]) }
          failures = 0
        } catch where !Task.isCancelled {
          // Once a minute is enough to be seen.
          if failures % Self.failuresSilent == 0 { tell(error) }
          failures += 1
        } catch {}
        try? await log.work.time.sleep(for: Self.interval)
      }
    }
    // What was written last shall not wait for the next start. A task of its own, waited for: this one may be
    // cancelled, and then the store would do nothing more for it.
    do { try await Task { try await step(isLast: true) }.value } catch {
      log.work.logger.warning("audit log not sealed at the end", metadata: ["error": "\(error)"])
    }
  }

  private func tell(_ error: any Error) {
    if let waiting = error as? CheckpointWaits {
      log.work.logger.warning(
        "audit entries are kept, their checkpoint waits: nobody signs it", metadata: ["error": "\(waiting.cause)"])
    } else {
      log.work.logger.error("audit log cannot be kept", metadata: ["error": "\(error)"])
    }
  }

  /// All that is to be done now. Entries are hashed and older checkpoints copied even when nobody signs.
  ///
  /// - Parameter isLast: makes a checkpoint for any new entry.
  /// - Throws: `CheckpointWaits` when nobody signs now; everything else is done then.
  package func step(isLast: Bool = false) async throws {
    var waiting: CheckpointWaits?
    while true {
      let isMore = try await hashNext() == Self.batchMax
      if waiting == nil {
        do { try await checkpoint(isLast: isLast && !isMore) } catch let error as CheckpointWaits { waiting = error }
      }
      if !isMore { break }
    }
    for place in places { await copy(to: place) }
    if let waiting { throw waiting }
  }

  // MARK: Hashing

  /// Hashes the next entries into the tree.
  ///
  /// - Returns: how many.
  func hashNext() async throws -> Int {
    do {
      return try await log.work.store.write { sql in
        try Self.lock(sql)
        let nodes = AuditNodes(sql: sql)
        let end = try nodes.end()
        let rows = try sql.rows(
          """
          SELECT sequence, body FROM audit_entry WHERE sequence > \(end.sequence) ORDER BY sequence
          LIMIT \(Self.batchMax)
          """)
        guard !rows.isEmpty else { return 0 }
        var frontier = try MerkleFrontier(size: end.size, of: nodes)
        var leaves: [(sequence: Int64, node: MerkleNode)] = []
        var completed: [MerkleNode] = []
        for row in rows {
          let leaf = AuditHash.tree.leaf(Array(try row.text("body").utf8))
          let added = frontier.append(leaf, hash: AuditHash.tree)
          leaves.append((try row.integer("sequence"), added[0]))
          completed += added.dropFirst()
        }
        try nodes.append(leaves, completed)
        return rows.count
      }
    } catch let error as SQLError {
      // Another process hashed the same entries at the same moment: it is done.
      if case .unique = error { return 0 }
      throw error
    }
  }

  /// One process hashes at a time; SQLite's write transaction is that lock already.
  private static func lock(_ sql: SQLConnection) throws {
    guard sql.dialect == .postgres else { return }
    // The letters "anjuaudt".
    _ = try sql.row("SELECT pg_advisory_xact_lock(\(0x616e_6a75_6175_6474 as Int64))")
  }

  // MARK: Checkpoints

  private func sign(_ bytes: [UInt8]) async throws -> CheckpointSignature {
    do { return try await signer.sign(bytes) } catch { throw CheckpointWaits(cause: error) }
  }

  private struct Due: Sendable {
    let size: Int
    let root: MerkleDigest
  }

  /// Signs what is there, if it is time.
  private func checkpoint(isLast: Bool) async throws {
    let now = log.work.time.now()
    let due = try await log.work.store.read { sql -> Due? in
      let nodes = AuditNodes(sql: sql)
      let size = try nodes.end().size
      let last = try sql.row("SELECT size, made_at FROM audit_checkpoint ORDER BY size DESC LIMIT 1")
      let before = try last?.int("size") ?? 0
      guard size > before else { return nil }
      // A clock that was set back does not stop them.
      let age = try last.map { now.microseconds(since: try $0.instant("made_at")).magnitude } ?? .max
      guard isLast || size - before >= Self.entriesMax || age >= UInt64(Self.secondsMax * 1_000_000) else { return nil }
      let reader = MerkleReader(nodes, hash: AuditHash.tree)
      try Self.requireGrowth(from: nodes.newestCheckpoint(), reader)
      return Due(size: size, root: try reader.root(size: size))
    }
    guard let due else { return }
    let checkpoint = try Checkpoint(
      origin: try await log.origin(), size: due.size, root: due.root, time: now.description)
    let signature = try await sign(checkpoint.signedBytes)
    let note = try SignedCheckpoint(checkpoint, signatures: [signature]).text
    try await log.work.store.write { sql in
      // Another process may have signed the same size meanwhile: one is enough, two would look like a fork.
      guard try sql.row("SELECT size FROM audit_checkpoint WHERE size >= \(due.size) LIMIT 1") == nil else { return }
      try sql.execute("INSERT INTO audit_checkpoint (size, made_at, note) VALUES (\(due.size), \(now), \(note))")
    }
  }

  /// Nothing is signed that contradicts what was signed before.
  private static func requireGrowth(
    from last: SignedCheckpoint?, _ reader: MerkleReader<AuditNodes>
  ) throws {
    guard let last = last?.checkpoint else { return }
    guard try reader.root(size: last.size) == last.root else {
      throw AuditError.damaged("the tree no longer has the root that was signed at \(last.size) entries")
    }
  }

  // MARK: Copies

  private func copy(to place: any CheckpointPlace) async {
    do {
      let name = place.name
      let notes = try await log.work.store.read { sql in
        let done = try sql.row("SELECT size FROM audit_copy WHERE place = \(name)")?.integer(0) ?? 0
        return try sql.rows(
          "SELECT note FROM audit_checkpoint WHERE size > \(done) ORDER BY size LIMIT \(Self.copiesMax)"
        ).map { try $0.text(0) }
      }
      guard !notes.isEmpty else { return }
      var last = 0
      for note in notes {
        let checkpoint = try SignedCheckpoint(text: note)
        try await place.keep(checkpoint)
        last = checkpoint.checkpoint.size
      }
      let size = last
      try await log.work.store.write { sql in
        try sql.execute(
          """
          INSERT INTO audit_copy (place, size) VALUES (\(name), \(size))
          ON CONFLICT (place) DO UPDATE SET size = excluded.size
          """)
      }
    } catch {
      log.work.logger.error(
        "audit checkpoint not copied", metadata: ["audit.place": "\(place.name)", "error": "\(error)"])
    }
  }
}

/// A checkpoint is due and nobody signs it: the key service is down. The entries are kept, and signed later.
package struct CheckpointWaits: Error {
  /// What the signer said.
  package let cause: any Error
}
