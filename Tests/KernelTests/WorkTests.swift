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
}
