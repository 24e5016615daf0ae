import Foundation
import LoadGenerator

/// What the cases of one run share: devices' certificates and a folder.
final class Bench {
  let certificates: BenchCertificates
  private let folder: URL
  private let devices: Int

  /// Makes certificates for `devices` devices; with 10,000 this takes a few seconds.
  init(devices: Int) throws {
    self.devices = devices
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "anju-bench-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    certificates = try BenchCertificates(folder: folder.appendingPathComponent("certificates"), devices: devices)
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// A server of its own with an empty store, ended afterwards.
  func withServer<Result>(_ body: (ServerProcess) throws -> Result) throws -> Result {
    let data = folder.appendingPathComponent("data")
    try? FileManager.default.removeItem(at: data)
    let server = try ServerProcess(data: data, certificates: certificates, devices: devices)
    defer { server.stop() }
    return try body(server)
  }

  /// Runs the generator for one case.
  func run(_ item: IntakeCase, _ seconds: Double, port: UInt16, _ processID: Int32) throws -> LoadReport {
    var plan = LoadPlan(
      port: port, connections: item.connections, security: security(item.isTLS), work: item.work)
    plan.measuredSeconds = seconds
    plan.serverPID = processID
    var generator = try LoadGenerator(plan: plan)
    return try generator.run()
  }

  func security(_ isTLS: Bool) -> LoadPlan.Security {
    isTLS ? .mutualTLS(authority: certificates.authority, identities: certificates.identities) : .plain
  }
}
