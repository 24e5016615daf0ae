import Audit
import Kernel
import MerkleLog
import SQLStore
import TestSupport
import Testing

@Suite("The stored audit log")
struct AuditTamperTests {
  /// A log of 20 entries with details, two checkpoints, one entry not hashed yet.
  private static func bench(_ backend: Backend? = nil) async throws -> AuditBench {
    let bench = try await AuditBench(backend)
    try await bench.write(0..<12)
    try await bench.keeper.step()
    bench.fresh.clock.advance(by: .seconds(61))
    for number in 12..<20 {
      try await bench.write(
        "thing-\(number)", .act, reason: "测试", .plain("name", "楼 \(number)"),
        .personal("phone", "138", of: "r-\(number)"))
    }
    try await bench.keeper.step()
    try await bench.write("late")
    return bench
  }

  /// Every column of every table, and which row is changed.
  static let columns: [(table: String, column: String, row: String)] = {
    let entry = ["organisation", "id", "at", "principal", "verb", "kind", "resource", "outcome", "words", "body"]
    var columns = entry.map { ("audit_entry", $0, "sequence = 15") }
    columns += ["organisation", "field", "subject", "salt", "value"].map {
      ("audit_personal", $0, "entry = 15 AND field = 'detail.phone'")
    }
    columns += ["leaf", "digest"].map { ("audit_leaf", $0, "sequence = 15") }
    columns += [
      ("audit_node", "digest", "level = 0 + 2 AND position = 3"), ("audit_node", "level", "level = 1 AND position = 2"),
      ("audit_node", "position", "level = 3 AND position = 1"), ("audit_checkpoint", "size", "size = 12"),
      ("audit_checkpoint", "made_at", "size = 12"), ("audit_checkpoint", "note", "size = 12"),
      ("audit_origin", "origin", "one = 1"),
    ]
    return columns
  }()

  /// The value with one byte changed, at several places.
  private static func changes(_ value: SQLValue) -> [SQLValue] {
    switch value {
    case .null: [.text("x")]
    case .real: []
    case .integer(let number): [.integer(number + 1_000), .integer(number ^ 1 << 40)]
    case .text(let text):
      [0, text.utf8.count / 2, text.utf8.count - 1].compactMap { offset in
        var bytes = Array(text.utf8)
        bytes[offset] ^= 1
        return String(validating: bytes, as: UTF8.self).map { .text($0) }
      } + [.text(text + " ")]
    case .blob(let bytes):
      [0, bytes.count / 2, bytes.count - 1].map { offset in
        var bytes = bytes
        bytes[offset] ^= 128
        return .blob(bytes)
      }
    }
  }

  @Test("is found changed, whichever byte of whichever column it is", arguments: Backend.allCases)
  func flipped(_ backend: Backend) async throws {
    let bench = try await Self.bench(backend)
    #expect(try await bench.log.check(copies: bench.place.checkpoints).findings == [])
    try await bench.fresh.store.write { sql in
      try AuditBench.removeGuards(sql)
      // Whoever owns the store turns its references off, too.
      if sql.dialect == .postgres {
        for table in ["audit_entry", "audit_personal", "audit_leaf"] {
          try sql.execute(SQL(raw: "ALTER TABLE \(table) DISABLE TRIGGER ALL"))
        }
      }
    }
    var count = 0
    for (table, column, row) in Self.columns {
      let rowSQL = SQL(raw: "\(table) WHERE \(row)")
      let value = try await bench.fresh.store.read { sql in
        try #require(try sql.row("SELECT \(raw: column) FROM \(rowSQL)")).value(0)
      }
      for changed in Self.changes(value) {
        let report = try await Self.report(bench, table, column, row, changed)
        #expect(!report.isWhole, "\(table).\(column) changed to \(changed)")
        count += 1
        if column == "body" || table == "audit_personal" {
          #expect(report.findings.contains { $0.subject == .entry(15) || $0.subject == .log }, "\(report.findings)")
        }
      }
    }
    #expect(count > 60)
    #expect(try await bench.log.check(copies: bench.place.checkpoints).findings == [], "all is back as it was")
  }

  /// Checks the log with one value changed, and changes it back.
  private static func report(
    _ bench: AuditBench, _ table: String, _ column: String, _ row: String, _ value: SQLValue
  ) async throws -> AuditReport {
    struct Back: Error {}
    let copy = "CREATE TABLE kept AS SELECT * FROM \(table)"
    try await bench.fresh.store.write { sql in
      try sql.execute(SQL(raw: copy))
      try sql.execute("UPDATE \(raw: table) SET \(raw: column) = \(value) WHERE \(raw: row)")
    }
    let report = try await bench.log.check(copies: bench.place.checkpoints)
    try await bench.fresh.store.write { sql in
      if sql.dialect == .sqlite { try sql.execute("PRAGMA defer_foreign_keys = ON") }
      try sql.execute("DELETE FROM \(raw: table)")
      try sql.execute("INSERT INTO \(raw: table) SELECT * FROM kept")
      try sql.execute("DROP TABLE kept")
    }
    return report
  }

