import ArgumentParser
import Foundation
import Guomi
import Kernel
import KeyService
import Vault
import WireFormats

/// `anju-bench vault`: what sealing costs, and how fast the key service gives keys out and comes back.
struct VaultBenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vault",
    abstract: "Sealing and opening with a warm data key, data keys from the key service, its restart.")

  @Option(help: "Seconds a measurement, 1 to 60.")
  var seconds = 3.0

  func run() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "anju-bench-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    print("machine: \(Machine.description)\n")
    let bench = VaultBench(folder: folder, seconds: min(60, max(1, seconds)))
    let first = try await bench.start()
    print("| one core, warm data key | bytes | sealed a second | opened a second |\n|---|---|---|---|")
    for bytes in [16, 1_024, 16_384] {
      try await print(bench.sealing(Important.self, "important, AES-256-GCM", bytes: bytes))
      try await print(bench.sealing(Sensitive.self, "sensitive, SM4-GCM", bytes: bytes))
    }
    print("\n| connections | data keys a second, each logged and committed | p50, p99 ms |\n|---|---|---|")
    for connections in [1, 8, 32] { try await print(bench.fetching(connections: connections)) }
    let again = try await bench.restart()
    print("\nfrom the start of the process to the first data key: first time \(first) ms, later \(again) ms")
    bench.stop()
  }
}

/// A key service of its own, in a process of its own.
final class VaultBench {
  private let folder: URL
  private let seconds: Double
  private var process: Process?
  private var input = Pipe()
  private let organisation = ID<Organisation>(high: 1, low: 2)
  private let principal = Principal(
    id: ID(high: 1, low: 1), kind: .platform, organisation: ID(high: 1, low: 2), name: "bench",
    permissions: [.privacyOpen])
  private static let clock = Timekeeper(
    now: { Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) },
    sleep: { try await Task.sleep(for: $0) })

  init(folder: URL, seconds: Double) {
    self.folder = folder
    self.seconds = seconds
  }

  /// - Returns: milliseconds until the first data key.
  func start() async throws -> Int {
    let begin = ContinuousClock.now
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    let process = Process()
    (input, process.executableURL) = (Pipe(), program.appending(path: "anju-vault"))
    process.arguments = ["run", "--data", folder.path, "--found-if-missing", "--until-input-ends"]
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    self.process = process
    guard LineReader(output.fileHandleForReading).next()?.hasPrefix("vault: ") == true else {
      throw VaultError.unreachable("the key service did not start")
    }
    _ = try await link().call(Self.lease(organisation, .aes256GCM))
    return Int((ContinuousClock.now - begin) / .milliseconds(1))
  }

  func restart() async throws -> Int {
    stop()
    return try await start()
  }

  func stop() {
    try? input.fileHandleForWriting.close()
    process?.waitUntilExit()
  }

  private func options() throws -> VaultLink.Options {
    .init(
      path: VaultFolder.socket(in: folder).path, role: .platform,
      token: try SecretText.read(VaultFolder.platformToken(in: folder), count: 32))
  }

  private func link() throws -> VaultLink { VaultLink(try options()) }

  private static func lease(_ organisation: ID<Organisation>, _ suite: Suite) -> VaultFrame {
    .call(
      .lease,
      [
        ("organisation", .bytes(organisation.bytes)), ("purpose", .text("bench")), ("suite", .text(suite.word)),
        ("count", .integer(1)),
      ])
  }

  func sealing<Class: SealClass>(_: Class.Type, _ name: String, bytes: Int) async throws -> String {
    let vault = Vault(source: try link(), random: .operatingSystem, time: Self.clock) { _ in }
    let value = [UInt8](repeating: 0x41, count: bytes)
    let place = SealedPlace(organisation: organisation, table: "bench", column: "value", row: Array(0..<16))
    var sealed: [Sealed<[UInt8], Class>] = []
    sealed.reserveCapacity(1_000)
    var (count, begin) = (0, ContinuousClock.now)
    while (ContinuousClock.now - begin) / .seconds(1) < seconds {
      let sealer = try await vault.sealer(Class.self, organisation: organisation, purpose: "bench", count: 1_000)
      sealed.removeAll(keepingCapacity: true)
      for _ in 0..<1_000 { sealed.append(try sealer.seal(value, at: place)) }
      count += 1_000
    }
    let sealedRate = Double(count) / ((ContinuousClock.now - begin) / .seconds(1))
    let access = SealedAccess(principal, reason: "bench")
    (count, begin) = (0, ContinuousClock.now)
    while (ContinuousClock.now - begin) / .seconds(1) < seconds {
      for value in sealed {
        let opened = try await vault.open(value, at: place, for: access)
        guard opened.withBytes({ $0.count == bytes }) else { throw VaultError.notAuthentic }
      }
      count += sealed.count
    }
    let openedRate = Double(count) / ((ContinuousClock.now - begin) / .seconds(1))
    return "| \(name) | \(bytes) | \(Int(sealedRate / 1_000)) K | \(Int(openedRate / 1_000)) K |"
  }

  func fetching(connections: Int) async throws -> String {
    let (options, organisation, seconds) = (try options(), organisation, seconds)
    let times = try await withThrowingTaskGroup(of: [Double].self) { group in
      for _ in 0..<connections {
        group.addTask {
          let link = VaultLink(options)
          let first = try await link.call(Self.lease(organisation, .aes256GCM))
          let fetch = VaultFrame.call(
            .fetch, [("organisation", .bytes(organisation.bytes)), ("key", first.body["key"] ?? .null)])
          var times: [Double] = []
          let begin = ContinuousClock.now
          while (ContinuousClock.now - begin) / .seconds(1) < seconds {
            let start = ContinuousClock.now
            guard try await link.call(fetch).secret != nil else { throw VaultError.malformed }
            times.append((ContinuousClock.now - start) / .milliseconds(1))
          }
          return times
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }.sorted()
    let rate = Int(Double(times.count) / seconds)
    let (half, most) = (times[times.count / 2], times[times.count * 99 / 100])
    return "| \(connections) | \(rate) | \(String(format: "%.2f, %.2f", half, most)) |"
  }
}
