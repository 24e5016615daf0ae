/// PostgreSQL through libpq.
final class PostgresBackend: SQLBackend {
  let dialect = SQLDialect.postgres
  private let options: PostgresOptions
  private let pool: PostgresPool
  /// Telling the server to stop blocks; that happens here and nowhere else.
  private let interrupter = BlockingThread<Void>(name: "anju-postgres-cancel") {}

  /// Connects once, so that a wrong address or password is known at the start.
  init(conninfo: String, options: PostgresOptions) async throws {
    self.options = options
    pool = PostgresPool(conninfo: conninfo, options: options)
    let worker = try await pool.acquire()
    defer { pool.release(worker) }
    try await worker.connect()
  }

  func transaction<T: Sendable>(
    _ mode: SQLTransactionMode, _ body: @escaping @Sendable (SQLConnection) throws -> T
  ) async throws -> T {
    var attempts = 0
    while true {
      attempts += 1
      let worker = try await pool.acquire()
      do {
        defer { pool.release(worker) }
        return try await attempt(worker, mode, body)
      } catch SQLError.serialization(let message) {
        guard attempts < options.attemptsMax else { throw SQLError.serialization(message: message) }
        try await pause(attempts, worker.number)
      }
    }
  }

  private func attempt<T: Sendable>(
    _ worker: PostgresWorker, _ mode: SQLTransactionMode, _ body: @escaping @Sendable (SQLConnection) throws -> T
  ) async throws -> T {
    let cancellation = PostgresCancellation()
    return try await withTaskCancellationHandler {
      try await worker.transaction(mode, cancellation, body)
    } onCancel: {
      cancellation.mark()
      interrupter.post { _ in cancellation.interrupt() }
    }
  }

  /// 1 ms, then twice as long each time up to 64 ms; more for higher workers, so that two do not meet again.
  private func pause(_ attempts: Int, _ worker: Int) async throws {
    let milliseconds = (1 << min(attempts - 1, 6)) * (2 + worker) / 2
    do {
      try await Task.sleep(for: .milliseconds(milliseconds))
    } catch {
      throw SQLError.cancelled
    }
  }

  func close() async {
    await pool.close()
  }
}
