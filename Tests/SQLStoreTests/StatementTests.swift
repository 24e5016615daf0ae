import SQLStore
import TestSupport
import Testing

@Suite("A store's statements")
struct StatementTests {
  @Test("give back every kind of value as it was bound", arguments: Backend.allCases)
  func values(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let picture: [UInt8] = [0, 255, 39, 92, 0]
    try await opened.store.write { sql in
      try sql.execute(
        """
        INSERT INTO room (building, number, name, area, picture)
        VALUES (\(1), \(Int64.max), \("安居 🏠 'x'"), \(-0.1), \(picture))
        """)
      try sql.execute(
        """
        INSERT INTO room (building, number, name, area, picture)
        VALUES (1, 7, \(""), \(nil as Double?), \([] as [UInt8]))
        """)
    }
    let rows = try await opened.store.read { try $0.rows("SELECT * FROM room ORDER BY number DESC") }
    #expect(rows.count == 2)
    #expect(rows[0].names == ["building", "number", "name", "area", "picture"])
    #expect(rows[0].values == [.integer(1), .integer(.max), .text("安居 🏠 'x'"), .real(-0.1), .blob(picture)])
    #expect(rows[1].values == [.integer(1), .integer(7), .text(""), .null, .blob([])])
    #expect(try rows[1].optionalReal("area") == nil)
  }

  @Test("tell how many rows they changed", arguments: Backend.allCases)
  func changes(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let counts = try await opened.store.write { sql in
      for number in 1...5 { try Sample.addRoom(sql, number) }
      return [
        try sql.execute("UPDATE room SET area = \(1.5) WHERE number <= \(3)"),
        try sql.execute("DELETE FROM room WHERE number > \(3)"),
        try sql.execute("DELETE FROM room WHERE number > \(3)"),
        try sql.execute("CREATE INDEX room_area ON room (area)"),
        try sql.execute("SELECT * FROM room"),
        try sql.execute(
          "INSERT INTO building (id, name) VALUES (1, 'West') ON CONFLICT (id) DO UPDATE SET name = excluded.name"),
        try sql.execute("INSERT INTO building (id, name) VALUES (1, 'South') ON CONFLICT (id) DO NOTHING"),
      ]
    }
    #expect(counts == [3, 2, 0, 0, 0, 1, 0])
  }

  @Test("return what an insert made", arguments: Backend.allCases)
  func returning(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let ids = try await opened.store.write { sql in
      try (0..<3).map { try sql.row("INSERT INTO note (text) VALUES (\("note \($0)")) RETURNING id")?.integer("id") }
    }
    #expect(ids == [1, 2, 3])
  }

