import Kernel
import SQLStore

/// Reacts to every `probe.changed` entry of the journal, two a commit, with a row that nothing keeps from being there
/// twice, and an entry of its own.
enum JournalReact: Scenario {
  static let name = "journal-react"

  static func run(address: String, crash: CrashPoint) async throws {
    let work = try await Work.open(address)
    let journal = Journal(work: work)
    let reader = JournalReader(
      name: "probe", kinds: [ProbeChanged.kind], work: work, journal: journal, batchMax: 2
    ) { unit, entry in
      // The reader's place has moved in this transaction, the effect has not happened.
      crash.reach()
      let event: ProbeChanged = try entry.decode()
      try unit.sql.execute("INSERT INTO probe_effect (number) VALUES (\(event.number))")
      crash.reach()
      try unit.record(ProbeEffected(number: event.number), organisation: entry.organisation)
      // Everything has happened, nothing is committed.
      crash.reach()
    }
    crash.reach()
    try await reader.drain()
    crash.reach()
  }
}

/// The event of a reaction.
struct ProbeEffected: JournalEvent {
  static let kind = "probe.effected"
  let number: Int
  var subject: String { "\(number)" }
}
