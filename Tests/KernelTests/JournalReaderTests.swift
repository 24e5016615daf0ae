import Kernel
import SQLStore
import Synchronization
import TestSupport
import Testing

@Suite("A journal reader")
struct JournalReaderTests {
  struct Broken: Error {}

  static func record(_ fresh: Fresh, _ texts: [String], organisation: ID<Organisation>? = nil) async throws {
    let organisation = organisation ?? fresh.organisation
    for text in texts {
      try await fresh.work.run(NotedError.self) { try $0.record(Noted(text: text), organisation: organisation) }
    }
  }

  static func reader(
    _ fresh: Fresh, batchMax: Int = 10, work: Work? = nil, _ react: @escaping JournalReader.Reaction = effect
  ) -> JournalReader {
    let work = work ?? fresh.work
    return JournalReader(
      name: "test", kinds: [Noted.kind], work: work, journal: Journal(work: work), batchMax: batchMax, react: react)
  }

  /// Writes the event's text to a table that allows none twice.
  static let effect: JournalReader.Reaction = { unit, entry in
    let id: ID<Noted> = unit.newID()
    let text = try entry.decode(Noted.self).text
    try unit.sql.execute("INSERT INTO noted (id, text, at) VALUES (\(id), \(text), \(unit.now))")
  }

  static func texts(_ fresh: Fresh) async throws -> [String] {
    try await fresh.store.read { try $0.rows("SELECT text FROM noted ORDER BY text").map { try $0.text(0) } }
  }

  @Test("reacts to each entry of its kinds once, in order", arguments: Backend.allCases)
  func once(_ backend: Backend) async throws {
    let opened = try await backend.open()
    let fresh = try await Fresh(store: opened.store, [Noted.migrations])
    let all = (10..<35).map { "n\($0)" }
    try await Self.record(fresh, all)
    let order = Mutex<[String]>([])
    let reader = Self.reader(fresh) { unit, entry in
      try Self.effect(unit, entry)
      order.withLock { $0.append(entry.subject) }
    }
    for _ in 0..<3 { try await reader.drain() }
    #expect(try await Self.texts(fresh) == all)
    #expect(order.withLock { $0 } == all)
  }

  @Test("of one name in two processes does nothing twice", .timeLimit(.minutes(10)), arguments: Backend.allCases)
  func twoProcesses(_ backend: Backend) async throws {
    let opened = try await backend.open()
    let fresh = try await Fresh(store: opened.store, [Noted.migrations])
    let other = try await opened.again()
    let otherWork = Work(
      store: other, time: fresh.clock.timekeeper, ids: .seeded(2, time: fresh.clock.timekeeper), logger: .silent)
    try await Self.record(fresh, (100..<160).map { "n\($0)" })
    async let one: Void = Self.reader(fresh, batchMax: 3).drain()
    async let two: Void = Self.reader(fresh, batchMax: 4, work: otherWork).drain()
    _ = try await (one, two)
    #expect(try await Self.texts(fresh).count == 60)
    #expect(try await fresh.journal.parked().isEmpty)
  }

  @Test("parks an entry that fails again and again, and goes on", .timeLimit(.minutes(10)))
  func poisoned() async throws {
    let fresh = try await Fresh.inMemory([Noted.migrations])
    try await Self.record(fresh, ["a", "b", "bad", "c", "d"])
    let attempts = Atomic<Int>(0)
    let reader = Self.reader(fresh) { unit, entry in
      try Self.effect(unit, entry)
      if entry.subject == "bad" {
        attempts.add(1, ordering: .relaxed)
        throw Broken()
      }
    }
    let drained = Task { try await reader.drain() }
    for _ in 1..<JournalReader.attemptsMax {
      await fresh.clock.waitForSleepers()
      fresh.clock.advance(by: .seconds(10))
    }
    try await drained.value
    #expect(try await Self.texts(fresh) == ["a", "b", "c", "d"])
    let parked = try await fresh.journal.parked()
    #expect(parked.map(\.sequence) == [3])
    #expect(parked.first?.attempts == JournalReader.attemptsMax)
    #expect(parked.first?.error.contains("Broken") == true)
    // Once in the batch, then alone.
    #expect(attempts.load(ordering: .relaxed) == JournalReader.attemptsMax + 1)

    try await Self.reader(fresh).retryParked(3)
    #expect(try await Self.texts(fresh) == ["a", "b", "bad", "c", "d"])
    #expect(try await fresh.journal.parked().isEmpty)
    await #expect(throws: JournalError.notParked) { try await Self.reader(fresh).retryParked(3) }
  }

