import SQLStore
import TestSupport
import Testing

@Suite("Migrations")
struct MigrationTests {
  static func steps(_ texts: [String]) -> [SQLMigrations] {
    [
      SQLMigrations(
        context: "test",
        steps: texts.enumerated().map { .init($0.offset + 1, "step", $0.element) })
    ]
  }

  static let first = "CREATE TABLE one (id {id} NOT NULL PRIMARY KEY) {strict};"
  static let second = "ALTER TABLE one ADD COLUMN name {text}; CREATE INDEX one_name ON one (name);"

  @Test("applied twice do nothing the second time", arguments: Backend.allCases)
  func twice(_ backend: Backend) async throws {
    let opened = try await backend.open()
    for _ in 0..<2 { try await opened.store.migrate(Self.steps([Self.first])) }
    for _ in 0..<2 { try await opened.store.migrate(Self.steps([Self.first, Self.second])) }
    #expect(try await opened.store.migrationsApplied("test") == [1, 2])
    try await opened.store.write { try $0.execute("INSERT INTO one (id, name) VALUES (\([1] as [UInt8]), 'a')") }
  }

  @Test("stop when the text of an applied step was changed", arguments: Backend.allCases)
  func changed(_ backend: Backend) async throws {
    let opened = try await backend.open()
    try await opened.store.migrate(Self.steps([Self.first]))
    await #expect(
      throws: SQLError.migration(
        context: "test", number: 1, message: "the text of an applied step was changed; add a new step")
    ) {
      try await opened.store.migrate(Self.steps([Self.first + " "]))
    }
  }

  @Test("stop when the database is newer than the program", arguments: Backend.allCases)
  func newer(_ backend: Backend) async throws {
    let opened = try await backend.open()
    try await opened.store.migrate(Self.steps([Self.first, Self.second]))
    await #expect(
      throws: SQLError.migration(
        context: "test", number: 2, message: "applied by a later version of the program")
    ) {
      try await opened.store.migrate(Self.steps([Self.first]))
    }
  }

  @Test("leave nothing of a step that fails half way", arguments: Backend.allCases)
  func half(_ backend: Backend) async throws {
    let opened = try await backend.open()
    let wrong = "CREATE TABLE two (id {id}) {strict}; INSERT INTO nowhere VALUES (1);"
    await #expect(throws: SQLError.self) { try await opened.store.migrate(Self.steps([Self.first, wrong])) }
    #expect(try await opened.store.migrationsApplied("test") == [1])
    await #expect(throws: SQLError.self) { try await opened.store.read { _ = try $0.rows("SELECT * FROM two") } }
    try await opened.store.migrate(Self.steps([Self.first, Self.second]))
    #expect(try await opened.store.migrationsApplied("test") == [1, 2])
  }

  @Test("applied by several at once are applied once", arguments: Backend.allCases)
  func together(_ backend: Backend) async throws {
    let opened = try await backend.open()
    try await withThrowingTaskGroup { group in
      for _ in 0..<4 {
        group.addTask {
          let store = try await opened.again()
          try await store.migrate(Self.steps([Self.first, Self.second]))
          await store.close()
        }
      }
      try await group.waitForAll()
    }
    #expect(try await opened.store.migrationsApplied("test") == [1, 2])
  }

  @Test("must be numbered without gaps", arguments: Backend.allCases)
  func gaps(_ backend: Backend) async throws {
    let opened = try await backend.open()
    let gap = SQLMigrations(context: "test", steps: [.init(2, "second", Self.first)])
    await #expect(throws: SQLError.migration(context: "test", number: 2, message: "out of order: expected 1")) {
      try await opened.store.migrate([gap])
    }
  }

  @Test("spell types as the store wants them and leave other braces alone")
  func spelling() {
    let text = "a {id}, b {int}, c {text}, d {real}, e {blob}, f '{other}' {"
    #expect(SQLDialect.sqlite.spell(text) == "a BLOB, b INTEGER, c TEXT, d REAL, e BLOB, f '{other}' {")
    #expect(
      SQLDialect.postgres.spell(text)
        == "a BYTEA, b BIGINT, c TEXT COLLATE \"C\", d DOUBLE PRECISION, e BYTEA, f '{other}' {")
  }
}
