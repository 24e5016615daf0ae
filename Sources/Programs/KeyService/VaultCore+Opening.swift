import Crypto
package import Guomi
import Kernel
import PKCS11
import SQLStore
import Synchronization
import Vault

/// How the key service is opened after a start.
package enum SealKind: Sendable, Equatable {
  /// The seal key lies in a file beside the store: for one machine and for trying out. It protects backups of the
  /// store, not against whoever reads the machine's disk.
  case file
  /// Custodians bring shares.
  case shares(threshold: Int, count: Int)
}

extension VaultCore {
  /// What a new key service gives out, once.
  package struct Founding: Sendable {
    package let platformToken: SecretBytes
    package let custodianToken: SecretBytes
    /// For `SealKind.file`.
    package let sealKey: SecretBytes?
    /// For `SealKind.shares`, one a custodian.
    package let shares: [Shamir.Share]
  }

  /// Makes a key service: its tables, a new token, its callers. The service is sealed afterwards.
  ///
  /// - Throws: `.refused` when there is one already.
  package func found(_ kind: SealKind, label: String) async throws -> Founding {
    try await environment.store.migrate([KeyTables.migrations])
    let random = environment.random
    let seal = try random.secret(SealKey.bytes)
    let founding = Founding(
      platformToken: try random.secret(32), custodianToken: try random.secret(32),
      sealKey: kind == .file ? seal : nil, shares: try Self.shares(seal, kind, random))
    guard try await !isFounded() else {
      throw VaultError.refused(code: "vault.founded", detail: "There is a key service here already.")
    }
    let info = try SealKey.officerPIN(seal).withUnsafeBytes { officer in
      try SealKey.userPIN(seal).withUnsafeBytes { user in
        try environment.module.initialiseToken(label: label, officerPIN: officer, userPIN: user)
      }
    }
    let threshold = if case .shares(let threshold, _) = kind { threshold } else { 0 }
    let now = environment.time.now()
    try await environment.store.write { sql in
      let settings: [(String, [UInt8])] = [
        ("token.serial", Array(info.serialNumber.utf8)), ("seal.check", SealKey.checkValue(seal)),
        ("seal.threshold", [UInt8(threshold)]), ("clock", Array("\(now.microseconds)".utf8)),
      ]
      for (name, value) in settings {
        try sql.execute("INSERT INTO vault_setting (name, value) VALUES (\(name), \(value))")
      }
      for (role, token) in [
        (VaultRole.platform, founding.platformToken), (.custodian, founding.custodianToken),
      ] {
        try sql.execute(
          """
          INSERT INTO vault_caller (name, role, token_hash)
          VALUES (\(role.rawValue), \(role.rawValue), \(Self.hash(token)))
          """)
      }
      try AuditLog.append(
        AuditLog.Entry(
          at: now, caller: "ceremony", userID: 0, operation: "found", subject: info.serialNumber, outcome: "done"),
        to: sql)
    }
    return founding
  }

  private static func shares(
    _ seal: SecretBytes, _ kind: SealKind, _ random: RandomSource
  ) throws(RandomFailure) -> [Shamir.Share] {
    guard case .shares(let threshold, let count) = kind else { return [] }
    return try Shamir.split(seal, count: count, threshold: threshold, random: random)
  }

  package func isFounded() async throws -> Bool {
    try await environment.store.read { sql in
      try sql.row("SELECT 1 AS one FROM vault_setting WHERE name = 'token.serial'") != nil
    }
  }

  /// Brings the tables up to date.
  package func prepare() async throws {
    try await environment.store.migrate([KeyTables.migrations])
  }

  /// Opens with the seal key of a file.
  ///
  /// - Throws: `.refused` for a wrong key, `.tokenGone` when the token is another one or none.
  package func open(sealKey: SecretBytes) async throws {
    try await environment.store.write { sql in try self.unseal(sealKey, sql) }
  }

