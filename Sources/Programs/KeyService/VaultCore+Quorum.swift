import Crypto
import Foundation
import Guomi
import Kernel
import SQLStore
import Synchronization
import Vault
import WireFormats

extension VaultCore {
  /// Custodians' proposals and approvals.
  func decide(
    _ operation: VaultOperation, _ arguments: VaultArguments, _ sql: SQLConnection
  ) throws -> VaultFrame {
    let quorum = Quorum(sql: sql, now: environment.time.now())
    switch operation {
    case .enrol:
      try quorum.enrol(try arguments.text("name"), publicKey: try arguments.bytes("public", max: 65))
    case .propose:
      guard let kind = QuorumKind(rawValue: try arguments.text("kind")) else {
        throw VaultError.refused(code: "vault.proposal", detail: "There is no such kind of proposal.")
      }
      let statement = QuorumStatement(
        id: try arguments.id("id"), kind: kind, arguments: try arguments.bytes("arguments", max: 4_096),
        expiresAt: Instant(microseconds: try arguments.integer("expiresAt")))
      _ = try VaultFrame.body(statement.arguments)
      try quorum.propose(
        statement, by: try arguments.text("custodian"), signature: try arguments.bytes("signature", max: 64))
    case .approve:
      try quorum.approve(
        try arguments.id("proposal"), by: try arguments.text("custodian"),
        signature: try arguments.bytes("signature", max: 64))
    case .proposals: return VaultFrame([("proposals", .list(try quorum.list()))])
    default:
      let statement = try quorum.take(try arguments.id("proposal"))
      let details = VaultArguments(VaultFrame(try VaultFrame.body(statement.arguments)))
      return try execute(statement.kind, details, quorum, sql)
    }
    return VaultFrame([("ok", .bool(true))])
  }

  private func execute(
    _ kind: QuorumKind, _ arguments: VaultArguments, _ quorum: Quorum, _ sql: SQLConnection
  ) throws -> VaultFrame {
    switch kind {
    case .destroy:
      let days = try arguments.integer("days")
      if let kek = try? arguments.id("kek", KEK.self) {
        try hierarchy(sql).planDestruction(kek: kek, days: days)
      } else {
        try hierarchy(sql).planDestruction(try arguments.id("key"), days: days)
      }
    case .export: return try export(arguments, sql)
    case .restore: return try restore(arguments, sql)
    case .policy: try change(arguments, quorum, sql)
    case .certificateAuthority:
      let key = try makeSigningKey(
        try hierarchy(sql), try arguments.organisation(), try arguments.purpose(),
        algorithm: try arguments.text("algorithm"))
      return VaultFrame([("key", .bytes(key.id.bytes)), ("public", .bytes(key.publicKey ?? []))])
    }
    return VaultFrame([("ok", .bool(true))])
  }

  private func change(_ arguments: VaultArguments, _ quorum: Quorum, _ sql: SQLConnection) throws {
    switch try arguments.text("action") {
    case "custodian.add":
      try quorum.add(try arguments.text("name"), publicKey: try arguments.bytes("public", max: 65))
    case "custodian.remove": try quorum.remove(try arguments.text("name"))
    case "key.enable": try hierarchy(sql).enable(try arguments.id("key"))
    case "backup.key": try set("backup.key", try Self.quorumKey(try arguments.bytes("public", max: 65)), sql)
    default: throw VaultError.refused(code: "vault.proposal", detail: "There is no such policy change.")
    }
  }

  /// A key's bytes for a recipient, who alone can read them.
  private func export(_ arguments: VaultArguments, _ sql: SQLConnection) throws -> VaultFrame {
    let hierarchy = try hierarchy(sql)
    let key = try hierarchy.key(try arguments.id("key"))
    let recipient = try P256.KeyAgreement.PublicKey(
      x963Representation: try Self.quorumKey(try arguments.bytes("recipient", max: 65)))
    var sender = try HPKE.Sender(
      recipientKey: recipient, ciphersuite: Backup.suite, info: Data("ANJU-VAULT-EXPORT-1".utf8))
    let sealed = try hierarchy.usable(key).withUnsafeBytes { try sender.seal($0, authenticating: key.id.bytes) }
    return VaultFrame([
      ("encapsulated", .bytes(Array(sender.encapsulatedKey))), ("sealed", .bytes(Array(sealed))),
      ("kind", .text(key.kind.rawValue)),
    ])
  }

