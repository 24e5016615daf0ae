import SQLStore
import TestSupport
import Testing

@Suite("The PostgreSQL store")
struct PostgresTests {
  private static func backend(_ store: SQLStore) async throws -> Int64? {
    try await store.read { try $0.row("SELECT pg_backend_pid() AS pid")?.integer("pid") }
  }

  private static func terminate(_ pid: Int64?, by store: SQLStore) async throws {
    try await store.read { _ = try $0.row("SELECT pg_terminate_backend(CAST(\(pid) AS INTEGER), 10000)") }
  }

  @Test("connects again by itself when an idle connection was lost", .timeLimit(.minutes(10)))
  func idleLoss() async throws {
    let opened = try await Sample.open(.postgres)
    let store = try await SQLStore.postgres(opened.address, connectionsMax: 1)
    try await store.write { try Sample.addRoom($0, 1) }
    try await Self.terminate(Self.backend(store), by: opened.store)
    try await store.write { try Sample.addRoom($0, 2) }
    #expect(try await Sample.roomsCount(store) == 2)
  }

  @Test("says that the connection was lost in a transaction, leaves nothing of it, and recovers")
  func lossInside() async throws {
    let opened = try await Sample.open(.postgres)
    let store = try await SQLStore.postgres(opened.address, connectionsMax: 1)
    let (begun, sayBegun) = AsyncStream.makeStream(of: Int64?.self)
    let killed = Gate()
    let task = Task {
      try await store.write { sql in
        try Sample.addRoom(sql, 1)
        sayBegun.yield(try sql.row("SELECT pg_backend_pid() AS pid")?.integer("pid"))
        killed.wait()
        try Sample.addRoom(sql, 2)
      }
    }
    for await pid in begun {
      try await Self.terminate(pid, by: opened.store)
      break
    }
    killed.open()
    let error = await #expect(throws: SQLError.self) { try await task.value }
    guard case .connectionLost = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try await Sample.roomsCount(store) == 0)
    try await store.write { try Sample.addRoom($0, 3) }
    #expect(try await Sample.roomsCount(store) == 1)
  }

  @Test("says that the outcome is unknown when the connection is lost before the commit is answered")
  func lossAtCommit() async throws {
    let opened = try await Sample.open(.postgres)
    let (begun, sayBegun) = AsyncStream.makeStream(of: Int64?.self)
    let killed = Gate()
    let task = Task {
      try await opened.store.write { sql in
        try Sample.addRoom(sql, 1)
        sayBegun.yield(try sql.row("SELECT pg_backend_pid() AS pid")?.integer("pid"))
        killed.wait()
      }
    }
    for await pid in begun {
      try await Self.terminate(pid, by: opened.again())
      break
    }
    killed.open()
    let error = await #expect(throws: SQLError.self) { try await task.value }
    guard case .commitUncertain = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("says that it is busy while another holds a lock")
  func lockTimeout() async throws {
    let opened = try await Sample.open(.postgres)
    var options = PostgresOptions()
    options.lockTimeoutSeconds = 1
    let other = try await SQLStore.postgres(opened.address, options: options)
    let (begun, sayBegun) = AsyncStream.makeStream(of: Void.self)
    let release = Gate()
    async let holder: Void = opened.store.write { sql in
      try sql.execute("LOCK TABLE room IN ACCESS EXCLUSIVE MODE")
      sayBegun.finish()
      release.wait()
    }
    for await _ in begun {}
    let error = await #expect(throws: SQLError.self) { try await other.write { try Sample.addRoom($0, 2) } }
    release.open()
    try await holder
    guard case .busy = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("refuses at once when too many wait for a connection, and serves those who wait")
  func bounded() async throws {
    let opened = try await Sample.open(.postgres)
    var options = PostgresOptions()
    options.connectionsMax = 1
    options.waitersMax = 2
    let store = try await SQLStore.postgres(opened.address, options: options)
    let (begun, sayBegun) = AsyncStream.makeStream(of: Void.self)
    let release = Gate()
    let holder = Task {
      try await store.read { _ in
        sayBegun.finish()
        release.wait()
      }
    }
    for await _ in begun {}
    let results = try await withThrowingTaskGroup { group in
      for _ in 0..<5 { group.addTask { try await Self.isRefused(store) } }
      var refused = 0
      for try await isRefused in group where isRefused {
        refused += 1
        // The last two wait; once the three others were refused the holder may go.
        if refused == 3 { release.open() }
      }
      return refused
    }
    #expect(results == 3)
    try await holder.value
  }

  /// Whether it was refused because too many wait.
  private static func isRefused(_ store: SQLStore) async throws -> Bool {
    do {
      _ = try await store.read { try $0.rows("SELECT 1").count }
      return false
    } catch SQLError.busy {
      return true
    }
  }

  @Test("says who is not let in and who does not answer")
  func connecting() async throws {
    let opened = try await Backend.postgres.open()
    let unknown = await #expect(throws: SQLError.self) {
      try await SQLStore.postgres(opened.address + " user=nobody")
    }
    guard case .access = unknown else {
      Issue.record("\(String(describing: unknown))")
      return
    }
    let away = await #expect(throws: SQLError.self) { try await SQLStore.postgres("host=/nowhere dbname=x") }
    guard case .connectionLost = away else {
      Issue.record("\(String(describing: away))")
      return
    }
  }

  @Test("prepares anew what another altered")
  func altered() async throws {
    let opened = try await Sample.open(.postgres)
    let other = try await opened.again()
    let count = { (store: SQLStore) in
      try await store.read { try $0.rows("SELECT * FROM building").first?.names.count }
    }
    #expect(try await count(opened.store) == 2)
    try await other.write { try $0.execute("ALTER TABLE building ADD COLUMN floors BIGINT") }
    #expect(try await count(opened.store) == 3)
  }

  @Test("takes quotes and backslashes as they are")
  func quoting() async throws {
    let opened = try await Sample.open(.postgres)
    let text = #"a\'b"c$1;--"#
    try await opened.store.write { try $0.execute("INSERT INTO note (text) VALUES (\(text))") }
    #expect(try await opened.store.read { try $0.row("SELECT text FROM note")?.text(0) } == text)
  }
}
