/// Makes proofs from a log's stored hashes. A proof costs a number of reads and hashes that grows with the logarithm of
/// the log's size, however old its entry is.
public struct MerkleReader<Nodes: MerkleNodes> {
  private let nodes: Nodes
  private let hash: MerkleHash

  public init(_ nodes: Nodes, hash: MerkleHash) {
    self.nodes = nodes
    self.hash = hash
  }

  /// The root of the log when it had this size.
  ///
  /// - Throws: `.sizeInvalid`, `.missing` when it never had, or what the store throws.
  public func root(size: Int) throws -> MerkleDigest {
    guard (0...MerkleLimits.sizeMax).contains(size) else { throw MerkleError.sizeInvalid }
    return try root(of: 0..<size)
  }

  /// The proof that an entry is one of the first `size`.
  ///
  /// - Throws: `.leafInvalid`, `.sizeInvalid`, `.missing`, or what the store throws.
  public func inclusion(of leaf: Int, size: Int) throws -> InclusionProof {
    guard (0...MerkleLimits.sizeMax).contains(size) else { throw MerkleError.sizeInvalid }
    guard (0..<size).contains(leaf) else { throw MerkleError.leafInvalid }
    var path: [MerkleDigest] = []
    var range = 0..<size
    while range.count > 1 {
      let middle = range.lowerBound + Self.split(range.count)
      let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
      path.append(try root(of: leaf < middle ? right : left))
      range = leaf < middle ? left : right
    }
    return InclusionProof(leaf: leaf, size: size, path: path.reversed())
  }

  /// The proof that the log of `size` entries begins with the log when it had `old`.
  ///
  /// - Throws: `.sizeInvalid` unless 0 ≤ old ≤ size, `.missing`, or what the store throws.
  public func consistency(from old: Int, to size: Int) throws -> ConsistencyProof {
    guard (0...MerkleLimits.sizeMax).contains(size), (0...size).contains(old) else { throw MerkleError.sizeInvalid }
    guard old > 0, old < size else { return ConsistencyProof(old: old, size: size, path: []) }
    var path: [MerkleDigest] = []
    var range = 0..<size
    // Whether the rest is still the old log's own root, which the verifier has.
    var isOldRoot = true
    while range.upperBound != old {
      let middle = range.lowerBound + Self.split(range.count)
      let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
      if old <= middle {
        path.append(try root(of: right))
        range = left
      } else {
        path.append(try root(of: left))
        range = right
        isOldRoot = false
      }
    }
    if !isOldRoot { path.append(try root(of: range)) }
    return ConsistencyProof(old: old, size: size, path: path.reversed())
  }

  private func root(of range: Range<Int>) throws -> MerkleDigest {
    hash.folded(try MerklePlace.covering(range).map { place in try nodes.known(place) })
  }

  /// The largest power of two below a length of at least two.
  private static func split(_ length: Int) -> Int {
    1 << (Int.bitWidth - 1 - (length - 1).leadingZeroBitCount)
  }
}
