import Audit
import Crypto
import Kernel
import MerkleLog
import SQLStore
import Synchronization
import TestSupport

/// Signs with a key of this test; as good as SM2 for what is tested here.
struct TestSigner: CheckpointSigner {
  private let secret: P256.Signing.PrivateKey
  let key: CheckpointKey

  init(name: String = "test", seed: UInt8 = 1) {
    let secret = P256.Signing.PrivateKey.seeded(seed)
    let publicKey = secret.publicKey
    self.secret = secret
    key = CheckpointKey(name: name, publicKey: Array(publicKey.x963Representation)) { signature, bytes in
      guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
      return publicKey.isValidSignature(signature, for: bytes)
    }
  }

  func sign(_ bytes: [UInt8]) async throws -> CheckpointSignature {
    try key.signature(Array(secret.signature(for: bytes).rawRepresentation))
  }
}

extension P256.Signing.PrivateKey {
  /// The same key in every run.
  fileprivate static func seeded(_ seed: UInt8) -> Self {
    for last in UInt8.min ... .max {
      if let key = try? Self(rawRepresentation: [UInt8](repeating: seed, count: 31) + [last]) { return key }
    }
    preconditionFailure("no key of 256 numbers")
  }
}

/// A place in memory.
final class TestPlace: CheckpointPlace {
  let name: String
  private let kept = Mutex<[SignedCheckpoint]>([])

  init(name: String = "test") {
    self.name = name
  }

  var checkpoints: [SignedCheckpoint] { kept.withLock { $0 } }

  func keep(_ checkpoint: SignedCheckpoint) async throws {
    kept.withLock { $0.append(checkpoint) }
  }
}

/// A fresh audit log with its keeper.
struct AuditBench {
  let fresh: Fresh
  let signer = TestSigner()
  let place = TestPlace()
  let log: AuditLog
  let keeper: AuditKeeper
  let person: Principal

  init(_ backend: Backend? = nil) async throws {
    try await self.init(fresh: backend == nil ? .inMemory() : .on(backend ?? .sqlite))
  }

  init(fresh: Fresh) {
    self.fresh = fresh
    log = AuditLog(work: fresh.work, keys: CheckpointKeys([signer.key]))
    keeper = AuditKeeper(log: log, signer: signer, places: [place])
    person = Principal(
      id: fresh.work.ids.next(), kind: .person, organisation: fresh.organisation, name: "王芳",
      permissions: Set(Permission.allCases), assurance: .secondFactor(at: fresh.clock.now),
      origin: Origin(address: "192.0.2.7", agent: "Firefox"))
  }

  /// Writes entries, each in a unit of its own.
  func write(_ numbers: Range<Int>) async throws {
    for number in numbers { try await write("thing-\(number)") }
  }

  func write(
    _ resource: String, _ verb: AuditVerb = .update, reason: String? = nil, _ details: AuditDetail...,
    by principal: Principal? = nil
  ) async throws {
    let event = AuditEvent(verb, "test.thing", resource, by: principal ?? person, reason: reason, details: details)
    try await fresh.work.run(AuditError.self) { unit in try unit.audit(event) }
  }

  /// Writes many entries in one unit.
  func writeMany(_ numbers: Range<Int>) async throws {
    let person = person
    try await fresh.work.run(AuditError.self) { unit in
      for number in numbers { try unit.audit(AuditEvent(.update, "test.thing", "thing-\(number)", by: person)) }
    }
  }

  /// Changes the store as somebody does who owns it: with the guards taken away.
  func tamper(_ statements: SQL...) async throws {
    try await fresh.store.write { sql in
      try Self.removeGuards(sql)
      for statement in statements { try sql.execute(statement) }
    }
  }

  static func removeGuards(_ sql: SQLConnection) throws {
    if sql.dialect == .sqlite {
      for row in try sql.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'") {
        try sql.execute(SQL(raw: "DROP TRIGGER \(try row.text(0))"))
      }
    } else {
      for table in ["entry", "leaf", "node", "checkpoint", "origin", "personal"] {
        try sql.execute(SQL(raw: "DROP TRIGGER IF EXISTS audit_\(table)_frozen ON audit_\(table)"))
      }
    }
  }
}
