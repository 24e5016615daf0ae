import Foundation
import SQLStore
import TestSupport
import Testing

@Suite("The SQLite store")
struct SQLiteTests {
  @Test("syncs every commit, checks foreign keys and overwrites what is deleted, in files and in memory")
  func pragmas() async throws {
    let folder = try TemporaryFolder()
    for store in [try SQLStore.sqlite(path: folder.path("a.sqlite")), try SQLStore.inMemory()] {
      let values = try await store.write { sql in
        try ["synchronous", "foreign_keys", "secure_delete", "trusted_schema"].map { name in
          try sql.row("SELECT * FROM \(raw: "pragma_\(name)")")?.integer(0)
        }
      }
      #expect(values == [2, 1, 1, 0])
    }
  }

  @Test("keeps its log beside the file")
  func wal() async throws {
    let opened = try await Sample.open(.sqlite)
    let mode = try await opened.store.read { try $0.row("SELECT journal_mode FROM pragma_journal_mode")?.text(0) }
    #expect(mode == "wal")
  }

  @Test("says that it is full, keeps what was committed, and goes on when there is room")
  func full() async throws {
    let folder = try TemporaryFolder()
    var options = SQLiteOptions()
    options.pagesMax = 40
    let store = try SQLStore.sqlite(path: folder.path("small.sqlite"), options: options)
    try await store.migrate([Sample.migrations])
    try await store.write { try $0.execute("INSERT INTO note (text) VALUES ('kept')") }
    let error = await #expect(throws: SQLError.self) {
      try await store.write { sql in
        for _ in 0..<100 { try sql.execute("INSERT INTO note (text) VALUES (\(String(repeating: "x", count: 4_096)))") }
      }
    }
    guard case .full = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try await store.write { try $0.execute("INSERT INTO note (text) VALUES ('after')") }
    let texts = try await store.read { try $0.rows("SELECT text FROM note ORDER BY id").map { try $0.text(0) } }
    #expect(texts == ["kept", "after"])
  }

  @Test("says that it is busy while another holds the file, and goes on afterwards")
  func busy() async throws {
    let opened = try await Sample.open(.sqlite)
    var options = SQLiteOptions()
    options.busyTimeoutSeconds = 0.05
    let other = try SQLStore.sqlite(path: opened.address, options: options)
    let (begun, sayBegun) = AsyncStream.makeStream(of: Void.self)
    let release = Gate()
    async let holder: Void = opened.store.write { sql in
      try Sample.addRoom(sql, 1)
      sayBegun.finish()
      release.wait()
    }
    for await _ in begun {}
    let error = await #expect(throws: SQLError.self) { try await other.write { try Sample.addRoom($0, 2) } }
    #expect(error?.isTemporary == true)
    // Readers are not held up.
    #expect(try await Sample.roomsCount(other) == 0)
    release.open()
    try await holder
    try await other.write { try Sample.addRoom($0, 2) }
    #expect(try await Sample.roomsCount(opened.store) == 2)
  }

  @Test("says what is wrong with a file that is none of its own, or cannot be made")
  func damaged() async throws {
    let folder = try TemporaryFolder()
    try Data(repeating: 7, count: 8_192).write(to: URL(filePath: folder.path("a.sqlite")))
    for path in [folder.path("a.sqlite"), folder.path("no/such/folder/a.sqlite")] {
      let error = #expect(throws: SQLError.self) { try SQLStore.sqlite(path: path) }
      guard case .io = error else {
        Issue.record("\(path): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("leaves no deleted text in the file")
  func secureDelete() async throws {
    let opened = try await Sample.open(.sqlite)
    let secret = "a-telephone-number"
    try await opened.store.write { try $0.execute("INSERT INTO note (text) VALUES (\(secret))") }
    try await opened.store.write { try $0.execute("DELETE FROM note") }
    await opened.store.close()
    for path in [opened.address, opened.address + "-wal"] where FileManager.default.fileExists(atPath: path) {
      let bytes = try Data(contentsOf: URL(filePath: path))
      #expect(bytes.range(of: Data(secret.utf8)) == nil)
    }
  }
}
