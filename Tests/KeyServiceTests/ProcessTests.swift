import Foundation
import Guomi
@testable import KeyService
import TestSupport
import Testing
import Vault
import WireFormats

@Suite("The key service's process")
struct ProcessTests {
  /// A process on a folder, until the body returns.
  static func during<T>(
    _ folder: String, _ arguments: [String] = ["--found-if-missing"], _ body: (ChildProgram) async throws -> T
  ) async throws -> T {
    let child = try await ChildProgram.start(.built("anju-vault", ["run", "--data", folder] + arguments))
    return try await child.during {
      try await child.wrote("vault: ")
      return try await body(child)
    }
  }

  static func link(_ folder: String, _ role: VaultRole = .platform) throws -> VaultLink {
    let url = URL(fileURLWithPath: folder, isDirectory: true)
    let file = role == .platform ? VaultFolder.platformToken(in: url) : VaultFolder.custodianToken(in: url)
    var options = VaultLink.Options(
      path: VaultFolder.socket(in: url).path, role: role, token: try SecretText.read(file, count: 32))
    options.timeoutMilliseconds = 60_000
    return VaultLink(options)
  }

  @Test("comes up by itself, keeps its keys over a kill, and lets nobody else use its folder", .clause("9.2.2a"))
  func restart() async throws {
    let place = try TemporaryFolder("anju-vault")
    let folder = place.path("vault")
    let first = try await Self.during(folder) { child in
      let answer = try await Self.link(folder).call(.call(.lease, ServerTests.lease))
      let second = try await ChildProgram.run(.built("anju-vault", ["run", "--data", folder]))
      #expect(second.end == .exited(1) && second.output.contains("in use"))
      await child.kill()
      return answer
    }
    let again = try await Self.during(folder) { child in
      let answer = try await Self.link(folder).call(.call(.lease, ServerTests.lease))
      child.send(signal: SIGTERM)
      #expect(try await child.ended().isSuccess)
      return answer
    }
    #expect(again.body["key"] == first.body["key"] && again.secret == first.secret)
    let modes = try ["", "seal.key", "platform.token", "custodian.token"].map { name in
      try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.posixPermissions] as? Int
    }
    #expect(modes == [0o700, 0o600, 0o600, 0o600])
    // Neither the data key nor the seal key lies open in any file but the seal key's own.
    let secret = try #require(first.secret)
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
    #expect(files.contains("vault.db"))
    for file in files where !file.hasSuffix("sock") {
      guard let data = FileManager.default.contents(atPath: "\(folder)/\(file)") else { continue }
      #expect(data.range(of: secret.withUnsafeBytes { Data($0) }) == nil, "\(file)")
    }
  }

  @Test("says that it is sealed when its seal key is gone, and that its token is gone when that is")
  func gone() async throws {
    let place = try TemporaryFolder("anju-vault")
    let folder = place.path("vault")
    _ = try await Self.during(folder) { _ in try await Self.link(folder).call(.call(.lease, ServerTests.lease)) }
    try FileManager.default.moveItem(atPath: folder + "/seal.key", toPath: folder + "/away")
    _ = try await Self.during(folder, []) { _ in
      await #expect(throws: VaultError.sealed) {
        _ = try await Self.link(folder).call(.call(.lease, ServerTests.lease))
      }
    }
    try FileManager.default.moveItem(atPath: folder + "/away", toPath: folder + "/seal.key")
    try FileManager.default.removeItem(atPath: folder + "/token")
    try await Self.during(folder, []) { child in
      await #expect(throws: VaultError.sealed) {
        _ = try await Self.link(folder).call(.call(.lease, ServerTests.lease))
      }
      #expect(child.output.contains("tokenGone"))
    }
  }

  @Test("and the platform's leave no opened value in a database, a log or memory", .clause("9.3d", "9.4c"))
  func canary() async throws {
    let place = try TemporaryFolder("anju-vault")
    let folder = place.path("vault")
    try await Self.during(folder) { child in
      #expect(try await CrashProbe.run("vault-canary", address: folder, step: 0) == .finished)
      let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
      for name in ["canary/business.db", "canary/server.log", "canary/memory", "vault.db"] {
        #expect(files.contains(name))
      }
      let log = try String(contentsOfFile: folder + "/canary/server.log", encoding: .utf8)
      #expect(log.contains("‹opened›") && log.contains("‹sealed›"))
      // Without this the memory's file would prove nothing.
      let memory = try Data(contentsOf: URL(fileURLWithPath: folder + "/canary/memory"))
      #expect(memory.range(of: Data("ANJU-CONTROL-".utf8)) != nil)
      for canary in ["ANJU-CANARY-important-7f3e91c05d", "ANJU-CANARY-sensitive-b82a6640e1"] {
        for file in files where !file.hasSuffix("sock") {
          guard let data = FileManager.default.contents(atPath: "\(folder)/\(file)") else { continue }
          #expect(data.range(of: Data(canary.utf8)) == nil, "\(canary) in \(file)")
          // Nor the half of it, as a partly overwritten copy would be.
          #expect(data.range(of: Data(canary.utf8.suffix(16))) == nil, "a part of \(canary) in \(file)")
        }
      }
    }
  }
}
