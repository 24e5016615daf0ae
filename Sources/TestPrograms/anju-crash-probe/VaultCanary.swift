import Foundation
import Glibc
import Guomi
import Kernel
import KeyService
import Logging
import SQLStore
import Vault

/// The platform's side of sealing, with known texts: seals them, stores them, opens them, logs everything about them,
/// and then writes all its memory to a file, as a core dump would. The address is the folder of a running key service;
/// what is written goes into `canary` inside.
enum VaultCanary: Scenario {
  static let name = "vault-canary"

  /// The texts, each byte changed, so that this program does not hold them as they are.
  private static let hidden: [[UInt8]] = [
    [
      0x1b, 0x14, 0x10, 0x0f, 0x77, 0x19, 0x1b, 0x14, 0x1b, 0x08, 0x03, 0x77, 0x33, 0x37, 0x2a, 0x35,
      0x28, 0x2e, 0x3b, 0x34, 0x2e, 0x77, 0x6d, 0x3c, 0x69, 0x3f, 0x63, 0x6b, 0x39, 0x6a, 0x6f, 0x3e,
    ],
    [
      0x1b, 0x14, 0x10, 0x0f, 0x77, 0x19, 0x1b, 0x14, 0x1b, 0x08, 0x03, 0x77, 0x29, 0x3f, 0x34, 0x29,
      0x33, 0x2e, 0x33, 0x2c, 0x3f, 0x77, 0x38, 0x62, 0x68, 0x3b, 0x6c, 0x6c, 0x6e, 0x6a, 0x3f, 0x6b,
    ],
  ]

  static func run(address: String, crash: CrashPoint) async throws {
    let vaultFolder = URL(fileURLWithPath: address, isDirectory: true)
    let folder = vaultFolder.appendingPathComponent("canary", isDirectory: true)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let work = try await Work.open(folder.appendingPathComponent("business.db").path)
    let logFile = folder.appendingPathComponent("server.log")
    _ = FileManager.default.createFile(atPath: logFile.path, contents: nil)
    let log = try FileHandle(forWritingTo: logFile)
    let link = VaultLink(
      .init(
        path: VaultFolder.socket(in: vaultFolder).path, role: .platform,
        token: try SecretText.read(VaultFolder.platformToken(in: vaultFolder), count: 32)))
    let time = work.time
    let vault = Vault(source: link, random: .operatingSystem, time: time) { opening in
      try log.write(contentsOf: Data("opened \(opening)\n".utf8))
    }
    try await work.store.migrate([
      RecordKeys.migrations,
      SQLMigrations(
        context: "canary",
        steps: [.init(1, "values", "CREATE TABLE canary (id {int} PRIMARY KEY, value {blob} NOT NULL) {strict};")]),
    ])
    try await seal(vault, work, log)
    try MemoryDump.write(to: folder.appendingPathComponent("memory"), holding: "ANJU-CONTROL-\(getppid())-here")
    await work.store.close()
  }

  private static func seal(_ vault: Vault, _ work: Work, _ log: FileHandle) async throws {
    let organisation = ID<Organisation>(high: 1, low: 2)
    let access = SealedAccess(
      Principal(
        id: ID(high: 1, low: 1), kind: .platform, organisation: organisation, name: "probe",
        permissions: [.privacyOpen]), reason: "a test")
    func place(_ row: UInt8) -> SealedPlace {
      SealedPlace(organisation: organisation, table: "canary", column: "value", row: [row])
    }
    let salt = try vault.newSalt()
    let record = try await work.run(VaultError.self) { unit in
      try unit.recordKey(organisation: organisation, subject: [1], salt: salt)
    }
    let important = try await vault.sealer(Important.self, organisation: organisation, purpose: "canary")
    let sensitive = try await vault.sealer(Sensitive.self, organisation: organisation, purpose: "canary")
    let one = try important.seal(text(0), at: place(0))
    let two = try sensitive.seal(text(1), at: place(1), record: record)
    try await work.run(VaultError.self) { unit in
      try unit.sql.execute("INSERT INTO canary (id, value) VALUES (0, \(one)), (1, \(two))")
    }
    let first = try await vault.open(one, at: place(0), for: access)
    let second = try await vault.open(two, at: place(1), record: record, for: access)
    guard first.withBytes({ $0.count == 32 }), second.withBytes({ $0.count == 32 }) else { throw VaultError.malformed }
    var said = "\(one) \(two) \(first) \(second) \(String(reflecting: first)) \(record)"
    dump(second, to: &said)
    do {
      _ = try await vault.open(one, at: place(9), for: access)
    } catch {
      said += "\(error) \(error.reason) \(String(reflecting: error))"
    }
    try log.write(contentsOf: Data((said + "\n").utf8))
  }

  /// A text in memory that is wiped; it is put together there.
  private static func text(_ index: Int) -> SecretBytes {
    SecretBytes(count: hidden[index].count) { bytes in
      for (offset, byte) in hidden[index].enumerated() { bytes[offset] = byte ^ 0x5a }
    }
  }
}

/// All memory of this process that it may write: heap, stacks, data.
enum MemoryDump {
  /// - Parameter control: a text that is in memory and must be found, or the dump proves nothing.
  static func write(to file: URL, holding control: String) throws {
    let kept = Array(control.utf8)
    _ = FileManager.default.createFile(atPath: file.path, contents: nil, attributes: [.posixPermissions: 0o600])
    let output = try FileHandle(forWritingTo: file)
    let memory = open("/proc/self/mem", O_RDONLY)
    guard memory >= 0 else { throw VaultError.malformed }
    defer { close(memory) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
    for line in maps.split(separator: "\n") {
      let fields = line.split(separator: " ")
      let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard fields.count > 1, fields[1].hasPrefix("rw"), ends.count == 2 else { continue }
      var place = ends[0]
      while place < ends[1] {
        let count = pread(memory, &buffer, min(buffer.count, Int(ends[1] - place)), off_t(place))
        guard count > 0 else { break }
        try output.write(contentsOf: buffer[..<count])
        place += UInt64(count)
      }
    }
    try output.close()
    withExtendedLifetime(kept) {}
  }
}
