import Glibc

/// Runs one scenario against one store and kills itself at one step, for tests of what a crash leaves behind:
/// `anju-crash-probe SCENARIO ADDRESS STEP`, the steps counted from 1; 0 runs to the end.
///
/// A new scenario is a file of its own and a line in `scenarios`.
@main
struct Command {
  static var scenarios: [any Scenario.Type] {
    [
      AuditKeep.self,
      IntakeLoad.self,
      IntakeLoadNormal.self,
      JournalReact.self,
      JournalRecord.self,
      PrivacyErasure.self,
      VaultCanary.self,
      VaultRotation.self,
    ]
  }

  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let step = Int(arguments[3]),
      let scenario = scenarios.first(where: { $0.name == arguments[1] })
    else {
      print("usage: anju-crash-probe \(scenarios.map { $0.name }.joined(separator: "|")) ADDRESS STEP")
      exit(64)
    }
    try await scenario.run(address: arguments[2], crash: CrashPoint(step: step))
  }
}
