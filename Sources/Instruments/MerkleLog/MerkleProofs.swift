/// Proves that an entry stands at its place in a log of a size.
///
/// - Source: RFC 9162, section 2.1.3.
public struct InclusionProof: Sendable, Hashable {
  /// The entry's place, from 0.
  public let leaf: Int
  public let size: Int
  /// The siblings on the way to the root, from below.
  public let path: [MerkleDigest]

  public init(leaf: Int, size: Int, path: [MerkleDigest]) {
    self.leaf = leaf
    self.size = size
    self.path = path
  }

  /// Whether the entry with this leaf hash is in the log with this root. The size is only as good as the checkpoint it
  /// came from: the root does not hold it.
  public func proves(_ entry: MerkleDigest, root: MerkleDigest, hash: MerkleHash) -> Bool {
    guard (1...MerkleLimits.sizeMax).contains(size), (0..<size).contains(leaf), path.count <= MerkleLimits.pathMax
    else { return false }
    var (node, last, digest) = (leaf, size - 1, entry)
    for sibling in path {
      guard last > 0 else { return false }
      if node & 1 == 1 || node == last {
        digest = hash.node(sibling, digest)
        // On the right edge, levels without a sibling are stepped over.
        while node & 1 == 0, node != 0 { (node, last) = (node >> 1, last >> 1) }
      } else {
        digest = hash.node(digest, sibling)
      }
      (node, last) = (node >> 1, last >> 1)
    }
    return last == 0 && digest == root
  }
}

/// Proves that a log only grew: that it begins with the log as it was at an older size.
///
/// - Source: RFC 9162, section 2.1.4.
public struct ConsistencyProof: Sendable, Hashable {
  public let old: Int
  public let size: Int
  public let path: [MerkleDigest]

  public init(old: Int, size: Int, path: [MerkleDigest]) {
    self.old = old
    self.size = size
    self.path = path
  }

  /// Whether the log with the newer root begins with the one with the older root.
  public func proves(older: MerkleDigest, newer: MerkleDigest, hash: MerkleHash) -> Bool {
    guard (0...MerkleLimits.sizeMax).contains(size), (0...size).contains(old), path.count <= MerkleLimits.pathMax
    else { return false }
    if old == size { return path.isEmpty && older == newer }
    if old == 0 { return path.isEmpty && older == hash.empty }
    var rest = path[...]
    // A complete tree's root is not sent: the verifier has it.
    guard let start = old & (old - 1) == 0 ? older : rest.popFirst() else { return false }
    var (node, last) = (old - 1, size - 1)
    while node & 1 == 1 { (node, last) = (node >> 1, last >> 1) }
    var (first, second) = (start, start)
    for sibling in rest {
      guard last > 0 else { return false }
      if node & 1 == 1 || node == last {
        first = hash.node(sibling, first)
        second = hash.node(sibling, second)
        while node & 1 == 0, node != 0 { (node, last) = (node >> 1, last >> 1) }
      } else {
        second = hash.node(second, sibling)
      }
      (node, last) = (node >> 1, last >> 1)
    }
    return last == 0 && first == older && second == newer
  }
}
