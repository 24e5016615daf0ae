import ArgumentParser
import Audit
import Foundation
import Guomi
import Kernel
import Logging
import MerkleLog
import SQLStore
import Server

/// `anju-bench audit`: what an audit entry costs, from writing to proving.
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Writing, hashing, proving, searching and checking entries of the audit log.")

  @Option(help: "Entries, 1,000 to 10,000,000.")
  var entries = 100_000

  @Option(help: "Entries a unit of work, besides a thousand that are written each in a unit of its own.")
  var unit = 100

  @Option(help: "A folder for the file, removed afterwards; on the disk that is to be measured.")
  var folder: String = FileManager.default.temporaryDirectory.path

  func validate() throws {
    guard (1_000...10_000_000).contains(entries) else { throw ValidationError("--entries is 1000 to 10000000") }
    guard (1...10_000).contains(unit) else { throw ValidationError("--unit is 1 to 10000") }
  }

  func run() async throws {
    let place = URL(filePath: folder).appending(path: "anju-bench-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    print("audit: \(entries) entries, on \(Machine.description)")
    let path = place.appending(path: "anju.db").path
    let store = try SQLStore.sqlite(path: path)
    try await store.migrate([Journal.migrations, AuditLog.migrations])
    let work = Work(
      store: store, time: SystemSources.time, ids: SystemSources.ids,
      logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    let signer = try BenchSigner()
    let log = AuditLog(work: work, keys: CheckpointKeys([signer.key]))
    try await measure(log, AuditKeeper(log: log, signer: signer), work)
    let bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
    print("file: \((bytes?.intValue ?? 0) / entries) bytes an entry")
    await store.close()
  }

  private func measure(_ log: AuditLog, _ keeper: AuditKeeper, _ work: Work) async throws {
    let principal = Principal(
      id: work.ids.next(), kind: .person, organisation: work.ids.next(), name: "王芳",
      permissions: [.auditRead], origin: Origin(address: "192.0.2.7", agent: "Mozilla/5.0 (X11; Linux x86_64)"))
    let alone = min(1_000, entries)
    try await timed("write, a unit each", alone) {
      for _ in 0..<alone { try await write(1, work, principal) }
    }
    try await timed("write, \(unit) a unit", entries - alone) {
      for start in stride(from: alone, to: entries, by: unit) {
        try await write(min(unit, entries - start), work, principal)
      }
    }
    try await timed("hash, sign and store the tree", entries) { try await keeper.step(isLast: true) }
    let organisation = principal.organisation
    try await timed("read and prove one entry", 1_000) {
      for number in 0..<1_000 {
        _ = try await log.entry(Int64(number * (entries / 1_000) + 1), of: organisation)
      }
    }
    try await timed("export with its proof", 100) {
      for number in 0..<100 { _ = try await log.prove(AuditQuery(number: Int64(number + 1)), of: organisation) }
    }
    try await timed("a page of 50", 100) {
      for _ in 0..<100 { _ = try await log.search(AuditQuery(), of: organisation) }
    }
    try await timed("search all for a text that is nowhere", 1) {
      _ = try await log.search(AuditQuery(text: "nowhere"), of: organisation)
    }
    try await timed("check", entries) {
      guard try await log.check().isWhole else { throw ExitCode(1) }
    }
  }

  private func write(_ count: Int, _ work: Work, _ principal: Principal) async throws {
    try await work.run(AuditError.self) { unit in
      for _ in 0..<count {
        try unit.audit(
          .update, "estate.room", unit.newID(AuditLog.self), by: principal, .plain("name", "2 号楼 1203"))
      }
    }
  }

  private func timed(_ what: String, _ count: Int, _ body: () async throws -> Void) async throws {
    let clock = ContinuousClock()
    let time = try await clock.measure(body)
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    print("\(what): \(String(format: "%.1f", seconds / Double(max(1, count)) * 1e6)) µs each, "
      + "\(String(format: "%.2f", seconds)) s for \(count)")
  }
}

/// An SM2 key in memory: what signing costs without the way to the key service.
private struct BenchSigner: CheckpointSigner {
  private let secret: SM2.SigningKey
  let key: CheckpointKey

  init() throws {
    secret = try SM2.SigningKey.generate(random: .operatingSystem)
    guard let key = AuditKeyFile.key(publicKey: secret.verifyingKey.point.x963) else { throw SM2Error.publicKeyInvalid }
    self.key = key
  }

  func sign(_ bytes: [UInt8]) async throws -> CheckpointSignature {
    try key.signature(secret.sign(bytes, random: .operatingSystem).raw)
  }
}
