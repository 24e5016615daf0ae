import COpenSSL
package import MerkleLog

/// The hash function of the audit log: SM3 (GB/T 32905).
package enum AuditHash {
  /// As the tree uses it.
  package static let tree = MerkleHash(name: "SM3", hash: sm3)

  /// SM3 of the bytes.
  static func sm3(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
      var length: UInt32 = 0
      // It fails only when the algorithm was left out of libcrypto, which its own tests tell.
      let isDone = EVP_Digest(bytes, bytes.count, digest.baseAddress, &length, EVP_sm3(), nil)
      precondition(isDone == 1 && length == 32, "libcrypto has no SM3")
      count = 32
    }
  }
}
