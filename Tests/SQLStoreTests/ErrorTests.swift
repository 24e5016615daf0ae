import SQLStore
import TestSupport
import Testing

@Suite("A store's errors")
struct ErrorTests {
  @Test("name the unique index that was violated", arguments: Backend.allCases)
  func unique(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    try await opened.store.write { sql in
      try Sample.addRoom(sql, 1, name: "a")
      try sql.execute("INSERT INTO tenant (id, card) VALUES (1, 'x')")
    }
    await #expect(throws: SQLError.unique(constraint: "room_name")) {
      try await opened.store.write { try Sample.addRoom($0, 2, name: "a") }
    }
    await #expect(throws: SQLError.unique(constraint: "room_pkey")) {
      try await opened.store.write { try Sample.addRoom($0, 1, name: "b") }
    }
    await #expect(throws: SQLError.unique(constraint: "tenant_pkey")) {
      try await opened.store.write { try $0.execute("INSERT INTO tenant (id, card) VALUES (1, 'y')") }
    }
    await #expect(throws: SQLError.unique(constraint: "tenant_card_key")) {
      try await opened.store.write { try $0.execute("INSERT INTO tenant (id, card) VALUES (2, 'x')") }
    }
  }

  @Test("tell a foreign key that leads nowhere", arguments: Backend.allCases)
  func foreignKey(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let name = backend == .postgres ? "room_building_fkey" : nil
    await #expect(throws: SQLError.foreignKey(constraint: name)) {
      try await opened.store.write { try Sample.addRoom($0, 1, building: 99) }
    }
    try await opened.store.write { try Sample.addRoom($0, 1) }
    await #expect(throws: SQLError.foreignKey(constraint: name)) {
      try await opened.store.write { try $0.execute("DELETE FROM building") }
    }
  }

  @Test("name the check that was violated", arguments: Backend.allCases)
  func check(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    await #expect(throws: SQLError.check(constraint: "room_number_positive")) {
      try await opened.store.write { try Sample.addRoom($0, 0) }
    }
  }

  @Test("name the column that must not be null", arguments: Backend.allCases)
  func notNull(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    await #expect(throws: SQLError.notNull(column: "room.name")) {
      try await opened.store.write { try $0.execute("INSERT INTO room (building, number) VALUES (1, 1)") }
    }
  }

  @Test("refuse a value of another type", arguments: Backend.allCases)
  func type(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    await #expect(throws: SQLError.self) {
      try await opened.store.write { try $0.execute("INSERT INTO building (id, name) VALUES (\("two"), 'x')") }
    }
    #expect(try await opened.store.read { try $0.rows("SELECT id FROM building").count } == 1)
  }

  @Test("say that a statement is wrong", arguments: Backend.allCases)
  func syntax(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    for wrong: SQL in ["SELEC 1", "SELECT nothing FROM building", "SELECT 1 FROM nowhere", "SELECT (1"] {
      let error = await #expect(throws: SQLError.self) { try await opened.store.read { _ = try $0.rows(wrong) } }
      guard case .syntax = error else {
        Issue.record("\(wrong.text): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("hold no row's data", arguments: Backend.allCases)
  func secrecy(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    try await opened.store.write { try $0.execute("INSERT INTO tenant (id, card) VALUES (1, 'secret')") }
    let wrong: [SQL] = [
      "INSERT INTO tenant (id, card) VALUES (2, \("secret"))",
      "INSERT INTO tenant (id, card) VALUES (\("secret"), 'x')",
      "SELECT CAST(\("secret") AS INTEGER) FROM nowhere",
      "INSERT INTO tenant (id, card) SELECT 9, \("secret") FROM tenant",
    ]
    for statement in wrong {
      let error = await #expect(throws: SQLError.self) {
        try await opened.store.write { try $0.execute(statement) }
      }
      #expect(!String(describing: error).contains("secret"))
    }
  }

  @Test("refuse a write in a read", arguments: Backend.allCases)
  func readOnly(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let error = await #expect(throws: SQLError.self) {
      try await opened.store.read { _ = try $0.execute("INSERT INTO building (id, name) VALUES (2, 'x')") }
    }
    guard case .readOnly = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("say that the store is closed", arguments: Backend.allCases)
  func closed(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    await opened.store.close()
    await opened.store.close()
    await #expect(throws: SQLError.closed) { try await opened.store.read { try $0.rows("SELECT 1").count } }
    await #expect(throws: SQLError.closed) { try await opened.store.write { try $0.rows("SELECT 1").count } }
  }
}