  static func quorumKey(_ bytes: [UInt8]) throws(VaultError) -> [UInt8] {
    guard (try? P256.KeyAgreement.PublicKey(x963Representation: bytes)) != nil else {
      throw .refused(code: "vault.publicKey", detail: "This is no P-256 public key.")
    }
    return bytes
  }

  // MARK: backup

  /// Sets the key backups are encrypted to, the first time; later it is a policy change.
  func setBackupKey(_ bytes: [UInt8], _ sql: SQLConnection) throws -> VaultFrame {
    guard try setting("backup.key", sql) == nil else {
      throw VaultError.refused(
        code: "vault.backupKey", detail: "There is a backup key: propose this as a policy change.")
    }
    try set("backup.key", try Self.quorumKey(bytes), sql)
    return VaultFrame([("ok", .bool(true))])
  }

  /// Writes a backup into the folder; it is complete when it has its name.
  func backup(_ sql: SQLConnection) throws -> VaultFrame {
    guard let key = try setting("backup.key", sql) else {
      throw VaultError.refused(code: "vault.backupKey", detail: "There is no backup key yet: `anju vault backup-key`.")
    }
    let (file, count) = try Backup.make(try hierarchy(sql), to: key)
    let digest = Array(SHA256.hash(data: file))
    let name = "\(digest.prefix(16).hexadecimal).backup"
    do {
      try FileManager.default.createDirectory(
        at: environment.backupFolder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let url = environment.backupFolder.appendingPathComponent(name)
      try Data(file).write(to: url, options: .atomic)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path)
    } catch {
      throw VaultError.storeFull
    }
    return VaultFrame([("name", .text(name)), ("digest", .bytes(digest)), ("count", .integer(count))])
  }

  /// A backup file by its name, nothing outside the folder.
  private func file(_ arguments: VaultArguments) throws -> [UInt8] {
    let name = try arguments.text("name")
    guard name.utf8.allSatisfy({ $0 != UInt8(ascii: "/") }), name.hasSuffix(".backup"), !name.hasPrefix(".") else {
      throw VaultError.refused(code: "vault.backupName", detail: "This is no backup's name.")
    }
    let url = environment.backupFolder.appendingPathComponent(name)
    let size = (try? url.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? Int.max
    guard size <= Backup.fileBytesMax, let data = try? Data(contentsOf: url) else {
      throw VaultError.refused(code: "vault.backupName", detail: "There is no such backup in the backups' folder.")
    }
    return Array(data)
  }

  /// The quorum's private key out of the custodians' shares, which are forgotten.
  private func quorumSecret() throws -> SecretBytes {
    let shares = state.withLock { state in
      defer { state.restoreShares = [:] }
      return Array(state.restoreShares.values)
    }
    guard shares.count >= 2, let secret = Shamir.combine(shares) else {
      throw VaultError.refused(code: "vault.shares", detail: "The custodians have not given their backup shares.")
    }
    return secret
  }

  /// Opens a backup and compares it with what is there: nothing changes.
  func drill(_ arguments: VaultArguments, _ sql: SQLConnection) throws -> VaultFrame {
    let items = try Backup.open(try file(arguments), quorumKey: try quorumSecret())
    let comparison = try Backup.compare(items, with: sql)
    return VaultFrame([
      ("inBackup", .integer(items.count)), ("same", .integer(comparison.same)),
      ("newer", .integer(comparison.newer)), ("different", .integer(comparison.different)),
    ])
  }

  /// Restores the very file that was approved.
  private func restore(_ arguments: VaultArguments, _ sql: SQLConnection) throws -> VaultFrame {
    let file = try file(arguments)
    guard equalInConstantTime(Array(SHA256.hash(data: file)), try arguments.bytes("digest", max: 32)) else {
      throw VaultError.refused(code: "vault.digest", detail: "The file is not the one that was approved.")
    }
    let items = try Backup.open(file, quorumKey: try quorumSecret())
    try Backup.restore(items, into: try hierarchy(sql))
    return VaultFrame([("count", .integer(items.count))])
  }
}