  func setting(_ name: String, _ sql: SQLConnection) throws -> [UInt8]? {
    try sql.row("SELECT value FROM vault_setting WHERE name = \(name)")?.blob("value")
  }

  func set(_ name: String, _ value: [UInt8], _ sql: SQLConnection) throws {
    try sql.execute(
      """
      INSERT INTO vault_setting (name, value) VALUES (\(name), \(value))
      ON CONFLICT (name) DO UPDATE SET value = excluded.value
      """)
  }

  func unseal(_ seal: SecretBytes, _ sql: SQLConnection) throws {
    guard let check = try setting("seal.check", sql), let serial = try setting("token.serial", sql) else {
      throw VaultError.refused(code: "vault.unfounded", detail: "There is no key service here yet.")
    }
    guard equalInConstantTime(check, SealKey.checkValue(seal)) else {
      throw VaultError.refused(code: "vault.sealWrong", detail: "The shares or the seal key are not this service's.")
    }
    let module = environment.module
    let result = SealKey.userPIN(seal).withUnsafeBytes { pin in
      Result { () throws(PKCS11Error) in
        try PKCS11Token.open(module, serialNumber: String(decoding: serial, as: UTF8.self), pin: pin)
      }
    }
    do {
      let token = try result.get()
      state.withLock { $0.master = MasterKeys(token: token) }
    } catch {
      throw VaultError(error)
    }
  }

  /// Takes one custodian's share. Wrong sets make the next attempt wait, twice as long each time.
  ///
  /// - Returns: how many shares are still needed; 0 when it is open.
  func unseal(share: Shamir.Share, _ sql: SQLConnection) throws -> Int {
    guard isSealed else { return 0 }
    let threshold = Int(try setting("seal.threshold", sql)?.first ?? 0)
    guard threshold >= 2 else {
      throw VaultError.refused(code: "vault.sealKind", detail: "This key service opens with its file.")
    }
    let now = environment.time.now()
    let failures = Int(try setting("seal.failures", sql)?.first ?? 0)
    if failures > 0, let last = try setting("seal.failedAt", sql).flatMap({ Self.number($0) }) {
      let wait = Int64(1) << Int64(min(failures, 10))
      let passed = (now.microseconds - last) / 1_000_000
      guard passed < 0 || passed >= wait else {
        throw VaultError.refused(
          code: "vault.sealWait", detail: "Wrong shares were given: wait \(wait - passed) seconds.")
      }
    }
    let shares = state.withLock { state in
      state.unsealShares[share.number] = share
      return Array(state.unsealShares.values)
    }
    guard shares.count >= threshold else { return threshold - shares.count }
    state.withLock { $0.unsealShares = [:] }
    do {
      guard let seal = Shamir.combine(shares) else { throw VaultError.malformed }
      try unseal(seal, sql)
    } catch let error as VaultError {
      try set("seal.failures", [UInt8(min(failures + 1, 255))], sql)
      try set("seal.failedAt", Array("\(now.microseconds)".utf8), sql)
      throw UnsealFailure(error: error)
    }
    try set("seal.failures", [0], sql)
    return 0
  }

  /// A failure whose trace in the store stays, though the call is refused.
  struct UnsealFailure: Error {
    let error: VaultError
  }

  static func number(_ bytes: [UInt8]) -> Int64? { Int64(String(decoding: bytes, as: UTF8.self)) }

  static func hash(_ token: SecretBytes) -> [UInt8] {
    token.withUnsafeBytes { Array(SHA256.hash(data: $0)) }
  }

  /// The caller whose token this is.
  ///
  /// - Throws: `.refused`.
  func greet(_ role: VaultRole, _ token: SecretBytes?, _ sql: SQLConnection) throws {
    let row = try sql.row("SELECT token_hash FROM vault_caller WHERE role = \(role.rawValue)")
    guard let token, token.count == 32, let row, equalInConstantTime(try row.blob("token_hash"), Self.hash(token))
    else { throw VaultError.refused(code: "vault.caller", detail: "The caller's token is wrong.") }
  }
}
