import Audit
import Guomi
import Kernel
import MerkleLog
import Synchronization
import Vault
import WireFormats

/// Signs the audit log's checkpoints with an SM2 key that the key service made and never gives out. While the key
/// service is down nothing is signed: entries are kept and hashed, and the next checkpoint holds them.
///
/// - Source: clause 6.8.2 g.
final class VaultCheckpointSigner: CheckpointSigner {
  /// The key is of the installation, not of one organisation: the log is of all.
  static let installation = ID<Organisation>(high: 0, low: 0)
  private static let purpose = "audit"

  private let source: any KeySource
  private let file: AuditKeyFile
  private let state: Mutex<State>

  private struct State {
    var known: [CheckpointKey]
    /// The one that signs, once the key service has named it.
    var current: CheckpointKey?
  }

  /// - Throws: `AuditKeyError.unreadable`.
  init(_ source: any KeySource, file: AuditKeyFile) throws {
    self.source = source
    self.file = file
    state = Mutex(State(known: try file.keys().keys, current: nil))
  }

  /// All keys that have signed, and the present one once it is known.
  var keys: CheckpointKeys { CheckpointKeys(state.withLock { $0.known }) }

  func sign(_ bytes: [UInt8]) async throws -> CheckpointSignature {
    if let key = state.withLock({ $0.current }), let signature = try await signature(bytes, of: key) {
      return signature
    }
    // At the first time, and after the key service changed its key.
    let key = try await askedKey()
    guard let signature = try await signature(bytes, of: key) else { throw AuditKeyError.signatureInvalid }
    return signature
  }

  /// - Returns: nil when it is not this key's.
  private func signature(_ bytes: [UInt8], of key: CheckpointKey) async throws -> CheckpointSignature? {
    let answer = try await source.call(.call(.sign, Self.arguments + [("message", .bytes(bytes))]))
    guard let der = answer.body["signature"]?.byteString else { throw VaultError.malformed }
    let signature = try key.signature(SM2.Signature(der: der).raw)
    return key.verify(signature, bytes) == true ? signature : nil
  }

  /// Known, written down for auditors, before its first signature is.
  private func askedKey() async throws -> CheckpointKey {
    let answer = try await source.call(.call(.publicKey, Self.arguments))
    guard let bytes = answer.body["public"]?.byteString, let key = AuditKeyFile.key(publicKey: bytes) else {
      throw VaultError.malformed
    }
    try state.withLock { state in
      if !state.known.contains(where: { $0.publicKey == bytes && $0.name == key.name }) {
        try file.add(key)
        state.known.append(key)
      }
      state.current = key
    }
    return key
  }

  private static var arguments: [(String, WireValue)] {
    [("organisation", .bytes(installation.bytes)), ("purpose", .text(purpose)), ("algorithm", .text("sm2"))]
  }
}
