import Foundation
package import Kernel
package import MerkleLog
import SQLStore

extension AuditLog {
  /// Entries as a file that proves itself without the server; needs `audit.export`, shown by a second factor not long
  /// before, and is itself written into the log.
  ///
  /// - Parameters:
  ///   - query: which; its page is not looked at.
  ///   - since: an older checkpoint of this log that the auditor kept: the file proves that the log only grew since.
  /// - Throws: `.tooMany`, `.notSealedYet` when nothing is signed yet that holds the oldest of them.
  package func prove(
    _ query: AuditQuery, since: SignedCheckpoint? = nil, by principal: Principal
  ) async throws(AuditError) -> String {
    try await exporting(query, as: "proof", by: principal)
    return try await prove(query, since: since, of: principal.organisation)
  }

  /// The entries as a table for people, in CSV; needs what `prove` needs.
  package func table(_ query: AuditQuery, by principal: Principal) async throws(AuditError) -> String {
    try await exporting(query, as: "table", by: principal)
    return try await table(query, of: principal.organisation)
  }

  private func exporting(_ query: AuditQuery, as form: String, by principal: Principal) async throws(AuditError) {
    do {
      try principal.require(.auditExport)
      try principal.requireFresh(.auditExport, at: work.time.now())
    } catch {
      throw AuditError(error)
    }
    try await note(
      AuditEvent(.act, "audit", "export", by: principal, details: [.plain("form", form)] + query.details))
  }

  /// `prove` for the operator's own command.
  package func prove(
    _ query: AuditQuery, since: SignedCheckpoint? = nil, of organisation: ID<Organisation>?
  ) async throws(AuditError) -> String {
    try query.check()
    let keys = keys
    return try await work.read(AuditError.self) { sql in
      let nodes = AuditNodes(sql: sql)
      guard let newest = try nodes.newestCheckpoint() else { throw AuditError.notSealedYet }
      let entries = try Self.all(query, organisation, sql)
      let sealed = entries.filter { ($0.leaf ?? .max) < newest.checkpoint.size }
      guard !sealed.isEmpty || entries.isEmpty else { throw AuditError.notSealedYet }
      return try Self.export(sealed.reversed(), newest, since: since, nodes, keys).text
    }
  }

  /// `table` for the operator's own command.
  package func table(_ query: AuditQuery, of organisation: ID<Organisation>?) async throws(AuditError) -> String {
    try query.check()
    return try await work.read(AuditError.self) { sql in
      var table = AuditTable()
      for entry in try Self.all(query, organisation, sql) { table.add(entry) }
      return table.text
    }
  }

  private static func all(
    _ query: AuditQuery, _ organisation: ID<Organisation>?, _ sql: SQLConnection
  ) throws -> [AuditEntry] {
    let entries = try sql.auditEntries(query, of: organisation, before: nil, limit: exportMax + 1)
    guard entries.count <= exportMax else { throw AuditError.tooMany(max: exportMax) }
    return entries
  }

  private static func export(
    _ entries: [AuditEntry], _ newest: SignedCheckpoint, since: SignedCheckpoint?, _ nodes: AuditNodes,
    _ keys: CheckpointKeys
  ) throws -> MerkleExport {
    let reader = MerkleReader(nodes, hash: AuditHash.tree)
    let size = newest.checkpoint.size
    do {
      let growth = try since.map { since in
        MerkleExport.Growth(since: since, path: try reader.consistency(from: since.checkpoint.size, to: size).path)
      }
      return MerkleExport(
        hashName: AuditHash.tree.name, keys: keys.keys.map(\.publicKey), checkpoint: newest, growth: growth,
        entries: try entries.compactMap { entry in
          guard let leaf = entry.leaf else { return nil }
          return MerkleExport.Entry(
            leaf: leaf, bytes: Array(entry.text.utf8), path: try reader.inclusion(of: leaf, size: size).path,
            attachments: try entry.openings.map { Array(try AuditAttachment($0).text().utf8) })
        })
    } catch MerkleError.sizeInvalid {
      throw AuditError.fieldInvalid(field: "since", problem: "is a checkpoint of a longer log than this one")
    } catch let error as MerkleError {
      throw AuditError.damaged("\(error)")
    }
  }
}

extension AuditQuery {
  /// What of a query goes into the entry of an export.
  fileprivate var details: [AuditDetail] {
    let given: [(String, String?)] = [
      ("number", number.map(String.init)), ("principal", principal?.description), ("kind", kind),
      ("resource", resource), ("from", from?.description),
      ("to", to?.description),
    ]
    return given.compactMap { name, value in value.map { .plain(name, $0) } }
  }
}

/// An opening as an exported file carries it: JSON with sorted keys, in exactly one form.
struct AuditAttachment: Codable {
  let field: String
  let of: String?
  let salt: String
  let value: String

  init(_ opening: AuditOpening) {
    field = opening.field
    of = opening.subject
    salt = Data(opening.salt).base64EncodedString()
    value = opening.value
  }

  /// - Throws: `DecodingError`, `MerkleError.malformed` for another form of the same.
  init(text: String) throws {
    self = try JSONDecoder().decode(AuditAttachment.self, from: Data(text.utf8))
    guard Array(try self.text().utf8) == Array(text.utf8) else { throw MerkleError.malformed("opening") }
  }

  func text() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// - Throws: `MerkleError.malformed` for a salt of another length or form.
  func opening() throws(MerkleError) -> AuditOpening {
    guard let salt = Data(base64Encoded: salt), salt.count == Commitment.saltByteCount,
      salt.base64EncodedString() == self.salt
    else { throw .malformed("salt") }
    return AuditOpening(field: field, subject: of, salt: Array(salt), value: value)
  }
}
