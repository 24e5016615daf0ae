package import SQLStore

/// Stored as sixteen bytes in a column of type `{id}`.
extension ID: SQLBindable {
  package var sqlValue: SQLValue { .blob(bytes) }
}

/// Stored as microseconds in a column of type `{int}`.
extension Instant: SQLBindable {
  package var sqlValue: SQLValue { .integer(microseconds) }
}

/// Stored as `2026-11-23` in a column of type `{text}`, which sorts.
extension LocalDate: SQLBindable {
  package var sqlValue: SQLValue { .text(description) }
}

extension SQLRow {
  /// The id in a column.
  ///
  /// - Throws: `.column` for NULL or anything but sixteen bytes.
  package func id<Entity>(_ name: String, _: Entity.Type = Entity.self) throws(SQLError) -> ID<Entity> {
    guard let id = ID<Entity>(bytes: try blob(name)) else { throw .column(name: name, message: "is not an id") }
    return id
  }

  /// The id in a column, or nil for NULL.
  package func optionalID<Entity>(_ name: String, _: Entity.Type = Entity.self) throws(SQLError) -> ID<Entity>? {
    try value(name) == .null ? nil : try id(name)
  }

  /// The moment in a column.
  package func instant(_ name: String) throws(SQLError) -> Instant {
    Instant(microseconds: try integer(name))
  }

  /// The moment in a column, or nil for NULL.
  package func optionalInstant(_ name: String) throws(SQLError) -> Instant? {
    try optionalInteger(name).map { Instant(microseconds: $0) }
  }

  /// The day in a column.
  ///
  /// - Throws: `.column` for NULL or anything but a date's text.
  package func date(_ name: String) throws(SQLError) -> LocalDate {
    guard let date = LocalDate(try text(name)) else { throw .column(name: name, message: "is not a date") }
    return date
  }

  /// The day in a column, or nil for NULL.
  package func optionalDate(_ name: String) throws(SQLError) -> LocalDate? {
    try value(name) == .null ? nil : try date(name)
  }
}
