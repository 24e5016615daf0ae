import Audit
import Kernel
import SQLStore
import TestSupport
import Testing

@Suite("An audited act", .clause("6.8.2g"))
struct AuditWriteTests {
  @Test("tells who, what, when, from where and why", arguments: Backend.allCases)
  func told(_ backend: Backend) async throws {
    let bench = try await AuditBench(backend)
    try await bench.write(
      "resident-1", .read, reason: "租客要求核对证件", .plain("column", "idNumber"),
      .personal("name", "李明", of: "resident-1"))
    let page = try await bench.log.search(AuditQuery(), by: bench.person)
    let entry = try #require(page.items.first)
    #expect(page.items.count == 1 && page.next == nil)
    #expect(entry.body.principal == bench.person.id)
    #expect(entry.body.verb == .read && entry.body.kind == "test.thing" && entry.body.resource == "resident-1")
    #expect(entry.at == bench.fresh.clock.now && entry.body.outcome == .done)
    #expect(entry.field("who.name") == .known("王芳"))
    #expect(entry.field("from.address") == .known("192.0.2.7"))
    #expect(entry.field("from.agent") == .known("Firefox"))
    #expect(entry.field("why") == .known("租客要求核对证件"))
    #expect(entry.field("detail.name") == .known("李明"))
    #expect(entry.body.details == ["column": "idNumber"])
    // What can be erased is not in the hashed text.
    for personal in ["王芳", "李明", "192.0.2.7", "Firefox", "核对"] { #expect(!entry.text.contains(personal)) }
  }

  @Test("is written with the change or not at all", arguments: Backend.allCases)
  func atomic(_ backend: Backend) async throws {
    let bench = try await AuditBench(backend)
    let person = bench.person
    await #expect(throws: AuditError.entryUnknown) {
      try await bench.fresh.work.run(AuditError.self) { unit in
        try unit.audit(AuditEvent(.update, "test.thing", "1", by: person))
        throw AuditError.entryUnknown
      }
    }
    #expect(try await bench.log.search(AuditQuery(), by: person).items.isEmpty)
  }

  @Test("does not happen when its entry cannot be written", arguments: Backend.allCases)
  func failClosed(_ backend: Backend) async throws {
    let bench = try await AuditBench(backend)
    let person = bench.person
    try await bench.fresh.store.write { sql in
      try sql.execute("CREATE TABLE changed (number BIGINT)")
      try sql.execute("ALTER TABLE audit_entry RENAME TO audit_gone")
    }
    await #expect(throws: AuditError.self) {
      try await bench.fresh.work.run(AuditError.self) { unit in
        try unit.sql.execute("INSERT INTO changed (number) VALUES (1)")
        try unit.audit(AuditEvent(.update, "test.thing", "1", by: person))
      }
    }
    #expect(try await bench.fresh.store.read { try $0.rows("SELECT number FROM changed").isEmpty })
  }

  @Test("that opens sealed data needs a reason")
  func reason() async throws {
    let bench = try await AuditBench()
    for reason in [nil, "", " \n"] {
      await #expect(throws: AuditError.reasonMissing) { try await bench.write("1", .read, reason: reason) }
    }
    await #expect(throws: AuditError.self) { try await bench.write("") }
    await #expect(throws: AuditError.self) {
      try await bench.write("1", .update, .plain("a", "1"), .plain("a", "2"))
    }
    #expect(try await bench.log.search(AuditQuery(), by: bench.person).items.isEmpty)
  }

  @Test("can be neither changed nor deleted in the store", arguments: Backend.allCases)
  func frozen(_ backend: Backend) async throws {
    let bench = try await AuditBench(backend)
    try await bench.write(0..<3)
    try await bench.keeper.step()
    var statements: [SQL] = [
      "UPDATE audit_entry SET verb = 'read'", "DELETE FROM audit_entry", "UPDATE audit_leaf SET leaf = leaf + 10",
      "DELETE FROM audit_leaf", "UPDATE audit_node SET level = 7", "DELETE FROM audit_node",
      "UPDATE audit_checkpoint SET note = ''", "DELETE FROM audit_checkpoint", "UPDATE audit_personal SET value = ''",
      "UPDATE audit_origin SET origin = ''", "DELETE FROM audit_origin",
    ]
    if backend == .postgres {
      statements.append("TRUNCATE audit_entry CASCADE")
    } else {
      statements.append("INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry")
      statements.append("INSERT OR REPLACE INTO audit_checkpoint SELECT size, made_at, '' FROM audit_checkpoint")
    }
    for statement in statements {
      await #expect(throws: SQLError.self, "\(statement.text)") {
        try await bench.fresh.store.write { sql in try sql.execute(statement) }
      }
    }
    #expect(try await bench.log.check().isWhole)
  }

  @Test("stands in the order of commits, without gaps, however many write at once", arguments: Backend.allCases)
  func concurrent(_ backend: Backend) async throws {
    let bench = try await AuditBench(backend)
    try await withThrowingTaskGroup { group in
      for writer in 0..<4 {
        group.addTask {
          for number in 0..<6 {
            let person = bench.person
            do {
              try await bench.fresh.work.run(AuditError.self) { unit in
                try unit.audit(AuditEvent(.update, "test.thing", "\(writer)-\(number)", by: person))
                // Some are given up: their numbers are gone.
                if number % 3 == 1 { throw AuditError.entryUnknown }
              }
            } catch AuditError.entryUnknown {}
            if number % 2 == 0 { try await bench.keeper.step() }
          }
        }
      }
      try await group.waitForAll()
    }
    try await bench.keeper.step(isLast: true)
    let report = try await bench.log.check(copies: bench.place.checkpoints)
    #expect(report.findings == [])
    #expect(report.size == 16 && report.entriesCount == 16 && report.sealedSize == 16)
    let leaves = try await bench.log.search(AuditQuery(), by: bench.person).items.map(\.leaf)
    #expect(leaves == (0..<16).reversed().map { $0 })
  }
}
