import Guomi
import Kernel
@testable import KeyService
import PKCS11
import SQLStore
import Synchronization
import TestSupport
import Testing
import Vault
import WireFormats

@Suite("A rotation of key-encryption keys")
struct RotationTests {
  /// Three batches of data keys in two purposes, as ids and bytes.
  static func filled(_ vault: TestVault, versions: Int = 150) async throws -> [ID<DataKey>: SecretBytes] {
    var keys: [ID<DataKey>: SecretBytes] = [:]
    for purpose in ["residents", "accounts"] {
      let lease = try await vault.lease(purpose)
      keys[lease.key] = lease.secret
    }
    for number in 0..<versions {
      let made = try await vault.store.write { sql in
        let hierarchy = try vault.core.hierarchy(sql)
        try sql.execute("UPDATE vault_key SET state = 'decrypt-only' WHERE purpose = 'residents'")
        let kind: KeyKind = number % 3 == 0 ? .sm4Data : .aesData
        let key = try hierarchy.makeKey(
          TestVault.organisation, "residents", kind, secret: try vault.random.secret(32))
        return (key.id, try hierarchy.unwrap(key))
      }
      keys[made.0] = made.1
    }
    return keys
  }

  /// Every key opens, unwrapped anew from the store.
  static func check(_ vault: TestVault, _ keys: [ID<DataKey>: SecretBytes]) async throws {
    vault.core.memory.forgetAll()
    for (key, secret) in keys { #expect(try await vault.fetch(key) == secret) }
  }

  @Test("moves every key, and goes on serving meanwhile", .clause("9.2.2a"))
  func moves() async throws {
    let vault = try await TestVault.made()
    var keys = try await Self.filled(vault)
    try await vault.rotate()
    await #expect(throws: VaultError.self) { try await vault.rotate() }
    var steps = 0
    while try await vault.core.stepRotation() {
      steps += 1
      try await Self.check(vault, keys)
      let lease = try await vault.lease()
      keys[lease.key] = lease.secret
    }
    #expect(steps >= 3)
    try await Self.check(vault, keys)
    let states = try await vault.store.read { sql in
      try sql.rows("SELECT version, state FROM vault_kek WHERE purpose = 'residents' ORDER BY version")
        .map { "\(try $0.int("version")) \(try $0.text("state"))" }
    }
    #expect(states == ["1 decrypt-only", "2 primary"])
    let left = try await vault.store.read { sql in
      try sql.row(
        "SELECT count(*) FROM vault_key JOIN vault_kek ON vault_kek.id = kek WHERE vault_kek.state = 'decrypt-only'")
    }
    #expect(try left?.integer(0) == 0)
  }

  @Test("begins by itself after a year")
  func yearly() async throws {
    let vault = try await TestVault.made()
    let key = try await vault.lease()
    vault.clock.advance(by: .seconds(366 * 86_400))
    try await vault.core.tick()
    #expect(try await vault.status("rotations") == .integer(1))
    while try await vault.core.stepRotation() {}
    #expect(try await vault.status("rotations") == .integer(0))
    #expect(try await vault.fetch(key.key) == key.secret)
  }

  struct Stopped: Error {}

  @Test(
    "that is stopped at any step leaves every key readable, and goes on to its end", .clause("9.2.2a"),
    arguments: [
      FaultPoint.tokenKeyMade, .rotationBegun, .keyRewrapped, .batchCommitted, .rotationEnding, .rotationCommitted,
    ], [VaultFault.stopped, .diskFull])
  func stopped(_ point: FaultPoint, _ fault: VaultFault) async throws {
    let armed = Mutex<Int?>(nil)
    let vault = try await TestVault.made { reached in
      let isDue = armed.withLock { left -> Bool in
        guard reached == point, let count = left else { return false }
        left = count > 0 ? count - 1 : nil
        return count == 0
      }
      guard isDue else { return }
      switch fault {
      case .stopped: throw Stopped()
      case .diskFull: throw SQLError.full(message: "no space left")
      }
    }
    let keys = try await Self.filled(vault)
    // Somewhere in the middle where there is one.
    armed.withLock { $0 = point == .keyRewrapped ? 70 : 0 }
    var stops = 0
    do { try await vault.rotate() } catch { stops += 1 }
    try await Self.check(vault, keys)
    if stops > 0 { try await vault.rotate() }
    for _ in 0..<20 {
      do {
        guard try await vault.core.stepRotation() else { break }
      } catch {
        stops += 1
      }
      try await Self.check(vault, keys)
    }
    #expect(stops == 1)
    #expect(try await vault.status("rotations") == .integer(0))
    try await Self.check(vault, keys)
  }

  @Test("whose token goes away between two steps says so, leaves every key readable, and goes on when it is back")
  func tokenGone() async throws {
    let vault = try await TestVault.made()
    let keys = try await Self.filled(vault)
    try await vault.rotate()
    #expect(try await vault.core.stepRotation())
    vault.core.memory.forgetAll()
    vault.core.state.withLock { $0.master?.token.close() }
    await #expect(throws: (any Error).self) { try await vault.core.stepRotation() }
    await #expect(throws: VaultError.tokenGone) { try await vault.fetch(try #require(keys.keys.first)) }
    await #expect(throws: VaultError.tokenGone) { try await vault.lease() }
    // Once it has seen that, it is sealed; a sealed one goes no step on and breaks nothing.
    #expect(try await vault.status("token") == .text("gone"))
    #expect(try await !vault.core.stepRotation())
    try await vault.core.open(sealKey: #require(vault.founding.sealKey))
    try await Self.check(vault, keys)
    while try await vault.core.stepRotation() { try await Self.check(vault, keys) }
    #expect(try await vault.status("rotations") == .integer(0))
    try await Self.check(vault, keys)
  }

  @Test("whose disk is really full is refused and changes nothing; with room it goes on")
  func reallyFull() async throws {
    var options = SQLiteOptions()
    options.pagesMax = 60
    let vault = try await TestVault.made(store: try SQLStore.inMemory(options: options))
    let key = try await vault.lease()
    // Fill the file with log entries until nothing fits.
    var error: VaultError?
    for _ in 0..<5_000 where error == nil {
      do { _ = try await vault.fetch(key.key) } catch let found { error = found }
    }
    #expect(error == .storeFull)
    await #expect(throws: VaultError.storeFull) { try await vault.rotate() }
    await #expect(throws: VaultError.storeFull) { try await vault.fetch(key.key) }
    // Without its entry in the log nothing is given out, but the key is still there.
    try await vault.store.write { sql in _ = try sql.row("PRAGMA max_page_count = 1000000") }
    #expect(try await vault.fetch(key.key) == key.secret)
    try await vault.rotate()
    while try await vault.core.stepRotation() {}
    vault.core.memory.forgetAll()
    #expect(try await vault.fetch(key.key) == key.secret)
  }

  @Test("leaves an old key that can be destroyed, in the token too; one in use cannot")
  func oldKey() async throws {
    let vault = try await TestVault.made()
    let custodians = try await TestCustodian.three(in: vault)
    let key = try await vault.lease()
    func kek(_ version: Int) async throws -> (id: ID<KEK>, label: String) {
      let row = try await vault.store.read { try $0.row("SELECT id, label FROM vault_kek WHERE version = \(version)") }
      return (try #require(row).id("id"), try #require(row).text("label"))
    }
    let old = try await kek(1)
    func destroy(_ id: ID<KEK>) async throws {
      try await vault.decide(.destroy, [("kek", .bytes(id.bytes)), ("days", .integer(7))], by: custodians)
    }
    await #expect(throws: VaultError.keyUnusable(state: "in use")) { try await destroy(old.id) }
    try await vault.rotate()
    while try await vault.core.stepRotation() {}
    try await destroy(old.id)
    for _ in 0..<(7 * 24) {
      vault.clock.advance(by: .seconds(3_600))
      try await vault.core.tick()
    }
    let master = try #require(vault.core.state.withLock { $0.master })
    #expect(try !master.token.hasKey(label: old.label))
    #expect(try master.token.hasKey(label: try await kek(2).label))
    vault.core.memory.forgetAll()
    #expect(try await vault.fetch(key.key) == key.secret)
  }
}

@Suite("The destruction of a key-encryption key")
struct KEKDestructionTests {
  @Test(
    "that is stopped after its commit, or by a full disk, destroys the token's key at the next look at the clock",
    .clause("9.2.2a"), arguments: VaultFault.allCases)
  func stopped(_ fault: VaultFault) async throws {
    let armed = Mutex<FaultPoint?>(.destructionCommitted)
    let vault = try await TestVault.made { reached in
      let isDue = armed.withLock { point -> Bool in
        guard reached == point else { return false }
        point = nil
        return true
      }
      guard isDue else { return }
      switch fault {
      case .stopped: throw RotationTests.Stopped()
      case .diskFull: throw SQLError.full(message: "no space left")
      }
    }
    let custodians = try await TestCustodian.three(in: vault)
    let key = try await vault.lease()
    let row = try await vault.store.read { try $0.row("SELECT id, label FROM vault_kek WHERE version = 1") }
    let (old, label) = (try #require(row).id("id") as ID<KEK>, try #require(row).text("label"))
    try await vault.rotate()
    while try await vault.core.stepRotation() {}
    try await vault.decide(.destroy, [("kek", .bytes(old.bytes)), ("days", .integer(7))], by: custodians)
    let master = try #require(vault.core.state.withLock { $0.master })
    var stops = 0
    for _ in 0...(7 * 24) where stops == 0 {
      vault.clock.advance(by: .seconds(3_600))
      do { try await vault.core.tick() } catch { stops += 1 }
    }
    #expect(stops == 1)
    // Written down as destroyed, and still in the token: nothing is wrapped under it any more.
    #expect(try master.token.hasKey(label: label))
    try await vault.core.tick()
    #expect(try !master.token.hasKey(label: label))
    vault.core.memory.forgetAll()
    #expect(try await vault.fetch(key.key) == key.secret)
  }
}

enum VaultFault: Sendable, CaseIterable {
  case stopped
  case diskFull
}
