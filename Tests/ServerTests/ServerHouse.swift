import Foundation
import TestSupport

@testable import Server

/// A data folder for servers that run in the tests' own process.
struct ServerHouse {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder("server") }

  /// Ports that the system chooses; no pages' files but an empty folder; no virtual building
  /// and no key service but one that the test starts.
  func settings(_ more: [ServerConfiguration.Key: String] = [:]) throws -> ServerConfiguration {
    let vendor = folder.path("vendor")
    try FileManager.default.createDirectory(atPath: vendor, withIntermediateDirectories: true)
    let own: [ServerConfiguration.Key: String] = [
      .data: folder.path("data"), .vendor: vendor, .httpPort: "0", .mqttPort: "0", .controlPort: "0",
      .empty: "true", .vaultStart: "false",
      .vaultData: vaultFolder,
    ]
    return try ServerConfiguration.read(
      options: own.merging(more) { $1 }, environment: [:], currentFolder: URL(fileURLWithPath: folder.path("")))
  }

  /// The key service's own folder, for `withVault`.
  var vaultFolder: String { folder.path("vault") }

  /// Starts a key service of this house's own, on the same keys each time; the test ends it.
  func startVault() async throws -> ChildProgram {
    let child = try await ChildProgram.start(
      .built("anju-vault", ["run", "--data", vaultFolder, "--found-if-missing"]))
    try await child.wrote("vault: ")
    return child
  }

  /// Runs a body beside a key service.
  func withVault<T>(_ body: () async throws -> T) async throws -> T {
    let child = try await startVault()
    return try await child.during(body)
  }

  /// Runs the server while the body runs.
  @discardableResult
  func serving<T: Sendable>(
    _ server: AnjuServer, _ body: (AnjuServer.Addresses) async throws -> T
  ) async throws -> T {
    let (addresses, found) = AsyncStream<AnjuServer.Addresses>.makeStream()
    let running = Task {
      defer { found.finish() }
      try await server.run { found.yield($0) }
    }
    var iterator = addresses.makeAsyncIterator()
    guard let first = await iterator.next() else {
      try await running.value
      throw CancellationError()
    }
    let result: Result<T, any Error>
    do { result = .success(try await body(first)) } catch { result = .failure(error) }
    running.cancel()
    _ = await running.result
    return try result.get()
  }
}
