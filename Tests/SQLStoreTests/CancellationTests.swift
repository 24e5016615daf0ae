import SQLStore
import TestSupport
import Testing

@Suite("A cancelled task")
struct CancellationTests {
  /// Counts for minutes when nobody stops it.
  static let endless: SQL =
    """
    WITH RECURSIVE n (i) AS (SELECT \(1) UNION ALL SELECT i + 1 FROM n WHERE i < \(1_000_000_000_000))
    SELECT count(*) AS count FROM n
    """

  @Test("stops the statement that runs", .timeLimit(.minutes(10)), arguments: Backend.allCases)
  func stops(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let (begun, sayBegun) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      try await opened.store.write { sql in
        try Sample.addRoom(sql, 1)
        sayBegun.finish()
        _ = try sql.rows(Self.endless)
      }
    }
    for await _ in begun {}
    task.cancel()
    await #expect(throws: SQLError.cancelled) { try await task.value }
    #expect(try await Sample.roomsCount(opened.store) == 0)
    // The connection serves on.
    try await opened.store.write { try Sample.addRoom($0, 2) }
    #expect(try await Sample.roomsCount(opened.store) == 1)
  }

  @Test("runs no further statement and commits nothing", .timeLimit(.minutes(10)), arguments: Backend.allCases)
  func between(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let (begun, sayBegun) = AsyncStream.makeStream(of: Void.self)
    let cancelled = Gate()
    let task = Task {
      try await opened.store.write { sql in
        try Sample.addRoom(sql, 1)
        sayBegun.finish()
        cancelled.wait()
      }
    }
    for await _ in begun {}
    task.cancel()
    cancelled.open()
    await #expect(throws: SQLError.cancelled) { try await task.value }
    #expect(try await Sample.roomsCount(opened.store) == 0)
  }

  @Test("does not begin when it was cancelled before", .timeLimit(.minutes(10)), arguments: Backend.allCases)
  func before(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let go = Gate()
    let task = Task {
      go.wait()
      try await opened.store.write { try Sample.addRoom($0, 1) }
    }
    task.cancel()
    go.open()
    await #expect(throws: SQLError.cancelled) { try await task.value }
    #expect(try await Sample.roomsCount(opened.store) == 0)
  }

  @Test("hits nobody else: of many, only the cancelled end so", .timeLimit(.minutes(10)), arguments: Backend.allCases)
  func onlyItself(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    try await withThrowingTaskGroup { group in
      for number in 1...100 {
        group.addTask {
          let task = Task { try await opened.store.write { try Sample.addRoom($0, number) } }
          if number.isMultiple(of: 2) { task.cancel() }
          do {
            try await task.value
          } catch SQLError.cancelled {
            #expect(number.isMultiple(of: 2))
          }
        }
      }
      try await group.waitForAll()
    }
    let odd = try await opened.store.read {
      try $0.row("SELECT count(*) AS count FROM room WHERE number % 2 = 1")?.int("count")
    }
    #expect(odd == 50)
  }
}
