package import Kernel

/// Runs work for at most so long.
///
/// - Returns: nil when the time was over first; the work is cancelled then, and awaited.
package func within<T: Sendable>(
  _ limit: Duration, time: Timekeeper, _ work: @escaping @Sendable () async throws -> T
) async throws -> T? {
  try await withThrowingTaskGroup(of: T?.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await time.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    return try await group.next() ?? nil
  }
}
