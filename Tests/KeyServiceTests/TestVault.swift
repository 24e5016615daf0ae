import Crypto
import Foundation
import Guomi
import Kernel
@testable import KeyService
import PKCS11
import SQLStore
import TestSupport
import Vault
import WireFormats

/// A key service of a test's own: its store in memory, its token in SoftHSM2, its clock standing still.
struct TestVault {
  static let organisation = ID<Organisation>(high: 1, low: 2)
  static let other = ID<Organisation>(high: 3, low: 4)

  let core: VaultCore
  let clock: ManualClock
  let store: SQLStore
  let folder: TemporaryFolder
  let founding: VaultCore.Founding
  let random: RandomSource
  let ids: IDSource

  /// - Parameters:
  ///   - kind: founded, and opened when its seal key lies in a file.
  ///   - reach: what happens between effects.
  static func made(
    _ kind: SealKind = .file, store: SQLStore? = nil, seed: UInt64 = .random(in: .min ... .max),
    reach: @escaping @Sendable (FaultPoint) throws -> Void = { _ in }
  ) async throws -> TestVault {
    let store = try store ?? SQLStore.inMemory()
    let folder = try TemporaryFolder("anju-vault")
    let clock = ManualClock()
    let random = RandomSource(bytes: SharedRandom(seed: seed).bytes)
    let ids = IDSource.seeded(seed, time: clock.timekeeper)
    _ = SoftToken.folder
    var environment = VaultCore.Environment(
      store: store, module: try PKCS11Module.load(path: SoftToken.modulePath), time: clock.timekeeper, ids: ids,
      random: random, backupFolder: folder.url.appending(path: "backups"))
    environment.reach = reach
    let core = VaultCore(environment)
    let founding = try await core.found(kind, label: "test-\(seed % 1_000_000_000)")
    if let seal = founding.sealKey { try await core.open(sealKey: seal) }
    return TestVault(
      core: core, clock: clock, store: store, folder: folder, founding: founding, random: random, ids: ids)
  }

  static let platform = VaultCore.Caller(name: "platform", role: .platform, userID: 0)
  static let custodian = VaultCore.Caller(name: "custodian", role: .custodian, userID: 0)

  /// Asks and unwraps the answer.
  @discardableResult
  func call(
    _ operation: VaultOperation, _ arguments: [(String, WireValue)] = [], secret: SecretBytes? = nil
  ) async throws(VaultError) -> VaultFrame {
    let caller = operation.role == .platform ? Self.platform : Self.custodian
    return try await core.answer(.call(operation, arguments, secret: secret), from: caller).answer()
  }

  /// A key to seal with.
  func lease(
    _ purpose: String = "residents", suite: Suite = .aes256GCM, count: Int = 100,
    of organisation: ID<Organisation> = organisation
  ) async throws(VaultError) -> (key: ID<DataKey>, secret: SecretBytes) {
    let answer = try await call(
      .lease,
      [
        ("organisation", .bytes(organisation.bytes)), ("purpose", .text(purpose)), ("suite", .text(suite.word)),
        ("count", .integer(count)),
      ])
    guard let key = answer.body["key"]?.byteString.flatMap({ ID<DataKey>(bytes: $0) }), let secret = answer.secret
    else { throw .malformed }
    return (key, secret)
  }

  func fetch(
    _ key: ID<DataKey>, of organisation: ID<Organisation> = organisation
  ) async throws(VaultError) -> SecretBytes {
    let answer = try await call(.fetch, [("organisation", .bytes(organisation.bytes)), ("key", .bytes(key.bytes))])
    guard let secret = answer.secret else { throw .malformed }
    return secret
  }

  func rotate(_ purpose: String = "residents") async throws(VaultError) {
    try await call(.rotate, [("organisation", .bytes(Self.organisation.bytes)), ("purpose", .text(purpose))])
  }

  func status(_ name: String) async throws -> WireValue? {
    try await call(.status).body[name]
  }
}

/// A custodian with a signing key.
struct TestCustodian {
  let name: String
  let key = P256.Signing.PrivateKey()

  func enrol(in vault: TestVault) async throws(VaultError) {
    try await vault.call(
      .enrol, [("name", .text(name)), ("public", .bytes(Array(key.publicKey.x963Representation)))])
  }

  static func three(in vault: TestVault) async throws -> [TestCustodian] {
    let all = ["An", "Bo", "Cui"].map { TestCustodian(name: $0) }
    for custodian in all { try await custodian.enrol(in: vault) }
    return all
  }

  func statement(
    _ kind: QuorumKind, _ arguments: [(String, WireValue)], in vault: TestVault, hours: Int64 = 24
  ) -> QuorumStatement {
    QuorumStatement(
      id: vault.ids.next(), kind: kind, arguments: Array(VaultFrame(arguments).headAndBody.dropFirst(12)),
      expiresAt: vault.clock.now.advanced(by: .seconds(hours * 3_600)))
  }

  func propose(_ statement: QuorumStatement, in vault: TestVault, as other: String? = nil) async throws {
    let signature = try key.signature(for: statement.bytes(.proposer, by: other ?? name)).rawRepresentation
    try await vault.call(
      .propose,
      [
        ("id", .bytes(statement.id.bytes)), ("kind", .text(statement.kind.rawValue)),
        ("arguments", .bytes(statement.arguments)), ("expiresAt", .integer(statement.expiresAt.microseconds)),
        ("custodian", .text(other ?? name)), ("signature", .bytes(Array(signature))),
      ])
  }

  func approval(_ statement: QuorumStatement) throws -> [UInt8] {
    Array(try key.signature(for: statement.bytes(.approver, by: name)).rawRepresentation)
  }

  func approve(_ statement: QuorumStatement, in vault: TestVault, signature: [UInt8]? = nil) async throws {
    let own = try approval(statement)
    try await vault.call(
      .approve,
      [
        ("proposal", .bytes(statement.id.bytes)), ("custodian", .text(name)), ("signature", .bytes(signature ?? own)),
      ])
  }
}

extension TestVault {
  /// Proposes, approves twice and executes.
  @discardableResult
  func decide(
    _ kind: QuorumKind, _ arguments: [(String, WireValue)], by custodians: [TestCustodian]
  ) async throws -> VaultFrame {
    let statement = custodians[0].statement(kind, arguments, in: self)
    try await custodians[0].propose(statement, in: self)
    try await custodians[1].approve(statement, in: self)
    try await custodians[2].approve(statement, in: self)
    return try await call(.execute, [("proposal", .bytes(statement.id.bytes))])
  }
}
