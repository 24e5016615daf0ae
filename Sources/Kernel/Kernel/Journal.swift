import Foundation
import SQLStore

/// What happened, as one context tells the others. Decoding must stay able to read what was ever recorded.
package protocol JournalEvent: Codable, Sendable {
  /// Stable: `alarm.raised`.
  static var kind: String { get }
  /// What it happened to: an id's text, a device's name. No personal data.
  var subject: String { get }
}

/// One line of the journal.
package struct JournalEntry: Sendable, Hashable {
  /// The most bytes an event's JSON may take.
  package static let bodyBytesMax = 65_536

  /// Grows from entry to entry and with the order of commits; may have gaps.
  package let sequence: Int64
  package let organisation: ID<Organisation>
  package let at: Instant
  package let kind: String
  package let subject: String
  /// The event as JSON.
  package let body: [UInt8]

  package init(
    sequence: Int64, organisation: ID<Organisation>, at: Instant, kind: String, subject: String, body: [UInt8]
  ) {
    self.sequence = sequence
    self.organisation = organisation
    self.at = at
    self.kind = kind
    self.subject = subject
    self.body = body
  }

  /// The event again.
  ///
  /// - Throws: `JournalError.otherKind`, or `DecodingError` when the body is not such an event.
  package func decode<E: JournalEvent>(_: E.Type = E.self) throws -> E {
    guard kind == E.kind else { throw JournalError.otherKind(expected: E.kind, found: kind) }
    return try JSONDecoder().decode(E.self, from: Data(body))
  }

  static func encode(_ event: some JournalEvent) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let body = Array(try encoder.encode(event))
    guard body.count <= bodyBytesMax else {
      throw JournalError.tooLarge(kind: type(of: event).kind, bytes: body.count)
    }
    return body
  }
}

/// A fault of the program that uses the journal.
package enum JournalError: Error, Sendable, Hashable {
  case tooLarge(kind: String, bytes: Int)
  case otherKind(expected: String, found: String)
  /// There is no such parked entry.
  case notParked
}

/// All that happened, in the order of commits.
package struct Journal: Sendable {
  /// The most entries one `read` gives.
  package static let limitMax = 10_000

  let work: Work

  package init(work: Work) {
    self.work = work
  }

  /// The entries after a sequence number, oldest first.
  ///
  /// - Parameters:
  ///   - kinds: only these; nil for all.
  ///   - organisation: only this one's; nil for all, which is for the platform's own readers.
  ///   - limit: 1 to `limitMax`; more is cut.
  /// - Throws: `StoreFailure`.
  package func read(
    after sequence: Int64, kinds: Set<String>? = nil, organisation: ID<Organisation>? = nil, limit: Int
  ) async throws -> [JournalEntry] {
    do {
      return try await work.store.read { sql in
        try Self.read(sql, after: sequence, kinds: kinds, organisation: organisation, limit: limit)
      }
    } catch {
      throw StoreFailure(error)
    }
  }

  /// The highest sequence number; 0 for an empty journal.
  ///
  /// - Throws: `StoreFailure`.
  package func last() async throws -> Int64 {
    do {
      return try await work.store.read { try Self.last($0) }
    } catch {
      throw StoreFailure(error)
    }
  }

  /// Gives a sequence number after commits of this process, the newest only when the reader is slow. Where other
  /// processes write to the store too, a `JournalWatch` must run for it to hear of theirs. Read once before waiting.
  package func changes() -> AsyncStream<Int64> {
    work.signal.changes()
  }

  static func read(
    _ sql: SQLConnection, after sequence: Int64, kinds: Set<String>?, organisation: ID<Organisation>?, limit: Int
  ) throws -> [JournalEntry] {
    var query: SQL = "SELECT sequence, organisation, at, kind, subject, body FROM journal WHERE sequence > \(sequence)"
    if let kinds { query += " AND kind IN \(list: kinds.sorted())" }
    if let organisation { query += " AND organisation = \(organisation)" }
    query += " ORDER BY sequence LIMIT \(max(1, min(limit, limitMax)))"
    return try sql.rows(query).map { row in
      JournalEntry(
        sequence: try row.integer("sequence"), organisation: try row.id("organisation"), at: try row.instant("at"),
        kind: try row.text("kind"), subject: try row.text("subject"), body: try row.blob("body"))
    }
  }

  static func last(_ sql: SQLConnection) throws -> Int64 {
    try sql.row("SELECT coalesce(max(sequence), 0) AS last FROM journal")?.integer("last") ?? 0
  }
}
