import SQLStore
import TestSupport

/// Tables for these tests only.
enum Sample {
  static let migrations = SQLMigrations(
    context: "sample",
    steps: [
      .init(
        1, "rooms",
        """
        CREATE TABLE building (id {int} NOT NULL PRIMARY KEY, name {text} NOT NULL) {strict};
        CREATE TABLE room (
          building {int} NOT NULL CONSTRAINT room_building_fkey REFERENCES building (id),
          number {int} NOT NULL,
          name {text} NOT NULL,
          area {real},
          picture {blob},
          CONSTRAINT room_number_positive CHECK (number > 0),
          PRIMARY KEY (building, number)
        ) {strict};
        CREATE UNIQUE INDEX room_name ON room (building, name);
        CREATE TABLE tenant (id {int} NOT NULL PRIMARY KEY, card {text} NOT NULL UNIQUE) {strict};
        """),
      .init(2, "notes", "CREATE TABLE note (id {serial}, text {text} NOT NULL) {strict};"),
    ])

  /// A store with the tables and building 1.
  static func open(_ backend: Backend) async throws -> OpenedStore {
    let opened = try await backend.open()
    try await opened.store.migrate([migrations])
    try await opened.store.write { try $0.execute("INSERT INTO building (id, name) VALUES (1, 'East')") }
    return opened
  }

  static func addRoom(_ sql: SQLConnection, _ number: Int, name: String? = nil, building: Int = 1) throws(SQLError) {
    try sql.execute(
      "INSERT INTO room (building, number, name) VALUES (\(building), \(number), \(name ?? "room \(number)"))")
  }

  static func roomsCount(_ store: SQLStore) async throws -> Int {
    try await store.read { try $0.row("SELECT count(*) AS count FROM room")?.int("count") ?? -1 }
  }
}
