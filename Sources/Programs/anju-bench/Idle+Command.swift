import ArgumentParser
import Foundation
import LoadGenerator

struct IdleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle", abstract: "Memory of connected devices that say nothing, over mutual TLS, beside mosquitto.")

  @Option(help: "Devices (1 to 20000).")
  var devices = 10_000

  @Option(help: "Seconds to wait before memory is read.")
  var seconds = 10.0

  func run() async throws {
    let bench = try Bench(devices: devices)
    defer { bench.remove() }
    print("machine: \(Machine.description)")
    print("")
    print("| server | devices | connect s | resident before, after MiB | KiB a connection |")
    print("|---|---|---|---|---|")
    try bench.withServer { server in
      try measure("ours", bench, server.tlsPort, server.processID)
    }
    let peer = try Mosquitto(certificates: bench.certificates)
    defer { peer.stop() }
    try measure("mosquitto", bench, peer.tlsPort, peer.processID)
  }

  private func measure(_ name: String, _ bench: Bench, _ port: UInt16, _ processID: Int32) throws {
    var plan = LoadPlan(port: port, connections: devices, security: bench.security(true), work: .idle)
    plan.measuredSeconds = seconds
    plan.serverPID = processID
    var generator = try LoadGenerator(plan: plan)
    let report = try generator.run()
    let before = Double(report.server.residentKiBBefore) / 1_024
    let after = Double(report.server.residentKiB) / 1_024
    let each = (after - before) * 1_024 / Double(devices)
    print(
      String(
        format: "| %@ | %d | %.1f | %.1f, %.1f | %.1f |", name, devices, report.connectSeconds, before, after, each))
  }
}
