import ArgumentParser
import Foundation
import LoadGenerator

struct IntakeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "intake",
    abstract: """
      QoS 1 publishes through the whole path, acknowledged after a commit that survives kill -9, beside mosquitto.
      """,
    discussion: """
      Ours: identity, topic check, thing model, latest value, synchronous=FULL, readable at once. Mosquitto: \
      persistence on, one subscriber to everything. The same generator drives both, one after the other, in every case.
      The full matrix takes about 25 minutes; --quick takes the cases that the targets name.
      """
  )

  @Flag(help: "Only the cases that the targets name.")
  var quick = false

  @Option(help: "Measured seconds a case (1 to 60).")
  var seconds = 5.0

  @Option(help: "Runs a case; the median of the rate is shown.")
  var runs = 3

  @Option(help: "Only plain or only tls.")
  var security: String?

  @Option(help: "Only the cases whose name contains this: \"1000 × 20\", \"paced\".")
  var only: String?

  @Option(help: "Wait so many seconds at most, before each run, for others to leave the processors (0 to 600).")
  var patience = 0

  @Flag(help: "Leave mosquitto out.")
  var alone = false

  func validate() throws {
    guard (1...60).contains(seconds), (1...15).contains(runs) else {
      throw ValidationError("--seconds takes 1 to 60, --runs 1 to 15")
    }
    guard security == nil || security == "plain" || security == "tls" else {
      throw ValidationError("--security takes plain or tls")
    }
  }

  func run() async throws {
    let cases = IntakeCase.matrix(quick: quick).filter { item in
      (security == nil || (security == "tls") == item.isTLS) && (only.map(item.name.contains) ?? true)
    }
    let bench = try Bench(devices: cases.map(\.connections).max() ?? 1)
    defer { bench.remove() }
    print("machine: \(Machine.description)")
    print("")
    print(IntakeRow.heading)
    for item in cases {
      var rows: [IntakeRow] = []
      for _ in 0..<runs { rows.append(try measure(item, bench)) }
      print(IntakeRow.median(rows).line)
      fflush(nil)
    }
  }

  private func measure(_ item: IntakeCase, _ bench: Bench) throws -> IntakeRow {
    let ours = try bench.withServer { server in
      Machine.awaitQuiet(secondsMax: patience)
      let report = try bench.run(item, seconds, port: item.isTLS ? server.tlsPort : server.plainPort, server.processID)
      try server.requireStored(atLeast: report.acknowledgedInAll)
      try server.requireTaken(from: item.connections)
      return report
    }
    guard !alone else { return IntakeRow(item: item, ours: ours, mosquitto: nil) }
    let peer = try Mosquitto(certificates: bench.certificates)
    defer { peer.stop() }
    let port = item.isTLS ? peer.tlsPort : peer.plainPort
    Machine.awaitQuiet(secondsMax: patience)
    let report = try bench.run(item, seconds, port: port, peer.processID)
    let delivered = Double(peer.delivered) / Double(max(report.acknowledgedInAll, 1))
    return IntakeRow(item: item, ours: ours, mosquitto: report, delivered: delivered)
  }
}