  @Test("waits the store's own failures out and parks nothing for them", .timeLimit(.minutes(10)))
  func storeFailure() async throws {
    let fresh = try await Fresh.inMemory([Noted.migrations])
    try await Self.record(fresh, ["a"])
    let failures = Atomic<Int>(0)
    let reader = Self.reader(fresh) { unit, entry in
      if failures.add(1, ordering: .relaxed).newValue <= 10 { throw SQLError.busy(message: "made up") }
      try Self.effect(unit, entry)
    }
    for _ in 0..<10 { await #expect(throws: SQLError.self) { try await reader.drain() } }
    try await reader.drain()
    #expect(try await Self.texts(fresh) == ["a"])
    #expect(try await fresh.journal.parked().isEmpty)
  }

  @Test("that runs hears of a commit at once and ends when it is told", .timeLimit(.minutes(10)))
  func service() async throws {
    let fresh = try await Fresh.inMemory([Noted.migrations])
    let (reacted, sayReacted) = AsyncStream.makeStream(of: String.self)
    let reader = Self.reader(fresh) { unit, entry in
      try Self.effect(unit, entry)
      sayReacted.yield(entry.subject)
    }
    let running = Task { try await reader.run() }
    var heard = reacted.makeAsyncIterator()
    for text in ["a", "b", "c"] {
      try await Self.record(fresh, [text])
      #expect(await heard.next() == text)
    }
    running.cancel()
    try await running.value
  }

  @Test("whose wake-up was lost looks by itself after some seconds", .timeLimit(.minutes(10)))
  func polling() async throws {
    let opened = try await Backend.sqlite.open()
    let fresh = try await Fresh(store: opened.store, [Noted.migrations])
    let (reacted, sayReacted) = AsyncStream.makeStream(of: String.self)
    let reader = Self.reader(fresh) { unit, entry in
      try Self.effect(unit, entry)
      sayReacted.yield(entry.subject)
    }
    let running = Task { try await reader.run() }
    var heard = reacted.makeAsyncIterator()
    try await Self.record(fresh, ["a"])
    #expect(await heard.next() == "a")
    // Another process writes: nobody here is told.
    let other = Work(
      store: try await opened.again(), time: fresh.clock.timekeeper, ids: fresh.work.ids, logger: .silent)
    let organisation = fresh.organisation
    try await other.run(NotedError.self) { try $0.record(Noted(text: "b"), organisation: organisation) }
    await fresh.clock.waitForSleepers()
    fresh.clock.advance(by: .seconds(5))
    #expect(await heard.next() == "b")
    running.cancel()
    try await running.value
  }

  @Test("writes its place down also when nothing concerns it, but seldom")
  func steppingOver() async throws {
    let fresh = try await Fresh.inMemory([Noted.migrations])
    let organisation = fresh.organisation
    let reader = JournalReader(
      name: "test", kinds: ["other"], work: fresh.work, journal: fresh.journal, react: { _, _ in })
    let place = { @Sendable in
      try await fresh.store.read { try $0.row("SELECT sequence FROM journal_cursor")?.integer(0) }
    }
    try await Self.record(fresh, ["a"])
    try await reader.drain()
    #expect(try await place() == nil)
    try await fresh.work.run(NotedError.self) { unit in
      for number in 0..<1_000 { try unit.record(Noted(text: "\(number)"), organisation: organisation) }
    }
    try await reader.drain()
    #expect(try await place() == 1_001)
  }
}
