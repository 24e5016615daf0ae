import Foundation
import Guomi
import Kernel
import KeyService
import Synchronization
import Vault
import WireFormats

/// A key service with a token of its own, filled at the first run with two batches of keys; each run checks that every
/// key opens, rotates, goes on with a rotation that was cut off, and checks again. The address is its folder.
enum VaultRotation: Scenario {
  static let name = "vault-rotation"

  private static let organisation = ID<Organisation>(high: 1, low: 2)
  private static let platform = VaultCore.Caller(name: "platform", role: .platform, userID: 0)
  private static let custodian = VaultCore.Caller(name: "custodian", role: .custodian, userID: 0)

  /// Data keys of each suite, one after the other: 72 in all, more than a rotation moves in one transaction.
  private static let versions: Int64 = 36
  /// Every so many keys that are wrapped anew may be the last: one in the middle of each batch.
  private static let rewrappedEach = 36

  static func run(address: String, crash: CrashPoint) async throws {
    let folder = try VaultFolder(URL(fileURLWithPath: address, isDirectory: true))
    try folder.useOwnSoftToken()
    let age = Mutex<Int64>(0)
    let time = Timekeeper(
      now: { Instant(milliseconds: 1_795_415_528_000 + age.withLock { $0 } * 86_400_000) },
      sleep: { try await Task.sleep(for: $0) })
    let ids = IDSource(time: time) { (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)) }
    let random = RandomSource { count in (0..<count).map { _ in UInt8.random(in: .min ... .max) } }
    // The first run makes everything and is not cut off.
    let isFirst = !FileManager.default.fileExists(atPath: VaultFolder.sealKey(in: folder.url).path)
    let core = try await folder.core(
      modulePath: VaultFolder.softModulePath, time: time, ids: ids, random: random,
      reach: isFirst ? { @Sendable _ in } : reaching(crash))
    let known = folder.url.appendingPathComponent("known")
    if isFirst {
      _ = try await folder.found(core, .file)
      _ = try await folder.openWithFile(core)
      var lines: [String] = []
      for version in 0..<versions {
        // A key of ninety days gives way to the next.
        age.withLock { $0 = version * Int64(DataKeyLife.days + 1) }
        for suite in Suite.allCases { lines.append(try await leased(core, suite)) }
      }
      return try lines.joined(separator: "\n").write(to: known, atomically: true, encoding: .utf8)
    }
    _ = try await folder.openWithFile(core)
    let keys = try String(contentsOf: known, encoding: .utf8)
    try await check(core, keys)
    let rotate = VaultFrame.call(
      .rotate, [("organisation", .bytes(organisation.bytes)), ("purpose", .text("residents"))])
    let running = try await core.answer(VaultFrame.call(.status), from: custodian).answer().body["rotations"]?.integer
    if running == 0 { _ = try await core.answer(rotate, from: custodian).answer() }
    while try await core.stepRotation() {}
    core.seal()
    _ = try await folder.openWithFile(core)
    try await check(core, keys)
  }

  /// Where the process may die.
  private static func reaching(_ crash: CrashPoint) -> @Sendable (FaultPoint) throws -> Void {
    let rewrapped = Atomic(0)
    return { point in
      if point == .keyRewrapped {
        let count = rewrapped.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        guard count.isMultiple(of: rewrappedEach) else { return }
      }
      crash.reach()
    }
  }

  /// A new data key, as a line of what is known.
  private static func leased(_ core: VaultCore, _ suite: Suite) async throws -> String {
    let answer = try await core.answer(
      .call(
        .lease,
        [
          ("organisation", .bytes(organisation.bytes)), ("purpose", .text("residents")),
          ("suite", .text(suite.word)), ("count", .integer(1)),
        ]), from: platform
    ).answer()
    guard let key = answer.body["key"]?.byteString.flatMap({ ID<DataKey>(bytes: $0) }), let secret = answer.secret
    else { throw VaultError.malformed }
    return "\(key) \(digest(secret))"
  }

  private static func check(_ core: VaultCore, _ known: String) async throws {
    for line in known.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count == 2, let key = ID<DataKey>(String(parts[0])) else { throw VaultError.malformed }
      let answer = try await core.answer(
        .call(.fetch, [("organisation", .bytes(organisation.bytes)), ("key", .bytes(key.bytes))]), from: platform
      ).answer()
      guard let secret = answer.secret, digest(secret) == parts[1] else { throw VaultError.notAuthentic }
    }
  }

  /// Tells keys apart; FNV-1a, for a test.
  private static func digest(_ secret: SecretBytes) -> String {
    let hash = secret.withUnsafeBytes { bytes in
      bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
    return String(hash, radix: 16)
  }
}
