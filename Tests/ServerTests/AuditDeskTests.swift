import Accounts
import Audit
import Estate
import Foundation
import Guomi
import Kernel
import MerkleLog
import SQLStore
import TestSupport
import Testing

@testable import Server

@Suite("The operator's commands on the audit log")
struct AuditDeskTests {
  private let house: ServerHouse
  private var folder: TemporaryFolder { house.folder }

  init() throws { house = try ServerHouse() }

  /// A server's store with some entries, sealed and copied as the server does.
  private func filled() async throws -> AuditDesk {
    let settings = try house.settings()
    try await house.withVault {
      let server = try await AnjuServer.open(settings, logger: .silent)
      try await house.serving(server) { _ in
        let platform = try #require(try await server.contexts.accounts.platform())
        for name in ["一期", "二期", "三期"] {
          _ = try await server.contexts.estate.openProject(name: name, by: platform)
        }
      }
    }
    return try await AuditDesk(settings)
  }

  private func run(_ arguments: [String]) async throws -> ChildProgram.Outcome {
    try await ChildProgram.run(.built("anju", ["audit"] + arguments))
  }

  @Test("find what was done, prove it with SM2 to somebody without the server, and find the log whole")
  func proved() async throws {
    let desk = try await filled()
    await desk.close()
    let data = ["--data", folder.path("data")]
    let search = try await run(["search", "--kind", "estate.", "--text", "二期"] + data)
    #expect(search.isSuccess && search.output.contains("create estate.project"), "\(search)")
    let file = folder.path("two.proof")
    let prove = try await run(["prove", "--text", "二期", "--output", file] + data)
    #expect(prove.isSuccess, "\(prove)")
    let alone = try await run(["verify", file])
    #expect(alone.isSuccess && alone.output.contains("taken from the file itself"), "\(alone)")
    let known = try await run(["verify", file, "--key", folder.path("data/audit.pub")])
    #expect(known.isSuccess && known.output.contains("二期") && !known.output.contains("itself"), "\(known)")
    let grown = try await run(["prove", "--since", file, "--output", folder.path("all.proof")] + data)
    #expect(grown.isSuccess, "\(grown)")
    #expect(try await run(["verify", folder.path("all.proof")]).output.contains("only grew since"))
    let check = try await run(["check"] + data)
    #expect(check.isSuccess && check.output.contains("Everything is as it was written."), "\(check)")
    let table = try await run(["export"] + data)
    #expect(table.isSuccess && table.output.contains("estate.project"))
  }

  @Test("say what is wrong, with exit code 1")
  func damaged() async throws {
    let desk = try await filled()
    await desk.close()
    let data = ["--data", folder.path("data")]
    let file = folder.path("all.proof")
    #expect(try await run(["prove", "--output", file] + data).isSuccess)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let changed = text.replacing("\npath ", with: "\npath A", maxReplacements: 1)
    try changed.write(toFile: file, atomically: true, encoding: .utf8)
    let verify = try await run(["verify", file])
    #expect(verify.end == .exited(1) && verify.output.contains("Not proved"), "\(verify)")
    let store = try SQLStore.sqlite(path: folder.path("data/anju.db"))
    try await store.write { sql in
      try sql.execute("DROP TRIGGER audit_entry_no_update")
      try sql.execute("UPDATE audit_entry SET body = replace(body, '二期', '四期'), words = replace(words, '二期', '四期')")
    }
    await store.close()
    let check = try await run(["check"] + data)
    #expect(check.end == .exited(1) && check.output.contains("its text is not the one that was hashed"), "\(check)")
    let missing = try await run(["check", "--data", folder.path("nowhere")])
    #expect(missing.end == .exited(1) && missing.output.contains("there is no store"), "\(missing)")
    #expect(try await run(["search", "--verb", "look"] + data).end == .exited(64))
    let key = try await run(["verify", file, "--key", folder.path("data/cursor.key")])
    #expect(key.end == .exited(1), "\(key)")
  }

