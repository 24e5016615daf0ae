import Foundation

/// The program that kills itself at a chosen step (`Sources/TestPrograms/anju-crash-probe`).
package enum CrashProbe {
  /// How it ended.
  package enum End: Sendable, Hashable {
    /// It ran to its end.
    case finished
    case killed
    case failed(status: Int32)
  }

  /// Runs a scenario in a process of its own.
  ///
  /// - Parameters:
  ///   - address: `OpenedStore.address`.
  ///   - step: where it dies, from 1; 0 for not at all.
  package static func run(_ scenario: String, address: String, step: Int) async throws -> End {
    let process = Process()
    // Built beside the tests.
    let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    process.executableURL = folder.appending(path: "anju-crash-probe")
    process.arguments = [scenario, address, String(step)]
    return try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { process in
        let end: End =
          switch (process.terminationReason, process.terminationStatus) {
          case (.exit, 0): .finished
          case (.uncaughtSignal, 9): .killed
          case (_, let status): .failed(status: status)
          }
        continuation.resume(returning: end)
      }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
  }
}
