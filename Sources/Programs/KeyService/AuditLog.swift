import Guomi
import Kernel
import SQLStore

/// The key service's own log: each entry carries an SM3 hash over itself and the entry before, so that changing,
/// removing or inserting one shows. It is written in the transaction of what it tells of: what cannot be logged does
/// not happen.
package enum AuditLog {
  /// What is written of a call. Never a key, never a token.
  struct Entry {
    let at: Instant
    let caller: String
    let userID: UInt32
    let operation: String
    let subject: String
    let outcome: String
  }

  static func append(_ entry: Entry, to sql: SQLConnection) throws {
    let last = try sql.row("SELECT hash FROM vault_log ORDER BY sequence DESC LIMIT 1")?.blob("hash")
    let hash = Self.hash(entry, after: last ?? [])
    try sql.execute(
      """
      INSERT INTO vault_log (at, caller, user_id, operation, subject, outcome, hash)
      VALUES (\(entry.at), \(entry.caller), \(entry.userID), \(entry.operation), \(entry.subject), \(entry.outcome),
        \(hash))
      """)
  }

  /// Every part with its length, so that no two entries look the same.
  private static func hash(_ entry: Entry, after last: [UInt8]) -> [UInt8] {
    var hash = SM3()
    for part in [
      last, Array("\(entry.at.microseconds)".utf8), Array(entry.caller.utf8), Array("\(entry.userID)".utf8),
      Array(entry.operation.utf8), Array(entry.subject.utf8), Array(entry.outcome.utf8),
    ] {
      hash.update(Array("\(part.count):".utf8))
      hash.update(part)
    }
    return hash.digest().bytes
  }

  /// What a check of the log found.
  package struct Check: Sendable, Equatable {
    package let entries: Int
    /// The last entry's hash: to be kept somewhere else, since whoever can rewrite the file can rewrite it whole.
    package let head: [UInt8]
    /// The first entry that does not follow from the one before; nil when all do.
    package let brokenAt: Int64?
  }

  static func check(_ sql: SQLConnection) throws -> Check {
    var last: [UInt8] = []
    var count = 0
    var broken: Int64?
    var expected: Int64 = 1
    try sql.each("SELECT * FROM vault_log ORDER BY sequence") { row in
      let sequence = try row.integer("sequence")
      let entry = Entry(
        at: try row.instant("at"), caller: try row.text("caller"), userID: UInt32(clamping: try row.integer("user_id")),
        operation: try row.text("operation"), subject: try row.text("subject"), outcome: try row.text("outcome"))
      let hash = try row.blob("hash")
      if broken == nil, sequence != expected || Self.hash(entry, after: last) != hash { broken = sequence }
      last = hash
      expected = sequence + 1
      count += 1
    }
    return Check(entries: count, head: last, brokenAt: broken)
  }
}
