/// The store inside one transaction. Valid only until the body that received it returns.
///
/// A statement that fails dooms its transaction on both stores: later statements throw `.aborted` and nothing is
/// committed, unless the statement ran inside `savepoint`.
public final class SQLConnection {
  /// The most rows that `rows` gives.
  public static let rowsMax = 100_000

  private let driver: any SQLDriver
  private var savepoints = 0
  /// Why the transaction can only be rolled back.
  private(set) var failure: SQLError?

  private let isCancelled: @Sendable () -> Bool

  /// - Parameter isCancelled: asked before every statement.
  init(_ driver: any SQLDriver, isCancelled: @escaping @Sendable () -> Bool) {
    self.driver = driver
    self.isCancelled = isCancelled
  }

  /// Which store this is.
  public var dialect: SQLDialect { driver.dialect }

  /// Runs a statement.
  ///
  /// - Returns: how many rows it inserted, changed or deleted.
  @discardableResult
  public func execute(_ sql: SQL) throws(SQLError) -> Int {
    try checkAlive()
    do { return try driver.execute(sql.text, sql.values) } catch { throw doom(error) }
  }

  /// All rows of the answer, at most `rowsMax`.
  public func rows(_ sql: SQL) throws(SQLError) -> [SQLRow] {
    try checkAlive()
    do { return try driver.rows(sql.text, sql.values, max: Self.rowsMax) } catch { throw doom(error) }
  }

  /// The only row of the answer; nil when there is none.
  ///
  /// - Throws: `.tooManyRows` when there are two.
  public func row(_ sql: SQL) throws(SQLError) -> SQLRow? {
    try checkAlive()
    do { return try driver.rows(sql.text, sql.values, max: 1).first } catch { throw doom(error) }
  }

  /// Gives the rows one by one, without holding them all. The body may run other statements and may throw to stop.
  public func each(_ sql: SQL, _ body: (SQLRow) throws -> Void) throws {
    try checkAlive()
    do {
      try driver.each(sql.text, sql.values, body)
    } catch let error as SQLError {
      throw doom(error)
    }
  }

  /// Runs the body so that its failure undoes only what it did, and the transaction can go on.
  public func savepoint<T>(_ body: () throws -> T) throws -> T {
    try checkAlive()
    savepoints += 1
    let name = "anju_\(savepoints)"
    defer { savepoints -= 1 }
    try execute(SQL(raw: "SAVEPOINT \(name)"))
    do {
      let result = try body()
      try execute(SQL(raw: "RELEASE SAVEPOINT \(name)"))
      return result
    } catch {
      // What ended the connection or the whole transaction is not mended by going back.
      if let failure, !failure.isConfinedToStatement { throw error }
      failure = nil
      try execute(SQL(raw: "ROLLBACK TO SAVEPOINT \(name)"))
      try execute(SQL(raw: "RELEASE SAVEPOINT \(name)"))
      throw error
    }
  }

  /// Runs many statements without parameters, as a migration holds them.
  func script(_ text: String) throws(SQLError) {
    try checkAlive()
    do { try driver.script(text) } catch { throw doom(error) }
  }

  private func checkAlive() throws(SQLError) {
    if isCancelled() { throw doom(.cancelled) }
    if failure != nil { throw .aborted }
  }

  private func doom(_ error: SQLError) -> SQLError {
    switch error {
    case .column, .tooManyRows, .aborted: break
    default: failure = failure ?? error
    }
    return error
  }
}

extension SQLError {
  /// Whether only one statement failed, so that a savepoint before it can be returned to.
  fileprivate var isConfinedToStatement: Bool {
    switch self {
    case .unique, .foreignKey, .check, .notNull, .data, .syntax, .other, .readOnly, .access: true
    default: false
    }
  }
}
