package import Kernel
import MerkleLog
import SQLStore

/// The audit log (审计日志): who did what, when, from where and why, in an order that cannot be changed unnoticed.
///
/// Entries are written by `unit.audit`, in the transaction of what they tell of. This is how they are read and proved.
package struct AuditLog: Sendable {
  /// The most entries of one exported file.
  package static let exportMax = 20_000

  let work: Work
  private let known: @Sendable () -> CheckpointKeys

  package init(work: Work, keys: CheckpointKeys) {
    self.init(work: work) { keys }
  }

  /// - Parameter keys: asked each time: a key may come to be known while the program runs.
  package init(work: Work, keys: @escaping @Sendable () -> CheckpointKeys) {
    self.work = work
    known = keys
  }

  /// The keys whose checkpoints are believed.
  package var keys: CheckpointKeys { known() }

  /// The organisation's entries, newest first; needs `audit.read`.
  ///
  /// - Source: clause 6.8.2 g.
  package func search(_ query: AuditQuery, by principal: Principal) async throws(AuditError) -> Page<AuditEntry> {
    do { try principal.require(.auditRead) } catch { throw AuditError(error) }
    return try await search(query, of: principal.organisation)
  }

  /// `search` for the operator's own command, which asks no permission: whoever may read the store's files.
  ///
  /// - Parameter organisation: nil for all.
  package func search(
    _ query: AuditQuery, of organisation: ID<Organisation>?
  ) async throws(AuditError) -> Page<AuditEntry> {
    try query.check()
    let limit = query.page.limit
    return try await work.read(AuditError.self) { sql in
      let before = query.page.cursor.flatMap { Int64($0) }
      let found = try sql.auditEntries(query, of: organisation, before: before, limit: limit + 1)
      let items = Array(found.prefix(limit))
      return Page(items: items, next: found.count > limit ? items.last.map { String($0.number) } : nil)
    }
  }

  /// One entry and how well it is proved, worked out now; needs `audit.read`.
  package func entry(
    _ number: Int64, by principal: Principal
  ) async throws(AuditError) -> (entry: AuditEntry, state: AuditProofState) {
    do { try principal.require(.auditRead) } catch { throw AuditError(error) }
    return try await entry(number, of: principal.organisation)
  }

  /// `entry` for the operator's own command.
  package func entry(
    _ number: Int64, of organisation: ID<Organisation>?
  ) async throws(AuditError) -> (entry: AuditEntry, state: AuditProofState) {
    let keys = keys
    return try await work.read(AuditError.self) { sql in
      let entry = try sql.auditEntry(number, of: organisation)
      return (entry, try Self.state(of: entry, sql, keys))
    }
  }

  private static func state(
    of entry: AuditEntry, _ sql: SQLConnection, _ keys: CheckpointKeys
  ) throws -> AuditProofState {
    guard let leaf = entry.leaf else { return .waiting }
    let nodes = AuditNodes(sql: sql)
    guard let signed = try nodes.checkpoint(holding: leaf) else { return .hashed(leaf: leaf) }
    let checkpoint = signed.checkpoint
    let broken = AuditProofState.broken(leaf: leaf, size: checkpoint.size)
    do {
      try signed.require(keys.verify)
      let proof = try MerkleReader(nodes, hash: AuditHash.tree).inclusion(of: leaf, size: checkpoint.size)
      let digest = AuditHash.tree.leaf(Array(entry.text.utf8))
      guard proof.proves(digest, root: checkpoint.root, hash: AuditHash.tree) else { return broken }
    } catch is MerkleError {
      return broken
    }
    let areTrue = entry.openings.allSatisfy { $0.commitment.text == entry.body.committed[$0.field] }
    return areTrue
      ? .proved(leaf: leaf, size: checkpoint.size, time: checkpoint.time, root: checkpoint.root.description) : broken
  }

  /// Writes an entry by itself, for what no unit of work was done for: something refused, or failed.
  package func note(_ event: AuditEvent) async throws(AuditError) {
    try await work.run(AuditError.self) { unit in try unit.audit(event) }
  }

  /// Whose log it is, as its checkpoints say: made at the first asking, the same ever after.
  func origin() async throws -> String {
    let found = try await work.store.read { try Self.origin($0) }
    if let found { return found }
    let made = "anju/audit/\(work.ids.next(AuditLog.self))"
    return try await work.store.write { sql in
      if let found = try Self.origin(sql) { return found }
      try sql.execute("INSERT INTO audit_origin (one, origin) VALUES (1, \(made))")
      return made
    }
  }

  static func origin(_ sql: SQLConnection) throws -> String? {
    try sql.row("SELECT origin FROM audit_origin")?.text(0)
  }
}
