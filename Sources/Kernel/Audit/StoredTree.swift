import MerkleLog
import SQLStore

/// The stored hashes over a run of leaves, read with one statement a level.
struct StoredTree {
  struct Leaf {
    let leaf: Int
    /// nil when the stored bytes are no digest.
    let digest: MerkleDigest?
  }

  private var bySequence: [Int64: Leaf] = [:]
  private var digests: [MerklePlace: MerkleDigest] = [:]

  /// - Parameters:
  ///   - leaves: the places that the entries should have.
  ///   - sequences: the entries' numbers: above the lower, up to and with the upper.
  init(_ sql: SQLConnection, leaves: Range<Int>, sequences: Range<Int64>) throws {
    var bySequence: [Int64: Leaf] = [:]
    try sql.each(
      """
      SELECT leaf, sequence, digest FROM audit_leaf
      WHERE sequence > \(sequences.lowerBound) AND sequence <= \(sequences.upperBound)
      """
    ) { row in
      bySequence[try row.integer("sequence")] = Leaf(
        leaf: try row.int("leaf"), digest: MerkleDigest(bytes: try row.blob("digest")))
    }
    self.bySequence = bySequence
    // The neighbour of the last leaf, too.
    try read(sql, "SELECT leaf AS position, digest FROM audit_leaf", "leaf", 0, leaves.lowerBound...leaves.upperBound)
    var level = 1
    while (leaves.upperBound >> level) > 0 {
      let positions = (leaves.lowerBound >> level)...(leaves.upperBound >> level)
      try read(sql, "SELECT position, digest FROM audit_node", "level = \(level) AND position", level, positions)
      level += 1
    }
  }

  private mutating func read(
    _ sql: SQLConnection, _ select: SQL, _ column: SQL, _ level: Int, _ positions: ClosedRange<Int>
  ) throws {
    let rows = try sql.rows(
      "\(select) WHERE \(column) >= \(positions.lowerBound) AND \(column) <= \(positions.upperBound)")
    for row in rows {
      let place = MerklePlace(level: level, position: try row.int("position"))
      digests[place] = MerkleDigest(bytes: try row.blob("digest"))
    }
  }

  func leaf(of sequence: Int64) -> Leaf? { bySequence[sequence] }

  func digest(at place: MerklePlace) -> MerkleDigest? { digests[place] }

  /// Whether the stored hash above a leaf was made with this digest: then it is the leaf's own, whatever its entry
  /// says now.
  func isConfirmed(_ leaf: Int, _ digest: MerkleDigest) -> Bool {
    guard let parent = digests[MerklePlace(level: 1, position: leaf >> 1)],
      let sibling = digests[MerklePlace(level: 0, position: leaf ^ 1)]
    else { return false }
    return parent == (leaf & 1 == 0 ? AuditHash.tree.node(digest, sibling) : AuditHash.tree.node(sibling, digest))
  }
}
