import Kernel
import SQLStore
import TestSupport
import Testing

@Suite("The journal")
struct JournalTests {
  @Test("gives entries by place, kind and organisation", arguments: Backend.allCases)
  func reading(_ backend: Backend) async throws {
    let opened = try await backend.open()
    let fresh = try await Fresh(store: opened.store)
    let other: ID<Organisation> = fresh.work.ids.next()
    try await JournalReaderTests.record(fresh, ["a", "b"])
    try await JournalReaderTests.record(fresh, ["c"], organisation: other)
    #expect(try await fresh.journal.read(after: 0, limit: 10).map(\.subject) == ["a", "b", "c"])
    #expect(try await fresh.journal.read(after: 1, limit: 1).map(\.subject) == ["b"])
    #expect(try await fresh.journal.read(after: 0, organisation: other, limit: 10).map(\.subject) == ["c"])
    #expect(try await fresh.journal.read(after: 0, kinds: ["none"], limit: 10).isEmpty)
    #expect(try await fresh.journal.read(after: 0, kinds: [], limit: 10).isEmpty)
    #expect(try await fresh.journal.last() == 3)
  }

  @Test(
    "never lets a reader step over an entry that commits late", .timeLimit(.minutes(10)), arguments: Backend.allCases)
  func order(_ backend: Backend) async throws {
    let opened = try await backend.open()
    let fresh = try await Fresh(store: opened.store)
    let organisation = fresh.organisation
    let seen = try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          for number in 0..<15 {
            try await fresh.work.run(NotedError.self) { unit in
              try unit.record(Noted(text: "\(writer)-\(number)"), organisation: organisation)
              // Something to do between the number and the commit.
              _ = try unit.sql.row("SELECT count(*) AS count FROM journal")
            }
          }
        }
      }
      var seen: [JournalEntry] = []
      while true {
        // Counted first: what is counted and not read afterwards was stepped over.
        let total = try await fresh.store.read { try $0.row("SELECT count(*) AS count FROM journal")?.int("count") }
        let new = try await fresh.journal.read(after: seen.last?.sequence ?? 0, limit: 7)
        seen += new
        if total == 60, new.isEmpty { break }
      }
      try await group.waitForAll()
      return seen
    }
    #expect(Set(seen.map(\.subject)).count == 60)
  }

  @Test("tells those who listen, the newest only when they are slow")
  func changes() async throws {
    let fresh = try await Fresh.inMemory()
    var listener = fresh.journal.changes().makeAsyncIterator()
    try await JournalReaderTests.record(fresh, ["a", "b", "c"])
    #expect(await listener.next() == 3)
    try await JournalReaderTests.record(fresh, ["d"])
    #expect(await listener.next() == 4)
  }

  @Test("tells nothing of a unit that was rolled back")
  func rollback() async throws {
    let fresh = try await Fresh.inMemory()
    let organisation = fresh.organisation
    var listener = fresh.journal.changes().makeAsyncIterator()
    await #expect(throws: NotedError.taken) {
      try await fresh.work.run(NotedError.self) { unit in
        try unit.record(Noted(text: "a"), organisation: organisation)
        throw NotedError.taken
      }
    }
    #expect(try await fresh.journal.last() == 0)
    try await JournalReaderTests.record(fresh, ["b"])
    #expect(await listener.next() != nil)
    #expect(try await fresh.journal.read(after: 0, limit: 10).map(\.subject) == ["b"])
  }

  @Test("hears of another process through the watch", .timeLimit(.minutes(10)))
  func watch() async throws {
    let opened = try await Backend.sqlite.open()
    let fresh = try await Fresh(store: opened.store)
    let watching = Task { try await JournalWatch(journal: fresh.journal).run() }
    await fresh.clock.waitForSleepers()
    var listener = fresh.journal.changes().makeAsyncIterator()
    let organisation = fresh.organisation
    let other = Work(
      store: try await opened.again(), time: fresh.clock.timekeeper, ids: fresh.work.ids, logger: .silent)
    try await other.run(NotedError.self) { try $0.record(Noted(text: "a"), organisation: organisation) }
    fresh.clock.advance(by: .seconds(1))
    #expect(await listener.next() == 1)
    watching.cancel()
    try await watching.value
  }

  @Test("refuses an event that is too large, and decodes only what it is asked for")
  func limits() async throws {
    struct Other: JournalEvent {
      static let kind = "test.other"
      var subject: String { "x" }
    }
    let fresh = try await Fresh.inMemory()
    let organisation = fresh.organisation
    let text = String(repeating: "x", count: JournalEntry.bodyBytesMax)
    await #expect(throws: NotedError.store(.broken)) {
      try await fresh.work.run(NotedError.self) { try $0.record(Noted(text: text), organisation: organisation) }
    }
    try await JournalReaderTests.record(fresh, ["a"])
    let entry = try #require(try await fresh.journal.read(after: 0, limit: 1).first)
    #expect(throws: JournalError.otherKind(expected: "test.other", found: "test.noted")) {
      try entry.decode(Other.self)
    }
  }
}