  @Test("count, add and average alike on both stores", arguments: Backend.allCases)
  func aggregates(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let row = try await opened.store.write { sql in
      for number in [1, 2, 9_000_000_000_000] { try Sample.addRoom(sql, number) }
      return try #require(
        try sql.row(
          """
          SELECT count(*) AS count, sum(number) AS sum, avg(number) AS avg, max(number) AS max,
            sum(area) AS none, max(number) > 2 AS large, -sum(number) AS negative, sum(number - number) AS zero
          FROM room
          """))
    }
    #expect(try row.int("count") == 3)
    #expect(try row.integer("sum") == 9_000_000_000_003)
    #expect(try row.real("avg") == 3_000_000_000_001)
    #expect(try row.integer("max") == 9_000_000_000_000)
    #expect(try row.optionalReal("none") == nil)
    #expect(try row.bool("large"))
    #expect(try row.integer("negative") == -9_000_000_000_003)
    #expect(try row.integer("zero") == 0)
  }

  @Test("sort text by its bytes", arguments: Backend.allCases)
  func sorting(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let names = try await opened.store.write { sql in
      for (number, name) in ["b", "B", "a", "安", "A", "ä"].enumerated() {
        try Sample.addRoom(sql, number + 1, name: name)
      }
      return try sql.rows("SELECT name FROM room ORDER BY name").map { try $0.text("name") }
    }
    #expect(names == ["A", "B", "a", "b", "ä", "安"])
  }

  @Test("say which column is missing, null or of another type", arguments: Backend.allCases)
  func columns(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let row = try await opened.store.read {
      try #require(try $0.row("SELECT id, name, CAST(NULL AS TEXT) AS none FROM building"))
    }
    #expect(throws: SQLError.column(name: "floor", message: "not in the answer")) { try row.integer("floor") }
    #expect(throws: SQLError.column(name: "none", message: "is null")) { try row.text("none") }
    #expect(throws: SQLError.column(name: "name", message: "is text, not integer")) { try row.integer("name") }
    #expect(throws: SQLError.column(name: "9", message: "not in the answer")) { try row.text(9) }
  }

  @Test("stop at a page's limit", arguments: Backend.allCases)
  func limit(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    try await opened.store.write { sql in
      try Sample.addRoom(sql, 1)
      try Sample.addRoom(sql, 2)
    }
    await #expect(throws: SQLError.tooManyRows(max: 1)) {
      try await opened.store.read { _ = try $0.row("SELECT number FROM room") }
    }
    await #expect(throws: SQLError.tooManyRows(max: SQLConnection.rowsMax)) {
      try await opened.store.read { sql in
        _ = try sql.rows(
          """
          WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= \(SQLConnection.rowsMax))
          SELECT i FROM n
          """)
      }
    }
  }

  @Test("give rows one by one, with other statements between", arguments: Backend.allCases)
  func each(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    try await opened.store.write { sql in
      for number in 1...1_000 { try Sample.addRoom(sql, number) }
    }
    let sum = try await opened.store.read { sql in
      var sum = 0
      try sql.each("SELECT number FROM room WHERE number > \(0) ORDER BY number") { row in
        let number = try row.int("number")
        if number % 100 == 0 {
          // The same statement inside itself.
          try sql.each("SELECT number FROM room WHERE number > \(990) ORDER BY number") { sum += try $0.int("number") }
        }
        sum += number
      }
      return sum
    }
    #expect(sum == 500_500 + 10 * 9_955)
  }

  @Test("end early when the body throws", arguments: Backend.allCases)
  func eachStops(_ backend: Backend) async throws {
    struct Enough: Error {}
    let opened = try await Sample.open(backend)
    let count = try await opened.store.write { sql in
      for number in 1...600 { try Sample.addRoom(sql, number) }
      var count = 0
      do {
        try sql.each("SELECT number FROM room") { _ in
          count += 1
          if count == 10 { throw Enough() }
        }
      } catch is Enough {}
      return try sql.row("SELECT count(*) AS count FROM room")?.int("count")
    }
    #expect(count == 600)
    #expect(try await Sample.roomsCount(opened.store) == 600)
  }

  @Test("are kept prepared in a bounded number, and still work when thrown out", arguments: Backend.allCases)
  func preparedLimit(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let sum = try await opened.store.read { sql in
      var sum = 0
      for _ in 0..<2 {
        for number in 0..<400 { sum += try sql.row("SELECT \(1) + \(raw: "\(number)") AS sum")?.int("sum") ?? 0 }
      }
      return sum
    }
    #expect(sum == 2 * (400 + 399 * 200))
  }

  @Test("take the same text with other types of values", arguments: Backend.allCases)
  func signatures(_ backend: Backend) async throws {
    let opened = try await Sample.open(backend)
    let found = try await opened.store.write { sql in
      try Sample.addRoom(sql, 1)
      for area in [nil, 2.5, nil, 3.5] as [Double?] { try sql.execute("UPDATE room SET area = \(area)") }
      return try sql.row("SELECT area FROM room WHERE area > \(3.0)")?.real("area")
    }
    #expect(found == 3.5)
  }
}
