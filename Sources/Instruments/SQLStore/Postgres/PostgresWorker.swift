import Dispatch
import Synchronization

/// A connection with its thread. Connects when first needed, and again after the connection was lost.
final class PostgresWorker: Sendable {
  /// Tells the workers of a pool apart, from 0.
  let number: Int
  private let conninfo: String
  private let options: PostgresOptions
  private let thread: BlockingThread<PostgresConnection?>

  init(number: Int, conninfo: String, options: PostgresOptions) {
    self.number = number
    self.conninfo = conninfo
    self.options = options
    thread = BlockingThread(name: "anju-postgres-\(number)") { nil }
  }

  /// Connects if it has not.
  func connect() async throws {
    try await thread.run { connection in
      if connection == nil { connection = try self.open() }
    }
  }

  /// Runs the body in one transaction, once.
  func transaction<T: Sendable>(
    _ mode: SQLTransactionMode, _ cancellation: PostgresCancellation,
    _ body: @escaping @Sendable (SQLConnection) throws -> T
  ) async throws -> T {
    try await thread.run { slot in
      let connection = try self.begin(mode, &slot)
      defer { if !connection.isAlive { slot = nil } }
      return try Self.run(connection, cancellation, body)
    }
  }

  /// A connection that idled may have been lost without notice: then once more with a new one, as nothing was done yet.
  private func begin(_ mode: SQLTransactionMode, _ slot: inout PostgresConnection?) throws -> PostgresConnection {
    if let connection = slot {
      do {
        try connection.begin(mode)
        return connection
      } catch .connectionLost {
        slot = nil
      }
    }
    let connection = try open()
    try connection.begin(mode)
    slot = connection
    return connection
  }

  private func open() throws(SQLError) -> PostgresConnection {
    try PostgresConnection(conninfo: conninfo, options: options)
  }

  private static func run<T>(
    _ connection: PostgresConnection, _ cancellation: PostgresCancellation, _ body: (SQLConnection) throws -> T
  ) throws -> T {
    let sql = SQLConnection(connection) { cancellation.isCancelled }
    let result: Result<T, any Error>
    if cancellation.begin(connection.canceller) {
      result = Result { try body(sql) }
    } else {
      result = .failure(SQLError.cancelled)
    }
    // From here on nobody may cancel: it could hit the commit, or the next transaction.
    cancellation.end()
    do {
      if cancellation.isCancelled { throw SQLError.cancelled }
      // The body may have made another error of it; the transaction is repeated all the same.
      if let failure = sql.failure, case .serialization = failure { throw failure }
      let value = try result.get()
      if let failure = sql.failure { throw failure }
      try connection.commit()
      return value
    } catch {
      if connection.isAlive { try connection.rollback() }
      throw error
    }
  }
}

/// One transaction's wish to be stopped.
final class PostgresCancellation: Sendable {
  private let flag = Atomic<Bool>(false)
  private let running = Mutex<PostgresCanceller?>(nil)

  var isCancelled: Bool { flag.load(ordering: .acquiring) }

  /// Statements run from now on.
  ///
  /// - Returns: false when it was cancelled before.
  func begin(_ canceller: PostgresCanceller) -> Bool {
    running.withLock { $0 = canceller }
    return !isCancelled
  }

  /// No statement runs any more; waits for a request that is on its way.
  func end() {
    running.withLock { $0 = nil }
  }

  /// At once: no later commit.
  func mark() {
    flag.store(true, ordering: .releasing)
  }

  /// Blocks until the statement has ended. A request that comes an instant before its statement stops nothing, so it
  /// is repeated.
  func interrupt() {
    let pause = DispatchSemaphore(value: 0)
    for _ in 0..<Self.requestsMax {
      let isRunning = running.withLock { canceller in
        canceller?.cancel()
        return canceller != nil
      }
      guard isRunning else { return }
      _ = pause.wait(timeout: .now() + .milliseconds(20))
    }
  }

  /// A body that runs no statement cannot be stopped; after ten seconds nobody tries.
  private static let requestsMax = 500
}
