/// Where a hash stands in the tree: the root of the complete subtree over the leaves
/// `position << level ..< (position + 1) << level`. Level 0 holds the leaves. Once known it never changes.
public struct MerklePlace: Sendable, Hashable {
  public let level: Int
  public let position: Int

  public init(level: Int, position: Int) {
    self.level = level
    self.position = position
  }

  /// The leaves below it.
  public var leaves: Range<Int> { position << level ..< (position + 1) << level }

  /// The complete subtrees that a range of leaves is made of, from left to right: at most two for each level.
  ///
  /// - Parameter range: as the tree cuts it: its start is a multiple of the largest power of two below its length.
  static func covering(_ range: Range<Int>) -> [MerklePlace] {
    var places: [MerklePlace] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let length = range.upperBound - start
      let largest = Int.bitWidth - 1 - length.leadingZeroBitCount
      let level = start == 0 ? largest : min(largest, start.trailingZeroBitCount)
      places.append(MerklePlace(level: level, position: start >> level))
      start += 1 << level
    }
    return places
  }
}

/// A hash and where it stands.
public struct MerkleNode: Sendable, Hashable {
  public let place: MerklePlace
  public let digest: MerkleDigest

  public init(place: MerklePlace, digest: MerkleDigest) {
    self.place = place
    self.digest = digest
  }
}

/// The limits of every log.
public enum MerkleLimits {
  /// The most entries of a log.
  public static let sizeMax = 1 << 48
  /// The most hashes of a proof: one for each level, and one more for a consistency proof.
  public static let pathMax = 50
  /// The most bytes of an entry.
  public static let entryBytesMax = 1 << 16
}
