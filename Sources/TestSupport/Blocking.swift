import Foundation

/// Runs what blocks, such as a socket that waits for an answer, on a thread of its own.
///
/// The threads that tasks run on are as few as processors: two tests that wait there for a server of this very process
/// leave it none to answer on.
package func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
  }
}
