import Kernel
import SQLStore
import TestSupport
import Testing

@Suite("A process that is killed between any two steps")
struct JournalCrashTests {
  static let migrations = SQLMigrations(
    context: "probe",
    steps: [
      .init(
        1, "probe",
        """
        CREATE TABLE probe_change (number {int} NOT NULL) {strict};
        CREATE TABLE probe_effect (number {int} NOT NULL) {strict};
        """)
    ])

  private static func open(_ backend: Backend) async throws -> OpenedStore {
    let opened = try await backend.open()
    try await opened.store.migrate([Journal.migrations, migrations])
    return opened
  }

  private static func numbers(_ store: SQLStore, _ table: String) async throws -> [Int] {
    try await store.read { sql in
      try sql.rows("SELECT number FROM \(raw: table) ORDER BY number").map { try $0.int(0) }
    }
  }

  private static func subjects(_ store: SQLStore, _ kind: String) async throws -> [Int] {
    try await store.read { sql in
      try sql.rows("SELECT subject FROM journal WHERE kind = \(kind) ORDER BY sequence")
        .map { Int(try $0.text(0)) ?? -1 }
    }
  }

  @Test("has recorded exactly what it has changed", .timeLimit(.minutes(10)), arguments: Backend.allCases)
  func record(_ backend: Backend) async throws {
    // Five steps a change, three changes.
    for step in 1...15 {
      let opened = try await Self.open(backend)
      #expect(try await CrashProbe.run("journal-record", address: opened.address, step: step) == .killed)
      let changed = try await Self.numbers(opened.store, "probe_change")
      #expect(changed == Array([1, 2, 3].prefix(step / 5)))
      #expect(try await Self.subjects(opened.store, "probe.changed") == changed, "step \(step)")
      await opened.store.close()
    }
  }

  @Test("has reacted to each entry exactly once when it went on", .timeLimit(.minutes(10)), arguments: Backend.allCases)
  func react(_ backend: Backend) async throws {
    // Three steps a reaction, three reactions, one step before and one after.
    for step in 1...11 {
      let opened = try await Self.open(backend)
      #expect(try await CrashProbe.run("journal-record", address: opened.address, step: 0) == .finished)
      #expect(try await CrashProbe.run("journal-react", address: opened.address, step: step) == .killed)
      // Two reactions a commit: the first commit lies between steps 7 and 8, the second between 10 and 11.
      let done = try await Self.numbers(opened.store, "probe_effect")
      #expect(done == (step <= 7 ? [] : step <= 10 ? [1, 2] : [1, 2, 3]), "step \(step)")
      #expect(try await Self.subjects(opened.store, "probe.effected") == done, "step \(step)")
      #expect(try await CrashProbe.run("journal-react", address: opened.address, step: 0) == .finished)
      #expect(try await Self.numbers(opened.store, "probe_effect") == [1, 2, 3], "step \(step)")
      #expect(try await Self.subjects(opened.store, "probe.effected") == [1, 2, 3], "step \(step)")
      await opened.store.close()
    }
  }
}
