package import Audit
package import Foundation
import Guomi
import Kernel

/// The public keys that sign the audit log's checkpoints, in a file of the data folder for auditors to take away:
/// lines `name base64(public key)`, of which none is ever taken out, so that old checkpoints stay believed. The private
/// halves are in the key service and never leave it.
package struct AuditKeyFile: Sendable {
  /// The key's name in signatures.
  package static let name = "anju-audit"
  /// The file's name in the data folder.
  package static let publicName = "audit.pub"
  /// The most bytes of such a file.
  private static let bytesMax = 65_536

  private let file: URL

  package init(in folder: URL) {
    file = folder.appendingPathComponent(Self.publicName)
  }

  /// The keys of the file; none when it is not there.
  ///
  /// - Throws: `AuditKeyError.unreadable`.
  package func keys() throws -> CheckpointKeys {
    guard FileManager.default.fileExists(atPath: file.path) else { return CheckpointKeys([]) }
    return try Self.keys(in: file)
  }

  /// Adds a key at the end; the file is replaced as a whole.
  ///
  /// - Throws: `AuditKeyError.unreadable` when the file is there and cannot be read: older keys must not be lost.
  package func add(_ key: CheckpointKey) throws {
    let isThere = FileManager.default.fileExists(atPath: file.path)
    guard let before = isThere ? FileManager.default.contents(atPath: file.path) : Data() else {
      throw AuditKeyError.unreadable(path: file.path)
    }
    let line = "\(key.name) \(Data(key.publicKey).base64EncodedString())\n"
    do { try (before + Data(line.utf8)).write(to: file, options: .atomic) } catch {
      throw AuditKeyError.notWritten(path: file.path)
    }
  }

  /// The keys of a file of lines `name base64(public key)`; lines that begin with # are remarks.
  ///
  /// - Throws: `AuditKeyError.unreadable`.
  package static func keys(in file: URL) throws -> CheckpointKeys {
    guard let data = try? Data(contentsOf: file), data.count <= bytesMax,
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

  /// The SM2 key that signs under the name, from the bytes of its public half; nil when they are no SM2 key.
  package static func key(name: String = name, publicKey: [UInt8]) -> CheckpointKey? {
    guard let point = try? SM2.PublicPoint(x963: publicKey), point.x963 == publicKey else { return nil }
    let verifying = SM2.VerifyingKey(point)
    return CheckpointKey(name: name, publicKey: publicKey) { signature, bytes in
      guard let signature = try? SM2.Signature(raw: signature) else { return false }
      return verifying.isValid(signature, for: bytes)
    }
  }
}

/// What can be wrong with the keys of the audit log.
package enum AuditKeyError: Error, Sendable, Hashable, CustomStringConvertible {
  case unreadable(path: String)
  case notWritten(path: String)
  /// The key service signed, and not with the key that it names.
  case signatureInvalid

  package var description: String {
    switch self {
    case .unreadable(let path): "\(path) is no key of an audit log"
    case .notWritten(let path): "\(path) cannot be written"
    case .signatureInvalid: "the key service's signature is not of the key that it names"
    }
  }
}