  @Test("names the entry whose text was changed, and no other")
  func named() async throws {
    let bench = try await Self.bench()
    try await bench.tamper("UPDATE audit_entry SET body = replace(body, 'thing-7', 'thing-8') WHERE sequence = 8")
    let findings = try await bench.log.check().findings
    #expect(Set(findings.map(\.subject)) == [.entry(8)])
    #expect(findings.contains { $0.problem == "its text is not the one that was hashed" })
    let state = try await bench.log.entry(8, by: bench.person).state
    #expect(state == .broken(leaf: 7, size: 12))
    guard case .proved = try await bench.log.entry(9, by: bench.person).state else {
      Issue.record("an entry that was not changed is not proved")
      return
    }
  }

  @Test("is found cut by a copy of a checkpoint, though it contradicts nothing in itself")
  func truncated() async throws {
    let bench = try await Self.bench()
    try await bench.tamper(
      "DELETE FROM audit_personal WHERE entry > 12", "DELETE FROM audit_leaf WHERE sequence > 12",
      "DELETE FROM audit_node WHERE (position + 1) * (1 << level) > 12", "DELETE FROM audit_entry WHERE sequence > 12",
      "DELETE FROM audit_checkpoint WHERE size > 12")
    #expect(try await bench.log.check().isWhole)
    let findings = try await bench.log.check(copies: bench.place.checkpoints).findings
    #expect(findings == [AuditFinding(.copy(size: 20), "there are only 12 entries now: the log was cut")])
  }

  @Test("is found cut when its own checkpoint tells more")
  func truncatedBelowCheckpoint() async throws {
    let bench = try await Self.bench()
    try await bench.tamper(
      "DELETE FROM audit_personal WHERE entry > 15", "DELETE FROM audit_leaf WHERE sequence > 15",
      "DELETE FROM audit_node WHERE (position + 1) * (1 << level) > 15", "DELETE FROM audit_entry WHERE sequence > 15")
    let findings = try await bench.log.check().findings
    #expect(findings == [AuditFinding(.checkpoint(size: 20), "there are only 15 entries now: the log was cut")])
  }

  @Test("is found reordered, and with an entry put in between")
  func reordered() async throws {
    let bench = try await Self.bench()
    try await bench.tamper(
      "UPDATE audit_leaf SET leaf = 1000 WHERE leaf = 4", "UPDATE audit_leaf SET leaf = 4 WHERE leaf = 5",
      "UPDATE audit_leaf SET leaf = 5 WHERE leaf = 1000")
    let subjects = Set(try await bench.log.check().findings.map(\.subject))
    #expect(subjects.isSuperset(of: [.entry(5), .entry(6)]))
    let second = try await Self.bench()
    try await second.tamper(
      """
      INSERT INTO audit_entry SELECT 0, organisation, \(ID<Unit>(high: 1, low: 1)), at, principal, verb, kind, resource,
        outcome, words, body FROM audit_entry WHERE sequence = 1
      """)
    #expect(
      try await second.log.check().findings.contains {
        $0 == AuditFinding(.entry(0), "stands among hashed entries and is not in the tree")
      })
  }

  @Test("is found forked when two checkpoints of one size differ")
  func forked() async throws {
    let bench = try await Self.bench()
    let other = try #require(MerkleDigest(bytes: [UInt8](repeating: 1, count: 32)))
    let first = try #require(bench.place.checkpoints.first).checkpoint
    let checkpoint = try Checkpoint(origin: first.origin, size: 12, root: other, time: first.time)
    let signature = try await bench.signer.sign(checkpoint.signedBytes)
    let fork = try SignedCheckpoint(checkpoint, signatures: [signature])
    let findings = try await bench.log.check(copies: bench.place.checkpoints + [fork]).findings
    #expect(
      findings == [
        AuditFinding(.copy(size: 12), "says another root than the stored one: two logs were shown (a fork)")
      ])
  }

  @Test("is not believed with a checkpoint that another key signed")
  func otherKey() async throws {
    let bench = try await Self.bench()
    let stranger = AuditLog(work: bench.fresh.work, keys: CheckpointKeys([TestSigner(seed: 2).key]))
    let findings = try await stranger.check().findings
    #expect(Set(findings.map(\.subject)) == [.checkpoint(size: 12), .checkpoint(size: 20)])
    #expect(try await stranger.entry(3, by: bench.person).state == .broken(leaf: 2, size: 12))
  }

  @Test("that was changed under a checkpoint is not signed again")
  func notSigned() async throws {
    let bench = try await Self.bench()
    try await bench.tamper("UPDATE audit_leaf SET digest = \([UInt8](repeating: 9, count: 32)) WHERE sequence = 20",
      "DELETE FROM audit_node WHERE level = 1 AND position = 9",
      "INSERT INTO audit_node (level, position, digest) VALUES (1, 9, \([UInt8](repeating: 9, count: 32)))")
    bench.fresh.clock.advance(by: .seconds(61))
    try await bench.tamper("DELETE FROM audit_node WHERE level = 2 AND position = 4",
      "INSERT INTO audit_node (level, position, digest) VALUES (2, 4, \([UInt8](repeating: 9, count: 32)))")
    try await bench.write("later")
    await #expect(throws: AuditError.self) { try await bench.keeper.step() }
  }
}
