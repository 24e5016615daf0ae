import Synchronization

/// A bounded number of connections and a bounded line of those who wait for one, first come first served.
final class PostgresPool: Sendable {
  private typealias Waiter = CheckedContinuation<PostgresWorker, any Error>

  private struct State {
    var idle: [PostgresWorker] = []
    var count = 0
    var line: [(key: UInt64, waiter: Waiter)] = []
    var nextKey: UInt64 = 0
    var isClosed = false
    var closing: [CheckedContinuation<Void, Never>] = []
  }

  private let conninfo: String
  private let options: PostgresOptions
  private let state = Mutex(State())

  init(conninfo: String, options: PostgresOptions) {
    self.conninfo = conninfo
    self.options = options
  }

  /// Takes a connection; it must be given back.
  func acquire() async throws -> PostgresWorker {
    let key = state.withLock { state in
      state.nextKey += 1
      return state.nextKey
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (waiter: Waiter) in
        let answer = state.withLock { state in place(waiter, key, &state) }
        if let answer { waiter.resume(with: answer) }
      }
    } onCancel: {
      let waiter = state.withLock { state -> Waiter? in
        guard let index = state.line.firstIndex(where: { $0.key == key }) else { return nil }
        return state.line.remove(at: index).waiter
      }
      waiter?.resume(throwing: SQLError.cancelled)
    }
  }

  /// - Returns: nil when the waiter stands in line now.
  private func place(_ waiter: Waiter, _ key: UInt64, _ state: inout State) -> Result<PostgresWorker, any Error>? {
    if state.isClosed { return .failure(SQLError.closed) }
    // Cancelled before it came to the line: the handler found nothing to take out.
    if Task.isCancelled { return .failure(SQLError.cancelled) }
    // The one used last, so that the others' connections may rest.
    if let worker = state.idle.popLast() { return .success(worker) }
    if state.count < options.connectionsMax {
      state.count += 1
      return .success(PostgresWorker(number: state.count - 1, conninfo: conninfo, options: options))
    }
    guard state.line.count < options.waitersMax else {
      return .failure(SQLError.busy(message: "\(options.waitersMax) wait for a connection"))
    }
    state.line.append((key, waiter))
    return nil
  }

  func release(_ worker: PostgresWorker) {
    let (waiter, closing) = state.withLock { state -> (Waiter?, [CheckedContinuation<Void, Never>]) in
      if !state.line.isEmpty { return (state.line.removeFirst().waiter, []) }
      state.idle.append(worker)
      return (nil, takeClosing(&state))
    }
    waiter?.resume(returning: worker)
    for continuation in closing { continuation.resume() }
  }

  /// Refuses new calls, waits until every connection is back, and ends them.
  func close() async {
    let line = state.withLock { state in
      state.isClosed = true
      defer { state.line = [] }
      return state.line
    }
    for (_, waiter) in line { waiter.resume(throwing: SQLError.closed) }
    await withCheckedContinuation { continuation in
      let closing = state.withLock { state in
        state.closing.append(continuation)
        return takeClosing(&state)
      }
      for continuation in closing { continuation.resume() }
    }
  }

  /// Ends the connections once all are back, and gives those who wait for that.
  private func takeClosing(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
    guard state.isClosed, state.idle.count == state.count else { return [] }
    state.idle = []
    state.count = 0
    defer { state.closing = [] }
    return state.closing
  }
}
