package import SQLStore

/// One unit of work while it runs: the open transaction, its moment, new ids, and the journal.
///
/// Contexts extend it with their own tables' statements (`unit.save(contract)`).
package struct Unit {
  package let sql: SQLConnection
  /// The moment of the whole unit: the same for every row it writes.
  package let now: Instant
  private let ids: IDSource
  private let records: Records

  init(sql: SQLConnection, now: Instant, ids: IDSource) {
    self.sql = sql
    self.now = now
    self.ids = ids
    self.records = Records()
  }

  /// A new id.
  package func newID<Entity>(_: Entity.Type = Entity.self) -> ID<Entity> {
    ids.next()
  }

  /// Appends what happened to the journal, in this transaction.
  ///
  /// - Throws: `SQLError`, or `JournalError.tooLarge` when the event takes more than `JournalEntry.bodyBytesMax`.
  package func record(_ event: some JournalEvent, organisation: ID<Organisation>) throws {
    let body = try JournalEntry.encode(event)
    try records.lockOnce(sql)
    let row = try sql.row(
      """
      INSERT INTO journal (organisation, at, kind, subject, body)
      VALUES (\(organisation), \(now), \(type(of: event).kind), \(event.subject), \(body))
      RETURNING sequence
      """)
    records.last = try row?.integer(0)
  }

  /// Makes the entries that this unit appends from here on to the journal, or to another list whose readers go by its
  /// numbers, visible in the order of their numbers. One lock for all such lists, so that no two units wait for each
  /// other.
  package func lockOrder() throws(SQLError) {
    try records.lockOnce(sql)
  }

  /// The sequence number of the last entry this unit recorded; nil when none.
  var lastRecorded: Int64? { records.last }

  /// What copies of one unit share.
  private final class Records {
    var last: Int64?
    private var isLocked = false

    /// Entries must become visible in the order of their numbers, or a reader would step over one that commits late.
    /// SQLite has one writer anyway; on PostgreSQL whoever records holds this lock until after its commit.
    func lockOnce(_ sql: SQLConnection) throws(SQLError) {
      guard !isLocked else { return }
      // The letters "anjujrnl".
      if sql.dialect == .postgres { _ = try sql.row("SELECT pg_advisory_xact_lock(\(0x616e_6a75_6a72_6e6c as Int64))") }
      isLocked = true
    }
  }
}
