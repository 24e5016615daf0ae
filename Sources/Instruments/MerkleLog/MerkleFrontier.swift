/// What a log needs to know of itself to grow: the roots of its complete subtrees, at most one a level.
///
/// Adding an entry costs two hashes on average, and no reading.
public struct MerkleFrontier: Sendable, Hashable {
  /// How many leaves there are.
  public private(set) var size: Int
  /// The roots of the complete subtrees, the largest first.
  private var peaks: [MerkleDigest]

  /// An empty log's.
  public init() {
    size = 0
    peaks = []
  }

  /// A stored log's.
  ///
  /// - Throws: `.missing` when a hash is not stored, `.sizeInvalid`.
  public init(size: Int, of nodes: some MerkleNodes) throws {
    guard (0...MerkleLimits.sizeMax).contains(size) else { throw MerkleError.sizeInvalid }
    self.size = size
    peaks = try MerklePlace.covering(0..<size).map { place in try nodes.known(place) }
  }

  /// Adds a leaf.
  ///
  /// - Returns: every hash that this completes, to be stored: the leaf, then its ancestors from below.
  public mutating func append(_ leaf: MerkleDigest, hash: MerkleHash) -> [MerkleNode] {
    precondition(size < MerkleLimits.sizeMax, "the log is full")
    var completed = [MerkleNode(place: MerklePlace(level: 0, position: size), digest: leaf)]
    var digest = leaf
    var level = 0
    while size >> level & 1 == 1, let left = peaks.popLast() {
      digest = hash.node(left, digest)
      level += 1
      completed.append(MerkleNode(place: MerklePlace(level: level, position: size >> level), digest: digest))
    }
    peaks.append(digest)
    size += 1
    return completed
  }

  /// The root of all leaves.
  public func root(hash: MerkleHash) -> MerkleDigest {
    hash.folded(peaks)
  }
}

extension MerkleHash {
  /// The root over complete subtrees that stand side by side, the largest first.
  func folded(_ peaks: [MerkleDigest]) -> MerkleDigest {
    guard var root = peaks.last else { return empty }
    for peak in peaks.dropLast().reversed() { root = node(peak, root) }
    return root
  }
}
