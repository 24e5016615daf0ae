/// The program that kills itself at a chosen step (`Sources/TestPrograms/anju-crash-probe`).
package enum CrashProbe {
  /// How it ended.
  package enum End: Sendable, Hashable {
    /// It ran to its end.
    case finished
    case killed
    case failed(String)
  }

  /// Runs a scenario in a process of its own.
  ///
  /// - Parameters:
  ///   - address: `OpenedStore.address`.
  ///   - step: where it dies, from 1; 0 for not at all.
  package static func run(_ scenario: String, address: String, step: Int) async throws -> End {
    let outcome = try await ChildProgram.run(.built("anju-crash-probe", [scenario, address, String(step)]))
    return switch outcome.end {
    case .exited(0): .finished
    case .signalled(9): .killed
    default: .failed("\(outcome)")
    }
  }
}
