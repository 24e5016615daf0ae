import Guomi
import Kernel
import PKCS11
import SQLStore
import Synchronization
import Vault
import WireFormats

extension VaultCore {
  /// Does what a call asks; the caller's role is checked.
  func perform(
    _ operation: VaultOperation, _ arguments: VaultArguments, _ caller: Caller, _ sql: SQLConnection
  ) throws -> VaultFrame {
    switch operation {
    case .hello:
      guard try arguments.integer("version") == Int64(VaultFrame.version),
        let role = VaultRole(rawValue: try arguments.text("role")), role != .anybody
      else { throw VaultError.refused(code: "vault.version", detail: "The key service speaks another version.") }
      try greet(role, arguments.secret, sql)
      return VaultFrame([("ok", .bool(true))])
    case .status: return try status(sql)
    case .lease, .fetch, .index, .sign, .publicKey, .deviceKey, .communicationKey, .deviceFile:
      return try serve(operation, arguments, sql)
    case .approve, .execute, .proposals, .propose, .enrol: return try decide(operation, arguments, sql)
    case .auditExport, .auditVerify, .backup, .backupKey, .cancelDestruction, .disable, .drill, .keys, .restoreShare,
      .rotate, .seal, .unseal:
      return try operate(operation, arguments, sql)
    }
  }

  private func status(_ sql: SQLConnection) throws -> VaultFrame {
    func count(_ query: SQL) throws -> WireValue { .integer(try sql.row(query)?.integer(0) ?? 0) }
    let threshold = Int(try setting("seal.threshold", sql)?.first ?? 0)
    let given = state.withLock { $0.unsealShares.count }
    var members: [(String, WireValue)] = [
      ("state", .text(isSealed ? "sealed" : "open")), ("threshold", .integer(threshold)), ("shares", .integer(given)),
      ("keks", try count("SELECT count(*) FROM vault_kek WHERE state <> 'destroyed'")),
      ("keys", try count("SELECT count(*) FROM vault_key WHERE wrapped IS NOT NULL")),
      ("rotations", try count("SELECT count(*) FROM vault_rotation WHERE done_at IS NULL")),
      ("custodians", try count("SELECT count(*) FROM vault_custodian WHERE state = 'active'")),
      ("logEntries", try count("SELECT count(*) FROM vault_log")),
      ("backupKey", .bool(try setting("backup.key", sql) != nil)),
    ]
    if let master = state.withLock({ $0.master }) {
      let isThere = (try? master.token.checkPresence()) != nil
      if !isThere { seal() }
      members.append(("token", .text(isThere ? "there" : "gone")))
    }
    if let head = try sql.row("SELECT hash FROM vault_log ORDER BY sequence DESC LIMIT 1") {
      members.append(("logHead", .bytes(try head.blob("hash"))))
    }
    return VaultFrame(members)
  }

  /// What the platform may ask.
  private func serve(
    _ operation: VaultOperation, _ arguments: VaultArguments, _ sql: SQLConnection
  ) throws -> VaultFrame {
    let hierarchy = try hierarchy(sql)
    let organisation = try arguments.organisation()
    switch operation {
    case .lease:
      let word = try arguments.text("suite")
      guard let suite = Suite(word: word) else {
        throw VaultError.refused(
          code: "vault.unknownSuite", detail: "The key service does not know the suite '\(word)'.")
      }
      let count = try arguments.integer("count")
      let (key, secret) = try hierarchy.lease(organisation, try arguments.purpose(), suite, count: count)
      return VaultFrame(
        [("key", .bytes(key.id.bytes)), ("version", .integer(key.version)), ("count", .integer(count))],
        secret: secret)
    case .fetch:
      let (suite, secret) = try hierarchy.fetch(organisation, try arguments.id("key"))
      return VaultFrame([("suite", .text(suite.word))], secret: secret)
    case .index:
      return VaultFrame([("ok", .bool(true))], secret: try hierarchy.index(organisation, try arguments.purpose()))
    case .sign: return try sign(hierarchy, organisation, arguments)
    case .publicKey: return try publicKey(hierarchy, organisation, arguments)
    case .deviceKey: return try deviceKey(hierarchy, organisation, arguments)
    case .deviceFile: return try deviceFile(hierarchy, organisation, arguments)
    default: return try communicationKey(hierarchy, organisation, arguments)
    }
  }

