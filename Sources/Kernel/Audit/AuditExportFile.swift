package import MerkleLog

/// An exported file of the audit log, read and proved without the server.
package struct AuditExportFile: Sendable {
  /// One proved entry.
  package struct Line: Sendable {
    package let leaf: Int
    package let body: AuditBody
    /// The committed values that the file opens, each checked against its commitment.
    package let openings: [AuditOpening]
    /// The committed fields that it does not open: erased before the export.
    package let closed: [String]
  }

  package let checkpoint: Checkpoint
  /// The keys that signed it.
  package let signedBy: [String]
  /// The older checkpoint that the log is proved to have grown from.
  package let since: Checkpoint?
  package let lines: [Line]

  /// Reads a file and proves everything in it.
  ///
  /// - Throws: the first thing that is wrong, as `MerkleError`; `AuditFileError`.
  package init(text: String, keys: CheckpointKeys) throws {
    let export = try MerkleExport(text: text)
    signedBy = try export.verify(hash: AuditHash.tree, keys.verify)
    checkpoint = export.checkpoint.checkpoint
    since = export.growth?.since.checkpoint
    lines = try export.entries.map { entry in try Self.line(entry) }
  }

  /// The public keys that a file names for itself; nothing is proved by them.
  package static func keys(in text: String) throws -> [[UInt8]] {
    try MerkleExport(text: text).keys
  }

  private static func line(_ entry: MerkleExport.Entry) throws -> Line {
    guard let text = String(validating: entry.bytes, as: UTF8.self), let body = try? AuditBody(text: text) else {
      throw AuditFileError.unreadable(leaf: entry.leaf)
    }
    let openings = try entry.attachments.map { bytes -> AuditOpening in
      guard let text = String(validating: bytes, as: UTF8.self), let attachment = try? AuditAttachment(text: text),
        let opening = try? attachment.opening(), opening.commitment.text == body.committed[opening.field]
      else { throw AuditFileError.notCommitted(leaf: entry.leaf) }
      return opening
    }
    guard Set(openings.map(\.field)).count == openings.count else {
      throw AuditFileError.notCommitted(leaf: entry.leaf)
    }
    let closed = Set(body.committed.keys).subtracting(openings.map(\.field)).sorted()
    return Line(leaf: entry.leaf, body: body, openings: openings, closed: closed)
  }
}

/// What can be wrong with an exported file besides its proofs.
package enum AuditFileError: Error, Sendable, Hashable {
  /// The proved bytes are no entry of an audit log.
  case unreadable(leaf: Int)
  /// A value that the file gives is not the one that was committed to.
  case notCommitted(leaf: Int)
}
