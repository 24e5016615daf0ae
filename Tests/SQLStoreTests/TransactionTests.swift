import SQLStore
import TestSupport
import Testing

@Suite("A store's transactions")
struct TransactionTests {
  struct Stop: Error {}

  @Test("leave nothing behind when their body throws", arguments: Backend.allCases)
  func rollback(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    await #expect(throws: Stop.self) {
      try await opened.store.write { sql in
        try Sample.addRoom(sql, 1)
        throw Stop()
      }
    }
    #expect(try await Sample.roomsCount(opened.store) == 0)
  }

  @Test("cannot commit after a statement failed, even if the body hides it", arguments: Backend.allCases)
  func doomed(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    await #expect(throws: SQLError.unique(constraint: "room_pkey")) {
      try await opened.store.write { sql in
        try Sample.addRoom(sql, 1)
        try? Sample.addRoom(sql, 1, name: "other")
      }
    }
    await #expect(throws: SQLError.aborted) {
      try await opened.store.write { sql in
        try Sample.addRoom(sql, 1)
        try? Sample.addRoom(sql, 1, name: "other")
        try Sample.addRoom(sql, 2)
      }
    }
    #expect(try await Sample.roomsCount(opened.store) == 0)
  }

  @Test("go on after a failed savepoint, without what it did", arguments: Backend.allCases)
  func savepoint(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    try await opened.store.write { sql in
      try Sample.addRoom(sql, 1)
      #expect(throws: SQLError.unique(constraint: "room_pkey")) {
        try sql.savepoint {
          try Sample.addRoom(sql, 2)
          try Sample.addRoom(sql, 1, name: "other")
        }
      }
      #expect(throws: Stop.self) {
        try sql.savepoint {
          try sql.savepoint { try Sample.addRoom(sql, 3) }
          throw Stop()
        }
      }
      try sql.savepoint { try Sample.addRoom(sql, 4) }
    }
    let numbers = try await opened.store.read { sql in
      try sql.rows("SELECT number FROM room ORDER BY number").map { try $0.int(0) }
    }
    #expect(numbers == [1, 4])
  }

  @Test("run as if one after the other: no update is lost", arguments: Backend.allCases)
  func serializable(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    try await opened.store.write { try $0.execute("INSERT INTO building (id, name) VALUES (2, '0')") }
    try await withThrowingTaskGroup { group in
      for _ in 0..<20 {
        group.addTask {
          try await opened.store.write { sql in
            let old = try sql.row("SELECT name FROM building WHERE id = 2")?.text(0) ?? ""
            try sql.execute("UPDATE building SET name = \(String((Int(old) ?? 0) + 1)) WHERE id = 2")
          }
        }
      }
      try await group.waitForAll()
    }
    let name = try await opened.store.read { try $0.row("SELECT name FROM building WHERE id = 2")?.text(0) }
    #expect(name == "20")
  }

  @Test("cannot both act on what the other is about to change", arguments: Backend.allCases)
  func writeSkew(_ backend: Backend) async throws {
    // Each adds a room only when there is none: at weaker isolation both would.
    let opened = try await Sample.open(backend)
    try await withThrowingTaskGroup { group in
      for number in 1...8 {
        group.addTask {
          try await opened.store.write { sql in
            let count = try sql.row("SELECT count(*) AS count FROM room")?.int("count") ?? 0
            if count == 0 { try Sample.addRoom(sql, number) }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await Sample.roomsCount(opened.store) == 1)
  }

  @Test("read one moment, whatever is written meanwhile", arguments: Backend.allCases)
  func snapshot(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let (begun, sayBegun) = AsyncStream.makeStream(of: Void.self)
    let written = Gate()
    async let counts = opened.store.read { sql in
      let before = try sql.row("SELECT count(*) AS count FROM room")?.int("count")
      sayBegun.finish()
      written.wait()
      return [before, try sql.row("SELECT count(*) AS count FROM room")?.int("count")]
    }
    for await _ in begun {}
    try await opened.store.write { try Sample.addRoom($0, 1) }
    written.open()
    #expect(try await counts == [0, 0])
    #expect(try await Sample.roomsCount(opened.store) == 1)
  }

  @Test("see at once what was committed before", arguments: Backend.allCases)
  func readYourWrites(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    for number in 1...50 {
      try await opened.store.write { try Sample.addRoom($0, number) }
      #expect(try await Sample.roomsCount(opened.store) == number)
    }
  }
}
