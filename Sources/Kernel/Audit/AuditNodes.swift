import MerkleLog
import SQLStore

/// The tree's hashes in the store: leaves in `audit_leaf`, the others in `audit_node`. Rows are only ever added.
struct AuditNodes: MerkleNodes {
  let sql: SQLConnection

  func digest(at place: MerklePlace) throws -> MerkleDigest? {
    let row =
      place.level == 0
      ? try sql.row("SELECT digest FROM audit_leaf WHERE leaf = \(place.position)")
      : try sql.row("SELECT digest FROM audit_node WHERE level = \(place.level) AND position = \(place.position)")
    guard let row else { return nil }
    // A digest of another length is as good as none: the check names it.
    return MerkleDigest(bytes: try row.blob(0))
  }

  /// How far the tree is: its number of leaves and the number of its last entry.
  func end() throws -> (size: Int, sequence: Int64) {
    guard let row = try sql.row("SELECT leaf, sequence FROM audit_leaf ORDER BY leaf DESC LIMIT 1") else {
      return (0, 0)
    }
    return (try row.int("leaf") + 1, try row.integer("sequence"))
  }

  /// Adds entries' leaves and every hash that they complete.
  func append(_ leaves: [(sequence: Int64, node: MerkleNode)], _ nodes: [MerkleNode]) throws {
    try insert(leaves, into: "INSERT INTO audit_leaf (leaf, sequence, digest) VALUES ") { leaf in
      "(\(leaf.node.place.position), \(leaf.sequence), \(leaf.node.digest.bytes))"
    }
    try insert(nodes, into: "INSERT INTO audit_node (level, position, digest) VALUES ") { node in
      "(\(node.place.level), \(node.place.position), \(node.digest.bytes))"
    }
  }

  /// Many rows a statement: it is the statements that cost.
  private func insert<Row>(_ rows: [Row], into head: SQL, values: (Row) -> SQL) throws {
    for start in stride(from: 0, to: rows.count, by: 50) {
      var statement = head
      for index in start..<min(start + 50, rows.count) {
        if index > start { statement += ", " }
        statement += values(rows[index])
      }
      try sql.execute(statement)
    }
  }

  /// The newest signed checkpoint.
  func newestCheckpoint() throws -> SignedCheckpoint? {
    try checkpoint("ORDER BY size DESC")
  }

  /// The first signed checkpoint that holds a leaf.
  func checkpoint(holding leaf: Int) throws -> SignedCheckpoint? {
    try checkpoint("WHERE size > \(leaf) ORDER BY size")
  }

  private func checkpoint(_ rest: SQL) throws -> SignedCheckpoint? {
    guard let row = try sql.row("SELECT note FROM audit_checkpoint \(rest) LIMIT 1") else { return nil }
    return try SignedCheckpoint(text: row.text(0))
  }
}
