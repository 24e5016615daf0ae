import Audit
import Foundation
import Kernel
import MerkleLog
import SQLStore
import TestSupport
import Testing

@Suite("The keeper of the audit log")
struct AuditKeeperTests {
  @Test("signs the first entry at once, then every sixty seconds or a thousand entries")
  func pace() async throws {
    let bench = try await AuditBench()
    func sizes() -> [Int] { bench.place.checkpoints.map(\.checkpoint.size) }
    try await bench.keeper.step()
    #expect(sizes() == [], "an empty log has nothing to sign")
    try await bench.write(0..<1)
    try await bench.keeper.step()
    #expect(sizes() == [1])
    try await bench.write(1..<3)
    bench.fresh.clock.advance(by: .seconds(59))
    try await bench.keeper.step()
    #expect(sizes() == [1])
    bench.fresh.clock.advance(by: .seconds(1))
    try await bench.keeper.step()
    #expect(sizes() == [1, 3])
    bench.fresh.clock.advance(by: .seconds(600))
    try await bench.keeper.step()
    #expect(sizes() == [1, 3], "nothing new, nothing to sign")
    try await bench.writeMany(3..<1_100)
    try await bench.keeper.step()
    #expect(sizes() == [1, 3, 1_003])
    try await bench.keeper.step(isLast: true)
    #expect(sizes() == [1, 3, 1_003, 1_100])
    #expect(try await bench.log.check(copies: bench.place.checkpoints).findings == [])
  }

  @Test("goes on signing when the clock was set back")
  func clock() async throws {
    let bench = try await AuditBench()
    try await bench.write(0..<1)
    try await bench.keeper.step()
    bench.fresh.clock.set(bench.fresh.clock.now.advanced(by: .seconds(-86_400)))
    try await bench.write(1..<2)
    try await bench.keeper.step()
    #expect(bench.place.checkpoints.map(\.checkpoint.size) == [1, 2])
  }

  @Test("tells how well an entry is proved: waiting, hashed, proved")
  func states() async throws {
    let bench = try await AuditBench()
    try await bench.write(0..<1)
    #expect(try await bench.log.entry(1, by: bench.person).state == .waiting)
    try await bench.keeper.step()
    guard case .proved(0, 1, _, _) = try await bench.log.entry(1, by: bench.person).state else {
      Issue.record("not proved")
      return
    }
    try await bench.write(1..<2)
    try await bench.keeper.step()
    #expect(try await bench.log.entry(2, by: bench.person).state == .hashed(leaf: 1))
  }

  @Test("has lost nothing and signed nothing twice when killed anywhere and started again",
    .timeLimit(.minutes(10)), arguments: Backend.allCases)
  func killed(_ backend: Backend) async throws {
    // Seven steps a change, three changes: too many for PostgreSQL to try each.
    for step in backend == .sqlite ? Array(1...21) : [3, 5, 6, 7, 12] {
      let opened = try await backend.open()
      try await opened.store.migrate([Journal.migrations, AuditLog.migrations, .probe])
      #expect(try await CrashProbe.run("audit-keep", address: opened.address, step: step) == .killed)
      let bench = AuditBench(fresh: try await Fresh(store: opened.store, [.probe]))
      let probe = CheckpointKey(name: "probe", publicKey: [1]) { signature, bytes in
        signature == [bytes.reduce(0) { $0 &* 31 &+ $1 }]
      }
      let log = AuditLog(work: bench.fresh.work, keys: CheckpointKeys([probe, bench.signer.key]))
      let keeper = AuditKeeper(log: log, signer: bench.signer, places: [bench.place])
      try await keeper.step(isLast: true)
      let changes = try await opened.store.read { try $0.rows("SELECT number FROM probe_change").count }
      let report = try await log.check(copies: bench.place.checkpoints)
      #expect(report.findings == [], "step \(step)")
      #expect(report.size == changes && report.sealedSize == changes, "step \(step)")
      await opened.store.close()
    }
  }

  @Test("keeps copies in a folder, which survive a torn line")
  func folder() async throws {
    let folder = try TemporaryFolder("anju-audit")
    let url = URL(filePath: folder.path("copies"))
    let bench = try await AuditBench()
    let keeper = AuditKeeper(log: bench.log, signer: bench.signer, places: [FolderPlace(url)])
    for number in 0..<3 {
      try await bench.write(number..<(number + 1))
      try await keeper.step(isLast: true)
    }
    let file = url.appending(path: "2026-11.checkpoints")
    let whole = try Data(contentsOf: file)
    #expect(try FolderPlace.copies(in: url).checkpoints.map(\.checkpoint.size) == [1, 2, 3])
    // The third line is torn; its checkpoint was not noted as copied, so that it is copied again.
    try whole.prefix(whole.count - 40).write(to: file)
    #expect(try FolderPlace.copies(in: url).damaged == ["2026-11.checkpoints:3"])
    try await bench.tamper("UPDATE audit_copy SET size = 2")
    try await keeper.step()
    let copies = try FolderPlace.copies(in: url)
    #expect(copies.checkpoints.map(\.checkpoint.size) == [1, 2, 3] && copies.damaged == [])
    #expect(try await bench.log.check(copies: copies.checkpoints).findings == [])
  }

  @Test("goes on when a place or the key does not answer, and catches up")
  func failing() async throws {
    struct Down: CheckpointPlace, CheckpointSigner {
      struct Error: Swift.Error {}
      let name = "down"
      func keep(_ checkpoint: SignedCheckpoint) async throws { throw Error() }
      func sign(_ bytes: [UInt8]) async throws -> CheckpointSignature { throw Error() }
    }
    let bench = try await AuditBench()
    let down = Down()
    // More than one batch: all of it is hashed, though nobody signs.
    try await bench.writeMany(0..<2_100)
    let waiting = AuditKeeper(log: bench.log, signer: down, places: [bench.place])
    for _ in 0..<2 {
      let error = await #expect(throws: CheckpointWaits.self) { try await waiting.step() }
      #expect(error?.cause is Down.Error)
    }
    #expect(try await bench.log.entry(2_100, by: bench.person).state == .hashed(leaf: 2_099))
    #expect(bench.place.checkpoints.isEmpty)
    try await AuditKeeper(log: bench.log, signer: bench.signer, places: [down, bench.place]).step()
    #expect(bench.place.checkpoints.map(\.checkpoint.size) == [2_100])
    #expect(try await bench.log.check().isWhole)
    // What was signed before is copied while nobody signs.
    try await bench.write(2_100..<2_101)
    let late = TestPlace(name: "late")
    bench.fresh.clock.advance(by: .seconds(60))
    await #expect(throws: CheckpointWaits.self) {
      try await AuditKeeper(log: bench.log, signer: down, places: [late]).step()
    }
    #expect(late.checkpoints.map(\.checkpoint.size) == [2_100])
  }
}

extension SQLMigrations {
  static let probe = SQLMigrations(
    context: "probe",
    steps: [.init(1, "probe", "CREATE TABLE probe_change (number {int} NOT NULL) {strict};")])
}
