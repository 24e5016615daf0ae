import Logging
import SQLStore

extension JournalReader {
  /// One batch: reads, reacts, commits.
  ///
  /// - Returns: false when nothing was left.
  /// - Throws: the store's errors only.
  func step(_ progress: inout Progress) async throws -> Bool {
    let batch = try await read(from: progress.seen)
    guard !batch.entries.isEmpty else {
      try await stepOver(batch, &progress)
      return false
    }
    do {
      // What failed before stands alone, so that its neighbours are not undone with it.
      let before = progress.failing.map { failing in batch.entries.prefix { $0.sequence < failing.sequence } }
      let entries = before.map { $0.isEmpty ? batch.entries.prefix(1) : $0 } ?? batch.entries[...]
      try await commit(Array(entries), from: batch.place, &progress)
    } catch let failure as ReactionFailure where failure.isStoreFailure {
      throw failure.underlying
    } catch let failure as ReactionFailure {
      try await failed(failure, batch.entries[0], place: batch.place, &progress)
    }
    return true
  }

  /// Reacts to a parked entry once more, and takes it off the list when that succeeds.
  ///
  /// - Throws: `JournalError.notParked`, or what the reaction throws.
  package func retryParked(_ sequence: Int64) async throws {
    let (name, react) = (name, react)
    try await work.transaction { unit in
      let removed = try unit.sql.execute(
        "DELETE FROM journal_parked WHERE reader = \(name) AND sequence = \(sequence)")
      let entry = try Journal.read(unit.sql, after: sequence - 1, kinds: nil, organisation: nil, limit: 1).first
      guard removed == 1, let entry, entry.sequence == sequence else { throw JournalError.notParked }
      try react(unit, entry)
    }
  }

  private struct Batch: Sendable {
    /// The reader's place as it is written down; nil when it has none yet.
    let place: Int64?
    let entries: [JournalEntry]
    /// The journal's end at the moment of reading.
    let end: Int64
  }

  private func read(from seen: Int64) async throws -> Batch {
    let (name, kinds, batchMax) = (name, kinds, batchMax)
    return try await work.store.read { sql in
      let place = try sql.row("SELECT sequence FROM journal_cursor WHERE reader = \(name)")?.integer(0)
      let end = try Journal.last(sql)
      let entries = try Journal.read(
        sql, after: max(seen, place ?? 0), kinds: kinds, organisation: nil, limit: batchMax)
      return Batch(place: place, entries: entries, end: end)
    }
  }

  private func commit(
    _ entries: [JournalEntry], from place: Int64?, _ progress: inout Progress
  ) async throws {
    guard let last = entries.last else { return }
    let react = react
    let isMoved = try await move(from: place, to: last.sequence) { unit in
      for entry in entries {
        do {
          try react(unit, entry)
        } catch {
          throw ReactionFailure(sequence: entry.sequence, underlying: error)
        }
      }
    }
    // Another process with the same reader was quicker: its place is read next.
    progress.seen = isMoved ? last.sequence : 0
    if let failing = progress.failing, failing.sequence <= last.sequence { progress.failing = nil }
  }

  /// Moves the place on and does the effect in one transaction; does neither when the place is not where it was.
  private func move(
    from place: Int64?, to next: Int64, effect: @escaping @Sendable (Unit) throws -> Void
  ) async throws -> Bool {
    let name = name
    return try await work.transaction { unit in
      let moved: Int
      if let place {
        moved = try unit.sql.execute(
          "UPDATE journal_cursor SET sequence = \(next) WHERE reader = \(name) AND sequence = \(place)")
      } else {
        moved = try unit.sql.execute(
          "INSERT INTO journal_cursor (reader, sequence) VALUES (\(name), \(next)) ON CONFLICT DO NOTHING")
      }
      guard moved == 1 else { return false }
      try effect(unit)
      return true
    }
  }

  /// Nothing to react to. The place is written down now and then only, or every commit of others would cost one more.
  private func stepOver(_ batch: Batch, _ progress: inout Progress) async throws {
    if batch.end - (batch.place ?? 0) >= Self.skippedMax {
      _ = try await move(from: batch.place, to: batch.end) { _ in }
    }
    progress.seen = max(progress.seen, batch.end)
  }

  private func failed(
    _ failure: ReactionFailure, _ first: JournalEntry, place: Int64?, _ progress: inout Progress
  ) async throws {
    guard failure.sequence == first.sequence else {
      // The entries before it shared its transaction: they go first, alone, then it stands at the front.
      progress.failing = (failure.sequence, 0)
      return
    }
    let before = progress.failing?.sequence == first.sequence ? progress.failing?.attempts ?? 0 : 0
    progress.failing = (first.sequence, before + 1)
    let metadata: Logger.Metadata = [
      "journal.reader": "\(name)", "journal.sequence": "\(first.sequence)", "journal.kind": "\(first.kind)",
      "attempts": "\(before + 1)", "error": "\(failure.underlying)",
    ]
    guard before + 1 >= Self.attemptsMax else {
      work.logger.warning("journal reaction failed, trying again", metadata: metadata)
      try await work.time.sleep(for: Self.pause(after: before + 1))
      return
    }
    try await park(first, place: place, attempts: before + 1, error: failure.underlying)
    progress.seen = first.sequence
    progress.failing = nil
    work.logger.error("journal reaction failed for good, entry parked", metadata: metadata)
  }

  private func park(_ entry: JournalEntry, place: Int64?, attempts: Int, error: any Error) async throws {
    let (name, text) = (name, String("\(error)".prefix(1_000)))
    _ = try await move(from: place, to: entry.sequence) { unit in
      try unit.sql.execute(
        """
        INSERT INTO journal_parked (reader, sequence, attempts, error, parked_at)
        VALUES (\(name), \(entry.sequence), \(attempts), \(text), \(unit.now))
        """)
    }
  }
}

/// Which entry's reaction threw, and what.
private struct ReactionFailure: Error {
  let sequence: Int64
  let underlying: any Error

  /// Whether the entry is not to blame.
  var isStoreFailure: Bool {
    switch StoreFailure(underlying) {
    case .unavailable, .full: true
    case .broken: false
    }
  }
}

/// An entry that a reader gave up on.
package struct ParkedEntry: Sendable, Hashable {
  package let reader: String
  package let sequence: Int64
  package let attempts: Int
  /// What the last attempt threw.
  package let error: String
  package let parkedAt: Instant
}

extension Journal {
  /// The parked entries, oldest first, at most `limit`.
  ///
  /// - Throws: `StoreFailure`.
  package func parked(limit: Int = 100) async throws -> [ParkedEntry] {
    do {
      return try await work.store.read { sql in
        try sql.rows(
          """
          SELECT reader, sequence, attempts, error, parked_at FROM journal_parked
          ORDER BY sequence, reader LIMIT \(max(1, min(limit, Self.limitMax)))
          """
        ).map { row in
          ParkedEntry(
            reader: try row.text("reader"), sequence: try row.integer("sequence"), attempts: try row.int("attempts"),
            error: try row.text("error"), parkedAt: try row.instant("parked_at"))
        }
      }
    } catch {
      throw StoreFailure(error)
    }
  }
}