  /// What custodians do alone.
  private func operate(
    _ operation: VaultOperation, _ arguments: VaultArguments, _ sql: SQLConnection
  ) throws -> VaultFrame {
    switch operation {
    case .unseal:
      do {
        return VaultFrame([("needed", .integer(try unseal(share: try arguments.share(), sql)))])
      } catch let failure as UnsealFailure {
        // Not thrown on: what was counted against guessing stays.
        return .refusal(failure.error)
      }
    case .seal:
      seal()
      return VaultFrame([("ok", .bool(true))])
    case .auditVerify:
      let check = try AuditLog.check(sql)
      return VaultFrame([
        ("entries", .integer(check.entries)), ("head", .bytes(check.head)),
        ("brokenAt", check.brokenAt.map { .integer($0) } ?? .null),
      ])
    case .auditExport: return try auditExport(arguments, sql)
    case .keys: return try keys(arguments, sql)
    case .backupKey: return try setBackupKey(try arguments.bytes("public", max: 65), sql)
    case .backup: return try backup(sql)
    case .restoreShare:
      let share = try arguments.share()
      let count = state.withLock { state in
        state.restoreShares[share.number] = share
        return state.restoreShares.count
      }
      return VaultFrame([("shares", .integer(count))])
    case .drill: return try drill(arguments, sql)
    case .rotate:
      try hierarchy(sql).beginRotation(try arguments.organisation(), try arguments.purpose())
    case .disable: try hierarchy(sql).disable(try arguments.id("key"))
    default: try hierarchy(sql).cancelDestruction(try arguments.id("key"))
    }
    return VaultFrame([("ok", .bool(true))])
  }

  /// The most rows of one answer.
  private static let rowsMax: Int64 = 500

  private func keys(_ arguments: VaultArguments, _ sql: SQLConnection) throws -> VaultFrame {
    let after = (try? arguments.bytes("after", max: 16)) ?? []
    let rows = try sql.rows("SELECT * FROM vault_key WHERE id > \(after) ORDER BY id LIMIT \(Self.rowsMax)")
    let list: [WireValue] = try rows.map { row in
      let key = try KeyRow(row)
      return .map([
        .init("key", .bytes(key.id.bytes)), .init("organisation", .bytes(key.organisation.bytes)),
        .init("purpose", .text(key.purpose)), .init("kind", .text(key.kind.rawValue)),
        .init("version", .integer(key.version)), .init("state", .text(key.state.rawValue)),
        .init("uses", .integer(key.uses)), .init("madeAt", .integer(key.madeAt.microseconds)),
        .init("checkValue", .bytes(key.checkValue)),
      ])
    }
    return VaultFrame([("keys", .list(list))])
  }

  private func auditExport(_ arguments: VaultArguments, _ sql: SQLConnection) throws -> VaultFrame {
    let after = try arguments.integer("after")
    let rows = try sql.rows("SELECT * FROM vault_log WHERE sequence > \(after) ORDER BY sequence LIMIT \(Self.rowsMax)")
    let list: [WireValue] = try rows.map { row in
      .map([
        .init("sequence", .integer(try row.integer("sequence"))), .init("at", .integer(try row.integer("at"))),
        .init("caller", .text(try row.text("caller"))), .init("user", .integer(try row.integer("user_id"))),
        .init("operation", .text(try row.text("operation"))), .init("subject", .text(try row.text("subject"))),
        .init("outcome", .text(try row.text("outcome"))), .init("hash", .bytes(try row.blob("hash"))),
      ])
    }
    return VaultFrame([("entries", .list(list))])
  }
}
