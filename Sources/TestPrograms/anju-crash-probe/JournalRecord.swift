import Kernel
import SQLStore

/// Three changes, each with its journal entry; the rows are written by `JournalProbe`'s tables.
enum JournalRecord: Scenario {
  static let name = "journal-record"

  static func run(address: String, crash: CrashPoint) async throws {
    let work = try await Work.open(address)
    let organisation = ID<Organisation>(high: 1, low: 1)
    for number in 1...3 {
      crash.reach()
      try await work.run(ProbeError.self) { unit in
        crash.reach()
        try unit.sql.execute("INSERT INTO probe_change (number) VALUES (\(number))")
        crash.reach()
        try unit.record(ProbeChanged(number: number), organisation: organisation)
        crash.reach()
      }
      crash.reach()
    }
  }
}

/// The event of a changed row.
struct ProbeChanged: JournalEvent {
  static let kind = "probe.changed"
  let number: Int
  var subject: String { "\(number)" }
}

/// Storage errors as they are.
struct ProbeError: UseCaseError {
  let kind = ErrorKind.broken
  let code = "probe"
  let reason: String
  let remedy = ""

  init(_ denied: Denied) { reason = "\(denied)" }
  init(_ failure: StoreFailure) { reason = "\(failure)" }
}
