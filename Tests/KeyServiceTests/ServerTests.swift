import Foundation
import Guomi
import Kernel
@testable import KeyService
import Logging
import TestSupport
import Testing
import Vault
import WireFormats

/// A key service behind its socket.
struct ServedVault {
  let vault: TestVault
  let server: VaultServer
  let path: String

  static func during<T>(
    userIDs: Set<UInt32> = [], change: (inout VaultServer.Options) -> Void = { _ in },
    _ body: (ServedVault) async throws -> T
  ) async throws -> T {
    let vault = try await TestVault.made()
    var options = VaultServer.Options(path: vault.folder.path("s"))
    options.userIDs = userIDs
    (options.messageMilliseconds, options.greetingMilliseconds) = (60_000, 60_000)
    change(&options)
    let server = VaultServer(core: vault.core, options: options, logger: .silent)
    try server.listen()
    let running = Task { await server.run() }
    let result: Result<T, any Error>
    do {
      result = .success(try await body(ServedVault(vault: vault, server: server, path: options.path)))
    } catch {
      result = .failure(error)
    }
    server.stop()
    await running.value
    return try result.get()
  }

  func options(_ role: VaultRole = .platform, token: SecretBytes? = nil) -> VaultLink.Options {
    var options = VaultLink.Options(
      path: path, role: role,
      token: token ?? (role == .platform ? vault.founding.platformToken : vault.founding.custodianToken))
    // All tests run side by side, perhaps beside a build.
    options.timeoutMilliseconds = 60_000
    return options
  }

  var link: VaultLink { VaultLink(options()) }

  /// Bytes in, all bytes out until the other end closes or is silent.
  func raw(_ bytes: [UInt8], closing: Bool = true) async throws -> [UInt8] {
    try await blocking { [path] in try Self.exchanged(bytes, closing: closing, at: path) }
  }

  private static func exchanged(_ bytes: [UInt8], closing: Bool, at path: String) throws -> [UInt8] {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = try #require(VaultSocket.address(path))
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(connected == 0)
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    if closing { shutdown(descriptor, Int32(SHUT_WR)) }
    var (answer, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4_096))
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return answer }
      answer += buffer[..<count]
    }
  }
}

@Suite("The key service's socket")
struct ServerTests {
  static let lease: [(String, WireValue)] = [
    ("organisation", .bytes(TestVault.organisation.bytes)), ("purpose", .text("residents")),
    ("suite", .text("aes256-gcm")), ("count", .integer(10)),
  ]

  @Test("serves who shows the token, many at once", .clause("9.2.2a"))
  func serves() async throws {
    try await ServedVault.during { served in
      let links = (0..<4).map { _ in served.link }
      let keys = try await withThrowingTaskGroup(of: [UInt8].self) { group in
        for number in 0..<40 {
          group.addTask {
            let answer = try await links[number % 4].call(.call(.lease, Self.lease))
            #expect(answer.secret?.count == 32)
            return answer.body["key"]?.byteString ?? []
          }
        }
        return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
      }
      #expect(keys.count == 1)
    }
  }

  @Test("refuses a wrong token, a custodian's token for the platform's, and calls before the greeting")
  func tokens() async throws {
    try await ServedVault.during { served in
      let wrong = try served.vault.random.secret(32)
      for options in [
        served.options(token: wrong), served.options(.platform, token: served.vault.founding.custodianToken),
        served.options(.custodian, token: served.vault.founding.platformToken),
        served.options(.platform, token: wrong.part(0..<31)),
      ] {
        await #expect { _ = try await VaultLink(options).call(.call(.lease, Self.lease)) } throws: {
          ($0 as? VaultError)?.code == "vault.caller"
        }
      }
      let answer = try await blocking { [path = served.path] in
        try VaultLink.exchange(.call(.lease, Self.lease), on: VaultSocket(path: path), milliseconds: 60_000)
      }
      #expect(answer.body["error"] == .text("vault.role") && answer.secret == nil)
    }
  }

  @Test("refuses a process of another user, whatever it shows")
  func otherUser() async throws {
    // Root may become somebody else; anybody else can only show that the list counts.
    guard geteuid() == 0 else { return }
    try await ServedVault.during(change: { $0.mode = 0o666 }) { served in
      chmod(served.vault.folder.url.path, 0o755)
      let program = """
        import os,socket,sys
        os.setuid(65534)
        s=socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]); print(s.recv(4096))
        """
      let outcome = try await ChildProgram.run(.python(["-c", program, served.path]))
      #expect(outcome.output.contains("vault.user"), "\(outcome)")
      await #expect(throws: Never.self) { _ = try await served.link.call(.call(.lease, Self.lease)) }
    }
  }

  @Test("outlives garbage, cut-off messages and lengths beyond its limits, and says so")
  func garbage() async throws {
    try await ServedVault.during { served in
      let random = SharedRandom(seed: 11)
      var hello = VaultFrame.call(.status).headAndBody
      for _ in 0..<60 { _ = try await served.raw(random.bytes(1 + Int(random.next() % 200))) }
      for cut in [1, 11, 12, hello.count - 1] { #expect(try await served.raw(Array(hello.prefix(cut))).isEmpty) }
      for (index, value) in [(4, 0xff), (8, 0xff), (2, 9)] as [(Int, UInt8)] {
        var bad = hello
        bad[index] = value
        let answer = try await served.raw(bad)
        #expect(String(decoding: answer, as: UTF8.self).contains("vault.malformed"))
      }
      hello[13] ^= 0xff
      _ = try await served.raw(hello)
      #expect(try await served.link.call(.call(.lease, Self.lease)).secret?.count == 32)
    }
  }

  @Test("does not wait for ever for the rest of a message")
  func slow() async throws {
    try await ServedVault.during(change: { $0.messageMilliseconds = 50 }) { served in
      let head = Array(VaultFrame.call(.status).headAndBody.prefix(12))
      let answer = try await served.raw(head, closing: false)
      #expect(answer.isEmpty)
    }
  }

  @Test("takes so many connections and no more, and takes others when they go")
  func connections() async throws {
    try await ServedVault.during(change: { $0.connectionsMax = 3 }) { served in
      let options = served.options()
      try await blocking {
        let held = try (0..<3).map { _ in try VaultLink.connected(options) }
        #expect(throws: VaultError.self) { _ = try VaultLink.connected(options) }
        withExtendedLifetime(held) {}
      }
      try await until { (try? await blocking { _ = try VaultLink.connected(options) }) != nil }
    }
  }

  @Test("is found again after a restart, and its absence is said at once")
  func restart() async throws {
    let vault = try await TestVault.made()
    let path = vault.folder.path("s")
    var patient = VaultLink.Options(path: path, role: .platform, token: vault.founding.platformToken)
    patient.timeoutMilliseconds = 60_000
    let link = VaultLink(patient)
    await #expect { _ = try await link.call(.call(.lease, Self.lease)) } throws: {
      ($0 as? VaultError)?.code == "vault.unreachable"
    }
    for _ in 0..<2 {
      let server = VaultServer(core: vault.core, options: .init(path: path), logger: .silent)
      try server.listen()
      let running = Task { await server.run() }
      // The second time over a connection that died with the first server.
      #expect(try await link.call(.call(.lease, Self.lease)).secret?.count == 32)
      server.stop()
      await running.value
    }
    await #expect(throws: VaultError.self) { _ = try await link.call(.call(.lease, Self.lease)) }
  }
}
