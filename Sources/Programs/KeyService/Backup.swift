package import Crypto
import Foundation
import Guomi
import Kernel
import SQLStore
import Vault
import WireFormats

/// All keys, encrypted to the quorum's key, whose private half only the custodians' shares give: whoever has the file
/// and no shares has nothing.
package enum Backup {
  /// What is in front of the file.
  static let magic = Array("ANJU-VAULT-BACKUP-1\n".utf8)
  static let info = Data("ANJU-VAULT-BACKUP-1".utf8)
  package static let suite = HPKE.Ciphersuite.P256_SHA256_AES_GCM_256
  static let encapsulatedBytes = 65
  /// The most keys of one backup, and bytes of its file.
  static let keysMax = 100_000
  static let fileBytesMax = 64 << 20

  /// One key as a backup has it.
  struct Item {
    let key: KeyRow
    let secret: SecretBytes
  }

  /// Encrypts everything that has bytes. Disabled keys and keys that wait for their destruction are in it.
  static func make(_ hierarchy: Hierarchy, to quorumKey: [UInt8]) throws -> (file: [UInt8], count: Int) {
    let rows = try hierarchy.sql.rows(
      "SELECT * FROM vault_key WHERE wrapped IS NOT NULL ORDER BY id LIMIT \(keysMax + 1)")
    guard rows.count <= keysMax else { throw VaultError.tooLarge(bytes: rows.count, max: keysMax) }
    var writer = RecordWriter()
    for row in rows {
      let key = try KeyRow(row)
      let secret = try hierarchy.unwrap(key)
      guard Hierarchy.checkValue(secret) == key.checkValue else { throw VaultError.notAuthentic }
      writer.append(key.id.bytes)
      writer.append(key.organisation.bytes)
      writer.append(Array(key.purpose.utf8))
      writer.append(Array(key.kind.rawValue.utf8))
      writer.append(Array(key.state.rawValue.utf8))
      writer.append(Array("\(key.version)/\(key.uses)/\(key.madeAt.microseconds)".utf8))
      writer.append(key.publicKey ?? [])
      secret.withUnsafeBytes { writer.append(Array($0)) }
    }
    defer { writer.wipe() }
    let recipient = try P256.KeyAgreement.PublicKey(x963Representation: quorumKey)
    var sender = try HPKE.Sender(recipientKey: recipient, ciphersuite: suite, info: info)
    let sealed = try sender.seal(writer.bytes, authenticating: magic)
    return (magic + sender.encapsulatedKey + sealed, rows.count)
  }

  /// Reads a file with the quorum's private key.
  ///
  /// - Throws: `.notAuthentic` when the shares are not this backup's or the file was changed.
  static func open(_ file: [UInt8], quorumKey: SecretBytes) throws -> [(KeyFields, SecretBytes)] {
    guard file.count > magic.count + encapsulatedBytes + 16, file.count <= fileBytesMax, file.starts(with: magic) else {
      throw VaultError.malformed
    }
    var plain: Data
    do {
      let key = try quorumKey.withUnsafeBytes { try P256.KeyAgreement.PrivateKey(rawRepresentation: Data($0)) }
      let body = file[magic.count...]
      var recipient = try HPKE.Recipient(
        privateKey: key, ciphersuite: suite, info: info, encapsulatedKey: Data(body.prefix(encapsulatedBytes)))
      plain = try recipient.open(Data(body.dropFirst(encapsulatedBytes)), authenticating: magic)
    } catch {
      throw VaultError.notAuthentic
    }
    defer { plain.resetBytes(in: 0..<plain.count) }
    var reader = RecordReader(bytes: Array(plain))
    defer { reader.wipe() }
    var items: [(KeyFields, SecretBytes)] = []
    while !reader.isAtEnd { items.append(try KeyFields.read(&reader)) }
    return items
  }

  /// What a backup says of a key.
  struct KeyFields {
    let id: ID<DataKey>
    let organisation: ID<Organisation>
    let purpose: String
    let kind: KeyKind
    let state: KeyState
    let version: Int64
    let uses: Int64
    let madeAt: Instant
    let publicKey: [UInt8]?

    static func read(_ reader: inout RecordReader) throws -> (KeyFields, SecretBytes) {
      let (id, organisation) = (try reader.next(), try reader.next())
      let purpose = String(decoding: try reader.next(), as: UTF8.self)
      let kind = KeyKind(rawValue: String(decoding: try reader.next(), as: UTF8.self))
      let state = KeyState(rawValue: String(decoding: try reader.next(), as: UTF8.self))
      let numbers = String(decoding: try reader.next(), as: UTF8.self).split(separator: "/").compactMap { Int64($0) }
      let publicKey = try reader.next()
      var secret = try reader.next()
      guard let id = ID<DataKey>(bytes: id), let organisation = ID<Organisation>(bytes: organisation), let kind,
        let state, numbers.count == 3
      else { throw VaultError.malformed }
      let fields = KeyFields(
        id: id, organisation: organisation, purpose: purpose, kind: kind, state: state, version: numbers[0],
        uses: numbers[1], madeAt: Instant(microseconds: numbers[2]), publicKey: publicKey.isEmpty ? nil : publicKey)
      return (fields, SecretBytes(taking: &secret))
    }
  }

  /// Puts a backup's keys into an empty store, wrapped under this token's new keys.
  static func restore(_ items: [(KeyFields, SecretBytes)], into hierarchy: Hierarchy) throws {
    let there = try hierarchy.sql.row("SELECT count(*) FROM vault_key")?.integer(0) ?? 0
    guard there == 0 else {
      throw VaultError.refused(code: "vault.notEmpty", detail: "A backup goes into a key service without keys only.")
    }
    for (fields, secret) in items {
      let kek = try hierarchy.primaryKEK(fields.organisation, fields.purpose)
      let wrapped = try hierarchy.wrap(
        secret, fields.id, fields.organisation, fields.purpose, fields.kind, under: kek)
      let wait: Int64? = fields.state == .destroyPending ? 30 * 86_400 : nil
      try hierarchy.sql.execute(
        """
        INSERT INTO vault_key
          (id, organisation, purpose, kind, version, state, kek, wrapped, public_key, check_value, uses, made_at,
           destroy_seconds)
        VALUES (\(fields.id), \(fields.organisation), \(fields.purpose), \(fields.kind.rawValue), \(fields.version),
          \(fields.state.rawValue), \(kek.id), \(wrapped), \(fields.publicKey), \(Hierarchy.checkValue(secret)),
          \(fields.uses), \(fields.madeAt), \(wait))
        """)
    }
  }

  /// How a backup compares with what is there.
  struct Comparison: Equatable {
    var same = 0
    /// Made since the backup.
    var newer = 0
    /// In the backup with other bytes: one of the two is damaged.
    var different = 0
  }

  static func compare(_ items: [(KeyFields, SecretBytes)], with sql: SQLConnection) throws -> Comparison {
    var found: [ID<DataKey>: [UInt8]] = [:]
    for row in try sql.rows("SELECT id, check_value FROM vault_key WHERE wrapped IS NOT NULL") {
      found[try row.id("id")] = try row.blob("check_value")
    }
    var comparison = Comparison()
    for (fields, secret) in items {
      guard let there = found.removeValue(forKey: fields.id) else { continue }
      if there == Hierarchy.checkValue(secret) { comparison.same += 1 } else { comparison.different += 1 }
    }
    comparison.newer = found.count
    return comparison
  }
}

/// Fields one after the other, each with its length (4 bytes).
struct RecordWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ field: [UInt8]) {
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: field.count >> (24 - 8 * $0)) }
    bytes += field
  }

  mutating func wipe() { _ = SecretBytes(taking: &bytes) }
}

struct RecordReader {
  private var bytes: [UInt8]
  private var offset = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { offset == bytes.count }

  mutating func next() throws(VaultError) -> [UInt8] {
    guard bytes.count - offset >= 4 else { throw .malformed }
    let count = bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
    offset += 4
    guard count <= bytes.count - offset else { throw .malformed }
    defer { offset += count }
    return Array(bytes[offset..<(offset + count)])
  }

  mutating func wipe() { _ = SecretBytes(taking: &bytes) }
}
