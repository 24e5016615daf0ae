import ArgumentParser
import Foundation
import Kernel
import Server

/// `anju-bench device-keys`: a power cut is over, and ten thousand devices agree session keys at once.
struct DeviceKeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device-keys",
    abstract: "Ten thousand devices come back after a power cut and agree session keys: how long, and where it goes.",
    discussion: """
      The platform's side as it is: key desk, store, key service in its own process. The devices' side is computed in \
      this process too, on the same processors, and told apart by its time. TLS and MQTT are not in it: `idle` and \
      `intake` measure those.
      """)

  @Option(help: "Devices, 16 to 20,000.")
  var devices = 10_000

  func run() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "anju-bench-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    print("machine: \(Machine.description)\n")
    let vault = VaultBench(folder: folder.appending(path: "vault"), seconds: 1)
    try FileManager.default.createDirectory(
      at: folder.appending(path: "vault"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    _ = try await vault.start()
    defer { vault.stop() }
    let fleet = try await KeyFleet(folder: folder, count: min(20_000, max(16, devices)))
    print("| \(fleet.count) devices | seconds | a second | of it the devices' own, CPU seconds |\n|---|---|---|---|")
    try await print(fleet.provisioned())
    try await print(fleet.storm("communication keys renewed, first of the epoch", .renewal, isCold: true))
    try await print(fleet.storm("sessions, way (a), the platform remembers the keys", .constrained, isCold: false))
    try await print(fleet.storm("sessions, way (a), the platform started anew", .constrained, isCold: true))
    try await print(fleet.storm("sessions, way (b), the platform remembers", .ephemeral, isCold: false))
    try await print(fleet.storm("sessions as offered: (b), and (a) where asked", .asked, isCold: false))
    print("\n| one of it | µs |\n|---|---|")
    for line in try await fleet.parts() { print(line) }
  }
}
