import Audit
import Kernel
import MerkleLog
import SQLStore

/// Three changes, each with its audit entry, and the tree kept up after each: it may die between any two effects.
enum AuditKeep: Scenario {
  static let name = "audit-keep"

  static func run(address: String, crash: CrashPoint) async throws {
    let work = try await Work.open(address)
    let keeper = AuditKeeper(
      log: AuditLog(work: work, keys: CheckpointKeys([CrashSigner.shared])), signer: CrashSigner(crash: crash),
      places: [CrashPlace(crash: crash)])
    let principal = Principal(
      id: ID(high: 2, low: 2), kind: .person, organisation: ID(high: 1, low: 1), name: "Test", permissions: [])
    for number in 1...3 {
      crash.reach()
      try await work.run(ProbeError.self) { unit in
        try unit.sql.execute("INSERT INTO probe_change (number) VALUES (\(number))")
        crash.reach()
        try unit.audit(.create, "probe", ID<AuditKeeper>(high: 3, low: UInt64(number)), by: principal)
        crash.reach()
      }
      crash.reach()
      try await keeper.step(isLast: true)
    }
  }
}

/// Signs in a way that anybody can: what matters is when it dies.
private struct CrashSigner: CheckpointSigner {
  static let shared = CheckpointKey(name: "probe", publicKey: [1]) { signature, bytes in signature == sum(bytes) }

  let crash: CrashPoint

  func sign(_ bytes: [UInt8]) async throws -> CheckpointSignature {
    // The entries are hashed, nothing is signed.
    crash.reach()
    return try Self.shared.signature(Self.sum(bytes))
  }

  private static func sum(_ bytes: [UInt8]) -> [UInt8] {
    [bytes.reduce(0) { $0 &* 31 &+ $1 }]
  }
}

private struct CrashPlace: CheckpointPlace {
  let crash: CrashPoint
  let name = "probe"

  func keep(_ checkpoint: SignedCheckpoint) async throws {
    // The checkpoint is signed and stored, not copied; then copied, and not noted.
    crash.reach()
    crash.reach()
  }
}
