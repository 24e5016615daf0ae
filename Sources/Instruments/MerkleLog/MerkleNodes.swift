/// The stored hashes of a log: every complete subtree's root, the leaves among them. Written once, never changed.
public protocol MerkleNodes {
  /// The hash at a place; nil when it is not stored.
  func digest(at place: MerklePlace) throws -> MerkleDigest?
}

extension MerkleNodes {
  /// - Throws: `MerkleError.missing`, or what the store throws.
  func known(_ place: MerklePlace) throws -> MerkleDigest {
    guard let digest = try digest(at: place) else { throw MerkleError.missing(place) }
    return digest
  }
}

/// A log's hashes in memory: for tests and short logs.
public struct MerkleMemory: MerkleNodes, Sendable {
  private var levels: [[MerkleDigest]] = []
  private var frontier = MerkleFrontier()
  private let hash: MerkleHash

  public init(hash: MerkleHash) {
    self.hash = hash
  }

  /// How many entries there are.
  public var size: Int { frontier.size }

  /// Adds an entry.
  public mutating func append(_ entry: [UInt8]) {
    for node in frontier.append(hash.leaf(entry), hash: hash) {
      if node.place.level == levels.count { levels.append([]) }
      levels[node.place.level].append(node.digest)
    }
  }

  public func digest(at place: MerklePlace) -> MerkleDigest? {
    guard levels.indices.contains(place.level), levels[place.level].indices.contains(place.position) else { return nil }
    return levels[place.level][place.position]
  }
}

/// What can be wrong with a log, a proof or a file.
public enum MerkleError: Error, Sendable, Hashable {
  /// A hash that must be stored is not.
  case missing(MerklePlace)
  /// No log has so many entries, or this one has not yet.
  case sizeInvalid
  /// There is no such entry.
  case leafInvalid
  /// The text is not of the form it must have; what was expected.
  case malformed(String)
  /// More than the limits allow; of what.
  case tooLarge(String)
  /// An entry's proof does not lead to the checkpoint's root.
  case notIncluded(leaf: Int)
  /// The older checkpoint is not a beginning of the newer one.
  case notConsistent
  /// None of the signatures is one of the expected key.
  case signature
}
