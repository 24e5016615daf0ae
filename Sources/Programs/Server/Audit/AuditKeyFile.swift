package import Audit
package import Foundation
import Guomi
import Kernel

/// The key that signs the audit log's checkpoints while no key service does: an SM2 key in the data folder, read by its
/// owner alone, and its public half beside it, for auditors to take away.
package struct AuditKeyFile: CheckpointSigner {
  /// The key's name in signatures.
  package static let name = "anju-audit"
  /// The files' names in the data folder.
  package static let secretName = "audit.key"
  package static let publicName = "audit.pub"

  package let key: CheckpointKey
  private let secret: SM2.SigningKey

  /// Reads the key, or makes it.
  ///
  /// - Throws: `AuditKeyError`, or what the file system says.
  package init(folder: URL) throws {
    let file = folder.appendingPathComponent(Self.secretName)
    if var found = try? [UInt8](Data(contentsOf: file)) {
      guard let secret = try? SM2.SigningKey(secret: SecretBytes(taking: &found)) else {
        throw AuditKeyError.unreadable(path: file.path)
      }
      self.secret = secret
    } else {
      secret = try SM2.SigningKey.generate(random: .operatingSystem)
      try Self.write(secret, to: file)
    }
    key = Self.key(name: Self.name, secret.verifyingKey)
    let line = "\(Self.name) \(Data(key.publicKey).base64EncodedString())\n"
    let publicFile = folder.appendingPathComponent(Self.publicName)
    if (try? Data(contentsOf: publicFile)) != Data(line.utf8) { try Data(line.utf8).write(to: publicFile) }
  }

  private static func write(_ secret: SM2.SigningKey, to file: URL) throws(AuditKeyError) {
    let isWritten = secret.withUnsafeSecret { bytes in
      bytes.withUnsafeBytes { bytes in
        let handle = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard handle >= 0 else { return false }
        defer { close(handle) }
        return Glibc.write(handle, bytes.baseAddress, bytes.count) == bytes.count && fsync(handle) == 0
      }
    }
    guard isWritten else { throw .notWritten(path: file.path) }
  }

  package func sign(_ bytes: [UInt8]) async throws -> [UInt8] {
    try secret.sign(bytes, random: .operatingSystem).raw
  }

  /// The keys of a file of lines `name base64(public key)`; lines that begin with # are remarks.
  ///
  /// - Throws: `AuditKeyError.unreadable`.
  package static func keys(in file: URL) throws -> CheckpointKeys {
    guard let data = try? Data(contentsOf: file), data.count <= 65_536,
      let text = String(data: data, encoding: .utf8)
    else { throw AuditKeyError.unreadable(path: file.path) }
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    let keys = try lines.map { line in
      let words = line.split(separator: " ")
      guard words.count == 2, let bytes = Data(base64Encoded: String(words[1])),
        let key = key(name: String(words[0]), publicKey: Array(bytes))
      else { throw AuditKeyError.unreadable(path: file.path) }
      return key
    }
    guard !keys.isEmpty else { throw AuditKeyError.unreadable(path: file.path) }
    return CheckpointKeys(keys)
  }

  /// The key that signs under the name, from the bytes of its public half; nil when they are no SM2 key.
  package static func key(name: String, publicKey: [UInt8]) -> CheckpointKey? {
    guard let point = try? SM2.PublicPoint(x963: publicKey), point.x963 == publicKey else { return nil }
    return key(name: name, SM2.VerifyingKey(point))
  }

  private static func key(name: String, _ key: SM2.VerifyingKey) -> CheckpointKey {
    CheckpointKey(name: name, publicKey: key.point.x963) { signature, bytes in
      guard let signature = try? SM2.Signature(raw: signature) else { return false }
      return key.isValid(signature, for: bytes)
    }
  }
}

/// What can be wrong with the key of the audit log.
package enum AuditKeyError: Error, Sendable, Hashable, CustomStringConvertible {
  case unreadable(path: String)
  case notWritten(path: String)

  package var description: String {
    switch self {
    case .unreadable(let path): "\(path) is no key of an audit log"
    case .notWritten(let path): "\(path) cannot be written"
    }
  }
}
