import Kernel
import SQLStore
import TestSupport
import Testing

@Suite("A unit of work")
struct WorkTests {
  @Test("commits its rows and its journal entry together")
  func commits() async throws {
    let fresh = try await Fresh.inMemory([Noted.migrations])
    let organisation = fresh.organisation
    let id = try await fresh.work.run(NotedError.self) { unit -> ID<Noted> in
      let id: ID<Noted> = unit.newID()
      try unit.sql.execute("INSERT INTO noted (id, text, at) VALUES (\(id), \("one"), \(unit.now))")
      try unit.record(Noted(text: "one"), organisation: organisation)
      return id
    }
    let row = try await fresh.store.read { try $0.row("SELECT id, text, at FROM noted") }
    #expect(try row?.id("id") == id)
    #expect(try row?.instant("at") == fresh.clock.now)
    let entries = try await fresh.journal.read(after: 0, limit: 10)
    #expect(entries.map(\.kind) == ["test.noted"])
    #expect(try entries.first?.decode(Noted.self) == Noted(text: "one"))
  }

  @Test("turns the store's errors and missing permissions into the use case's own")
  func errors() async throws {
    let fresh = try await Fresh.inMemory([Noted.migrations])
    let somebody = fresh.principal([.estateRead])
    await #expect(throws: NotedError.denied(Denied(permission: .estateWrite))) {
      try await fresh.work.run(NotedError.self) { _ in try somebody.require(.estateWrite) }
    }
    for (error, failure) in [
      (SQLError.busy(message: ""), StoreFailure.unavailable), (.connectionLost(message: ""), .unavailable),
      (.cancelled, .unavailable), (.full(message: ""), .full), (.readOnly(message: ""), .full),
      (.syntax(message: ""), .broken), (.unique(constraint: "x"), .broken),
    ] {
      await #expect(throws: NotedError.store(failure)) {
        try await fresh.work.run(NotedError.self) { _ in throw error }
      }
      await #expect(throws: NotedError.store(failure)) {
        try await fresh.work.read(NotedError.self) { _ in throw error }
      }
    }
  }

  @Test("reads back ids, moments and days, and nothing else in their place", arguments: Backend.allCases)
  func values(_ backend: Backend) async throws {
    let opened = try await backend.open()
    let fresh = try await Fresh(store: opened.store)
    let id: ID<Noted> = fresh.work.ids.next()
    let (now, day) = (fresh.clock.now, try #require(LocalDate("2026-11-23")))
    let row = try await opened.store.write { sql in
      try sql.execute(
        SQL(raw: sql.dialect.spell("CREATE TABLE v (id {id}, at {int}, day {text}, none {id}, wrong {id}) {strict}")))
      try sql.execute("INSERT INTO v (id, at, day, wrong) VALUES (\(id), \(now), \(day), \([1] as [UInt8]))")
      return try #require(try sql.row("SELECT * FROM v WHERE id = \(id) AND at = \(now) AND day = \(day)"))
    }
    #expect(try row.id("id") == id)
    #expect(try row.instant("at") == now)
    #expect(try row.date("day") == day)
    #expect(try row.optionalID("none", Noted.self) == nil)
    #expect(throws: SQLError.column(name: "wrong", message: "is not an id")) { try row.id("wrong", Noted.self) }
  }
}
