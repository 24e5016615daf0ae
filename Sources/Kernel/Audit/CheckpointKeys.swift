package import MerkleLog

/// Signs checkpoints. The key lies with whoever implements it: the key service, a file, a test.
package protocol CheckpointSigner: Sendable {
  /// The signature over the bytes, with the key it is of.
  ///
  /// - Throws: when it cannot sign now; it is asked again later, and the entries wait.
  func sign(_ bytes: [UInt8]) async throws -> CheckpointSignature
}

/// A public key that checkpoints are signed with.
package struct CheckpointKey: Sendable {
  /// One printable word: `anju-audit`.
  package let name: String
  /// As its algorithm writes it: an SM2 point, uncompressed.
  package let publicKey: [UInt8]
  private let isValid: @Sendable (_ signature: [UInt8], _ bytes: [UInt8]) -> Bool

  /// - Parameter isValid: whether the signature over the bytes is this key's.
  package init(
    name: String, publicKey: [UInt8], isValid: @escaping @Sendable (_ signature: [UInt8], _ bytes: [UInt8]) -> Bool
  ) {
    self.name = name
    self.publicKey = publicKey
    self.isValid = isValid
  }

  /// The signature that these bytes are, under this key's name.
  package func signature(_ bytes: [UInt8]) throws(MerkleError) -> CheckpointSignature {
    try CheckpointSignature(name: name, keyID: id, bytes: bytes)
  }

  /// The first four bytes of SM3(name ‖ 0A ‖ public key).
  package var id: [UInt8] {
    Array(AuditHash.sm3(Array(name.utf8) + [10] + publicKey).prefix(CheckpointSignature.keyIDByteCount))
  }

  /// What people compare: SM3 of the public key, 64 hexadecimal digits.
  package var fingerprint: String {
    MerkleDigest(bytes: AuditHash.sm3(publicKey))?.description ?? ""
  }

  /// Whether the signature is this key's; nil when it is another key's.
  package func verify(_ signature: CheckpointSignature, _ bytes: [UInt8]) -> Bool? {
    guard signature.name == name, signature.keyID == id else { return nil }
    return isValid(signature.bytes, bytes)
  }
}

/// The keys that a verifier trusts.
package struct CheckpointKeys: Sendable {
  package let keys: [CheckpointKey]

  package init(_ keys: [CheckpointKey]) {
    self.keys = keys
  }

  /// As `SignedCheckpoint.require` asks.
  package func verify(_ signature: CheckpointSignature, _ bytes: [UInt8]) -> Bool? {
    for key in keys {
      if let isValid = key.verify(signature, bytes) { return isValid }
    }
    return nil
  }
}

/// Where copies of the checkpoints go: a place that whoever changes the store cannot change too.
package protocol CheckpointPlace: Sendable {
  /// Stable: what was copied is remembered by it.
  var name: String { get }

  /// Keeps the checkpoint for good. May be asked again for one that it has.
  ///
  /// - Throws: when it cannot; it is asked again later.
  func keep(_ checkpoint: SignedCheckpoint) async throws
}
