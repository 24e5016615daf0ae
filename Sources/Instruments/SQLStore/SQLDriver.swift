/// One connection of one store, as `SQLConnection` needs it.
protocol SQLDriver: AnyObject {
  var dialect: SQLDialect { get }
  /// - Returns: the rows inserted, changed or deleted.
  func execute(_ text: String, _ values: [SQLValue]) throws(SQLError) -> Int
  /// - Throws: `.tooManyRows` beyond `max`.
  func rows(_ text: String, _ values: [SQLValue], max: Int) throws(SQLError) -> [SQLRow]
  /// Gives row after row, in bounded memory; other statements may run between.
  func each(_ text: String, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws
  /// Runs many statements without parameters.
  func script(_ text: String) throws(SQLError)
}

/// How a transaction begins.
enum SQLTransactionMode: Sendable {
  /// A snapshot of one moment; writing is an error.
  case read
  /// As if all transactions ran one after the other.
  case write
  /// Sees what others committed while it waited for the migration lock.
  case migration
}

/// One of the two stores.
protocol SQLBackend: Sendable {
  var dialect: SQLDialect { get }
  /// Runs the body in one transaction, which commits when it returns and is rolled back when it throws.
  func transaction<T: Sendable>(
    _ mode: SQLTransactionMode, _ body: @escaping @Sendable (SQLConnection) throws -> T
  ) async throws -> T
  func close() async
}
