import Guomi
package import MerkleLog

/// The hash function of the audit log: SM3 (GB/T 32905).
package enum AuditHash {
  /// As the tree uses it.
  package static let tree = MerkleHash(name: "SM3", hash: sm3)

  /// SM3 of the bytes.
  static func sm3(_ bytes: [UInt8]) -> [UInt8] {
    SM3.hash(bytes).bytes
  }
}
