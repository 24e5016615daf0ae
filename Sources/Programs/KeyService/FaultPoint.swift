/// The places between two effects where a test stops the key service, as a power cut or a full disk would.
package enum FaultPoint: String, Sendable, CaseIterable {
  /// The token has a new key, the store does not know it yet.
  case tokenKeyMade
  /// The new key-encryption key stands in the transaction, which is not committed.
  case rotationBegun
  /// One key is wrapped anew within a transaction.
  case keyRewrapped
  /// A batch of keys is committed, the last one with the change of states.
  case batchCommitted
  /// The old key-encryption key has nothing left; the change of states is not committed.
  case rotationEnding
  /// A look found no rotation that is not done.
  case rotationCommitted
  /// A destroyed key is committed as destroyed, the token still has it.
  case destructionCommitted
}
