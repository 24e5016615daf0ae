/// The hash function of a log, kept apart for leaves and nodes, so that no node can be passed off as an entry.
///
/// - Source: RFC 6962, section 2.1, with any hash function of 32 bytes.
public struct MerkleHash: Sendable {
  /// As exported files name it: `SM3`, `SHA-256`.
  public let name: String
  private let hash: @Sendable ([UInt8]) -> [UInt8]

  /// - Parameter hash: gives 32 bytes for any bytes; anything else is a fault of the program and stops it.
  public init(name: String, hash: @escaping @Sendable (_ bytes: [UInt8]) -> [UInt8]) {
    self.name = name
    self.hash = hash
  }

  /// H(00 ‖ entry).
  public func leaf(_ entry: [UInt8]) -> MerkleDigest {
    var bytes: [UInt8] = [0]
    bytes.reserveCapacity(entry.count + 1)
    bytes.append(contentsOf: entry)
    return digest(bytes)
  }

  /// H(01 ‖ left ‖ right).
  public func node(_ left: MerkleDigest, _ right: MerkleDigest) -> MerkleDigest {
    var bytes: [UInt8] = [1]
    bytes.reserveCapacity(1 + 2 * MerkleDigest.byteCount)
    left.append(to: &bytes)
    right.append(to: &bytes)
    return digest(bytes)
  }

  /// The root of a log without entries: H of nothing.
  public var empty: MerkleDigest { digest([]) }

  private func digest(_ bytes: [UInt8]) -> MerkleDigest {
    guard let digest = MerkleDigest(bytes: hash(bytes)) else {
      preconditionFailure("\(name) does not give \(MerkleDigest.byteCount) bytes")
    }
    return digest
  }
}
