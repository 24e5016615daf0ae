extension SQLStore {
  /// Brings the tables of all contexts to the state this program expects. Several processes may do so at once; each
  /// step is one transaction; applying twice does nothing.
  ///
  /// - Throws: `.migration` when an applied step's text differs, when numbers have gaps, or when the database was
  ///   migrated by a later version; other errors as the statements fail.
  public func migrate(_ migrations: [SQLMigrations]) async throws(SQLError) {
    do {
      try await prepareTable()
      for context in migrations {
        try Self.checkNumbers(context)
        try await checkNotNewer(context)
        for step in context.steps { try await apply(step, of: context.context) }
      }
    } catch let error as SQLError {
      throw error
    } catch {
      throw .other(code: "migration", message: "\(error)")
    }
  }

  /// The applied steps of a context, in order.
  public func migrationsApplied(_ context: String) async throws -> [Int] {
    try await read { sql in
      try sql.rows("SELECT number FROM sql_migrations WHERE context = \(context) ORDER BY number").map { try $0.int(0) }
    }
  }

  private func prepareTable() async throws {
    try await backend.transaction(.migration) { sql in
      try Self.lock(sql)
      try sql.script(
        sql.dialect.spell(
          """
          CREATE TABLE IF NOT EXISTS sql_migrations (
            context {text} NOT NULL,
            number {int} NOT NULL,
            name {text} NOT NULL,
            checksum {text} NOT NULL,
            PRIMARY KEY (context, number)
          ) {clustered};
          """))
    }
  }

  private func apply(_ step: SQLMigrations.Step, of context: String) async throws {
    let dialect = dialect
    try await backend.transaction(.migration) { sql in
      try Self.lock(sql)
      let checksum = step.checksum(dialect)
      let applied = try sql.row(
        "SELECT checksum FROM sql_migrations WHERE context = \(context) AND number = \(step.number)")
      if let applied {
        guard try applied.text(0) == checksum else {
          throw SQLError.migration(
            context: context, number: step.number, message: "the text of an applied step was changed; add a new step")
        }
        return
      }
      try sql.script(step.text(dialect))
      try sql.execute(
        """
        INSERT INTO sql_migrations (context, number, name, checksum)
        VALUES (\(context), \(step.number), \(step.name), \(checksum))
        """)
    }
  }

  private func checkNotNewer(_ migrations: SQLMigrations) async throws {
    let applied = try await migrationsApplied(migrations.context)
    guard let newest = applied.last, newest > migrations.steps.count else { return }
    throw SQLError.migration(
      context: migrations.context, number: newest, message: "applied by a later version of the program")
  }

  private static func checkNumbers(_ migrations: SQLMigrations) throws(SQLError) {
    for (offset, step) in migrations.steps.enumerated() where step.number != offset + 1 {
      throw .migration(
        context: migrations.context, number: step.number, message: "out of order: expected \(offset + 1)")
    }
  }

  /// One process migrates at a time. SQLite's immediate transaction is that lock already.
  private static func lock(_ sql: SQLConnection) throws {
    guard sql.dialect == .postgres else { return }
    // The letters "anjumigr".
    _ = try sql.row("SELECT pg_advisory_xact_lock(\(0x616e_6a75_6d69_6772 as Int64))")
  }
}
