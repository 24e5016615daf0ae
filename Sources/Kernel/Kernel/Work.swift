package import Logging
package import SQLStore

/// Makes units of work: everything one use case does to the store, in one transaction.
package struct Work: Sendable {
  package let store: SQLStore
  package let time: Timekeeper
  package let ids: IDSource
  package let logger: Logger
  let signal = JournalSignal()

  /// One `Work` a store and process: its copies share the journal's wake-ups, a second one would not.
  package init(store: SQLStore, time: Timekeeper, ids: IDSource, logger: Logger) {
    self.store = store
    self.time = time
    self.ids = ids
    self.logger = logger
  }

  /// Runs the body in one transaction: committed when this returns, nothing done when it throws.
  ///
  /// The body may run more than once (`SQLStore`): it changes nothing but its unit.
  /// - Throws: an `E` of the body as it is, `Denied` and the store's errors turned into `E`.
  @discardableResult
  package func run<T: Sendable, E: UseCaseError>(
    _: E.Type, _ body: @escaping @Sendable (Unit) throws -> T
  ) async throws(E) -> T {
    do { return try await transaction(body) } catch { throw translate(error) }
  }

  /// Reads on a snapshot of one moment. Errors as `run`.
  package func read<T: Sendable, E: UseCaseError>(
    _: E.Type, _ body: @escaping @Sendable (SQLConnection) throws -> T
  ) async throws(E) -> T {
    do { return try await store.read(body) } catch { throw translate(error) }
  }

  /// `run` with the errors as they are, for readers that wait out the store's and park the others.
  package func transaction<T: Sendable>(_ body: @escaping @Sendable (Unit) throws -> T) async throws -> T {
    let (time, ids) = (time, ids)
    let (result, recorded) = try await store.write { sql in
      let unit = Unit(sql: sql, now: time.now(), ids: ids)
      let result = try body(unit)
      return (result, unit.lastRecorded)
    }
    if let recorded { signal.send(recorded) }
    return result
  }

  private func translate<E: UseCaseError>(_ error: any Error) -> E {
    if let error = error as? E { return error }
    if let denied = error as? Denied { return E(denied) }
    let failure = StoreFailure(error)
    // Whoever was cancelled asked for it: nothing to report.
    if Task.isCancelled, failure == .unavailable { return E(failure) }
    let metadata: Logger.Metadata = ["error": "\(error)", "error.family": "\(E.self)"]
    switch failure {
    case .unavailable: logger.warning("store unavailable", metadata: metadata)
    case .full: logger.error("store full or read only", metadata: metadata)
    case .broken: logger.error("unexpected error in a unit of work", metadata: metadata)
    }
    return E(failure)
  }
}

extension StoreFailure {
  /// What a caller may know of an error that a unit of work threw.
  package init(_ error: any Error) {
    switch error {
    case let error as StoreFailure: self = error
    case is CancellationError: self = .unavailable
    case let error as SQLError:
      switch error {
      case .busy, .serialization, .connectionLost, .commitUncertain, .cancelled, .closed: self = .unavailable
      case .full, .readOnly: self = .full
      default: self = .broken
      }
    default: self = .broken
    }
  }
}