  @Test("write nothing that moves a terminal's cursor")
  func printable() {
    #expect(AuditWords.printable("a\u{1b}[2Jb\u{202e}c\n") == "a\u{fffd}[2Jb\u{fffd}c\u{fffd}")
  }

  @Test("a program that keeps copies gets each checkpoint; one that fails or hangs is tried again")
  func command() async throws {
    let kept = folder.path("kept")
    let checkpoint = try Checkpoint(
      origin: "test", size: 1, root: AuditHash.tree.leaf([1]), time: "2026-11-23T06:32:08.000000Z")
    let note = try SignedCheckpoint(
      checkpoint, signatures: [CheckpointSignature(name: "test", keyID: [1, 2, 3, 4], bytes: [1])])
    try await CommandPlace("cat >> '\(kept)'").keep(note)
    #expect(try String(contentsOfFile: kept, encoding: .utf8) == note.text)
    await #expect(throws: CommandPlaceError(status: 3)) { try await CommandPlace("exit 3").keep(note) }
    await #expect(throws: CommandPlaceError(status: 127)) { try await CommandPlace("/no/such/program").keep(note) }
  }

  @Test("the key never leaves the key service, and a checkpoint waits while that is down", .clause("6.8.2g", "9.2.2a"))
  func waiting() async throws {
    let settings = try house.settings()
    let server = try await AnjuServer.open(settings, logger: .silent)
    try await house.serving(server) { _ in
      let log = server.contexts.audit
      // The first accounts are entries: hashed, and signed by nobody.
      try await until { try await log.check().size >= 5 }
      #expect(log.keys.keys.isEmpty)
      #expect(try await log.check().sealedSize == 0)
      try await house.withVault {
        try await until { try await log.check().sealedSize >= 5 }
        #expect(try await log.check().isWhole)
      }
      // Down again: what is written meanwhile is kept, and signed when it is back.
      let before = try await log.check().sealedSize
      let platform = try #require(try await server.contexts.accounts.platform())
      _ = try await server.contexts.estate.openProject(name: "四期", by: platform)
      try await until { try await log.check().size > before }
      #expect(try await log.check().sealedSize == before)
    }
    try await house.withVault {
      let again = try await AnjuServer.open(settings, logger: .silent)
      try await house.serving(again) { _ in }
      let known = again.contexts.audit.keys.keys
      #expect(known.count == 1)
    }
    let data = ["--data", folder.path("data")]
    #expect(try await run(["prove", "--text", "四期", "--output", folder.path("four.proof")] + data).isSuccess)
    let proved = try await run(["verify", folder.path("four.proof"), "--key", folder.path("data/audit.pub")])
    #expect(proved.isSuccess && proved.output.contains("四期"), "\(proved)")
    // The platform has no private key: neither a file of one, nor one line more than the public one.
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path("data"))
    #expect(!files.contains("audit.key") && !files.contains("accounts.key") && !files.contains("record.key"))
    let lines = try String(contentsOfFile: folder.path("data/audit.pub"), encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 1)
  }

  @Test("the file of public keys takes one more, and is refused when it is none")
  func keys() async throws {
    let url = URL(fileURLWithPath: folder.path("keys"), isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let file = AuditKeyFile(in: url)
    #expect(try file.keys().keys.isEmpty)
    let secrets = try (0..<2).map { _ in try SM2.SigningKey.generate(random: .operatingSystem) }
    for secret in secrets {
      try file.add(try #require(AuditKeyFile.key(publicKey: secret.verifyingKey.point.x963)))
    }
    let known = try file.keys().keys
    #expect(known.map(\.publicKey) == secrets.map { $0.verifyingKey.point.x963 })
    let bytes = Array("abc".utf8)
    let signature = try known[1].signature(secrets[1].sign(bytes, random: .operatingSystem).raw)
    #expect(known[1].verify(signature, bytes) == true && known[1].verify(signature, bytes + [1]) == false)
    #expect(known[0].verify(signature, bytes) == nil)
    try Data([1, 2, 3]).write(to: url.appending(path: "audit.pub"))
    #expect(throws: AuditKeyError.self) { try file.keys() }
  }
}
