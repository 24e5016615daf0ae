import ArgumentParser
import Server

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what is wrong with this machine or this data folder, and how to mend it.",
    discussion: "Exit code 0 when nothing is wrong, 1 when something is; warnings alone are 0."
  )

  @OptionGroup var settings: SettingOptions

  func run() async throws {
    let findings = Doctor(configuration: try settings.configuration()).findings()
    for finding in findings { print(finding.lines) }
    let wrong = findings.count { $0.health == .wrong }
    let warnings = findings.count { $0.health == .warning }
    print(wrong + warnings == 0 ? "Nothing is wrong." : "\(wrong) wrong, \(warnings) to watch.")
    if wrong > 0 { throw ExitCode(1) }
  }
}
