import Accounts
import Foundation
import Glibc
import Kernel
import TestSupport
import Testing

/// Known personal data goes through the real server; afterwards it is looked for everywhere it must not be.
@Suite("What must not lie open", .serialized, .clause("9.2.2a", "9.3d", "9.4c"))
struct CanaryTests {
  private static let phone = "13877665544"
  private static let mail = "canary.7f3e91c05d@example.org"
  private static let password = "canary b82a6640e1 horses"
  private static let control = "control 5d1c77e0a4"

  /// A person with all of it, whose contact is opened, and the error answers on the way.
  private func work(_ server: RealServer) async throws -> (secret: String, answers: [RealServer.Answer]) {
    let first = try #require(server.passwords["admin"])
    let admin = try await server.signIn("admin", first)
    let offer = try await server.call(
      "POST", "/session/second-factor", #"{"password":"\#(first)"}"#, session: admin)
    let secret = try offer.member("secret")
    let code = TOTP.code(Base32.bytes(secret), step: TOTP.step(at: SystemNow.instant), .sha1)
    let confirmed = try await server.call("PUT", "/session/second-factor", #"{"code":"\#(code)"}"#, session: admin)
    try #require(confirmed.status < 300, "\(confirmed.text)")
    let made = try await server.call(
      "POST", "/accounts",
      #"{"name":"canary","displayName":"\#(Self.control)","roles":[{"role":"viewer"}],"password":"\#(Self.password)"}"#,
      session: admin)
    let account = try made.member("id")
    for contact in [Self.phone, Self.mail] {
      let answer = try await server.call(
        "PUT", "/accounts/\(account)/contacts", #"{"contact":"\#(contact)"}"#, session: admin)
      try #require(answer.status < 300 && !answer.text.contains(contact), "\(answer.text)")
    }
    let `operator` = try await server.signIn("operator", try #require(server.passwords["operator"]))
    let opened = try await server.call(
      "POST", "/accounts/\(account)/contacts/openings", #"{"kind":"phone","reason":"a leak"}"#, session: `operator`)
    #expect(try opened.member("contact") == Self.phone)
    let found = try await server.call(
      "POST", "/contact-searches", #"{"contact":"\#(Self.phone)"}"#, session: `operator`)
    #expect(found.status == 200 && found.text.contains("canary") && !found.text.contains(Self.phone))
    let errors = [
      try await server.call("POST", "/session", #"{"name":"canary","password":"\#(Self.password)x"}"#),
      try await server.call("POST", "/session/verification", #"{"code":"000000"}"#, session: admin),
      try await server.call(
        "PUT", "/accounts/\(account)/contacts", #"{"contact":"\#(Self.mail) \#(Self.phone)"}"#, session: admin),
      try await server.call(
        "PUT", "/accounts/\(account)/contacts", #"{"contact":"\#(Self.phone)""#, session: admin),
      try await server.call(
        "POST", "/accounts/\(account)/contacts/openings", #"{"kind":"phone","reason":""}"#, session: `operator`),
      try await server.call(
        "POST", "/accounts/\(account)/contacts/openings", #"{"kind":"\#(Self.phone)","reason":"x"}"#,
        session: `operator`),
    ]
    for answer in errors { #expect((400..<500).contains(answer.status), "\(answer.text)") }
    // What a person wrote with a request is sealed, too.
    let own = try await server.call("GET", "/me/holdings", session: admin)
    return (secret, errors + [own])
  }

  @Test("is in no log, file of the data folder, error or memory after it was used")
  func everywhere() async throws {
    let folder = try TemporaryFolder("anju-canary")
    try await RealServer.during(folder) { server in
      let (secret, answers) = try await work(server)
      var texts: [String: [UInt8]] = [
        "phone": Array(Self.phone.utf8), "mail": Array(Self.mail.utf8), "password": Array(Self.password.utf8),
        "second factor, as typed": Array(secret.utf8), "second factor": Base32.bytes(secret),
      ]
      for (name, text) in texts {
        for answer in answers {
          #expect(Data(answer.body).range(of: Data(text)) == nil, "\(name) in \(answer.text)")
        }
        #expect(Data(server.child.output.utf8).range(of: Data(text)) == nil, "\(name) in the log")
      }
      for file in try Canary.files(below: URL(fileURLWithPath: folder.path("data"))) {
        let bytes = try Data(contentsOf: file)
        for (name, text) in texts {
          #expect(bytes.range(of: Data(text)) == nil, "\(name) in \(file.lastPathComponent)")
        }
      }
      // A control: the scan of memory sees what is there, as the name of an account in the store's cache.
      texts["control"] = Array(Self.control.utf8)
      let process = try #require(Self.serverProcess(folder))
      if let found = Canary.found(texts, inMemoryOf: process) {
        // What was typed, or shown once, came through the web server's buffers, and copies stay there for a while:
        // docs/key-service.md says so. What only the vault opened is wiped.
        print("in the server's memory: \(found)")
        #expect((found["control"] ?? 0) > 0)
        #expect(found["second factor"] == nil, "in memory")
      } else {
        print("no other process of this user may read the server's memory")
      }
    }
  }

  @Test("cannot be dumped: a server that is aborted writes no core, however large one may be")
  func noCore() async throws {
    let folder = try TemporaryFolder("anju-canary")
    try await RealServer.during(folder, shell: "ulimit -c unlimited; exec \"$@\"") { server in
      let process = try #require(Self.serverProcess(folder))
      let limits = try String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
      #expect(limits.contains(#/Max core file size +0 +0/#))
      // Owned by root while it may not be dumped: nobody else of this user reads its memory.
      let owner = try FileManager.default.attributesOfItem(atPath: "/proc/\(process)/mem")[.ownerAccountID] as? NSNumber
      #expect(owner?.intValue == 0)
      kill(process, SIGABRT)
      let end = try await server.child.ended().end
      #expect(end == .signalled(SIGABRT))
      #expect(server.child.output.contains("anju: crashed; the stack"), "the crash says where")
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
      #expect(!files.contains { $0.hasPrefix("core") }, "\(files)")
    }
  }

  /// The server's own number, as it wrote it into its lock.
  private static func serverProcess(_ folder: TemporaryFolder) -> Int32? {
    let text = try? String(contentsOfFile: folder.path("data/lock"), encoding: .utf8)
    return text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }
}

/// The wall clock, for codes that the real server checks.
enum SystemNow {
  static var instant: Instant { Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
}
