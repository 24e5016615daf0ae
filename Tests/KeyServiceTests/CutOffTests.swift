import Foundation
import Glibc
import Guomi
import Kernel
import Synchronization
import TestSupport
import Testing
import Vault
import WireFormats

/// Answers greetings as the key service does, and gives of every other answer its beginning only.
private final class CuttingServer: Sendable {
  static let secret: [UInt8] = Array(repeating: 0x5a, count: 32)

  let path: String
  private let descriptor: Int32
  /// Bytes of an answer before the connection is cut; nil for the whole.
  private let cut = Mutex<Int?>(nil)
  private let served = Mutex(0)

  init(_ path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = try #require(VaultSocket.address(path))
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0 && listen(descriptor, 8) == 0)
  }

  deinit { close(descriptor) }

  var connectionsCount: Int { served.withLock { $0 } }

  func cut(after bytes: Int?) { cut.withLock { $0 = bytes } }

  /// The answer that a call gets.
  static func answer() throws -> VaultFrame {
    VaultFrame([("key", .bytes(Array(0..<16)))], secret: SecretBytes(copying: secret))
  }

  static var answerCount: Int {
    get throws { try answer().headAndBody.count + secret.count }
  }

  /// Serves so many connections, one after the other, on a thread of its own: it blocks, as the real one does.
  func start(connections: Int) {
    Thread.detachNewThread { try? self.serve(connections: connections) }
  }

  private func serve(connections: Int) throws {
    for _ in 0..<connections {
      let accepted = accept(descriptor, nil, nil)
      guard accepted >= 0 else { return }
      served.withLock { $0 += 1 }
      let socket = VaultSocket(descriptor: accepted)
      _ = try socket.receive(idle: 60_000, milliseconds: 60_000)
      try socket.send(VaultFrame([("ok", .bool(true))]), milliseconds: 60_000)
      while (try? socket.receive(idle: 60_000, milliseconds: 60_000)) != nil {
        guard let count = cut.withLock({ $0 }) else {
          try socket.send(Self.answer(), milliseconds: 60_000)
          continue
        }
        let bytes = try (Self.answer().headAndBody + Self.secret).prefix(count)
        withExtendedLifetime(socket) {
          _ = Array(bytes).withUnsafeBytes { send(accepted, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
        break
      }
    }
  }
}

@Suite("A key service whose socket is cut off", .timeLimit(.minutes(5)))
struct CutOffTests {
  @Test("within an answer, at any byte, gives an error and no part of a key; the next call goes on", .clause("9.2.2a"))
  func withinAnswer() async throws {
    let folder = try TemporaryFolder("cut-off")
    let server = try CuttingServer(folder.path("s"))
    let whole = try CuttingServer.answerCount
    let cuts = Array(0..<whole)
    // Each cut takes a connection; the last one is for what goes on.
    server.start(connections: cuts.count + 1)
    var options = VaultLink.Options(
      path: server.path, role: .platform, token: SecretBytes(copying: CuttingServer.secret))
    options.timeoutMilliseconds = 60_000
    for count in cuts {
      server.cut(after: count)
      // A link of its own: one that had a good connection asks again by itself, which is shown below.
      let link = VaultLink(options)
      await #expect {
        _ = try await link.call(.call(.lease, ServerTests.lease))
      } throws: { error in
        guard case VaultError.unreachable(let why) = error else { return false }
        return why.contains(count == 0 ? "closed" : "cut off") && (error as? VaultError)?.kind == .unavailable
      }
    }
    server.cut(after: nil)
    let link = VaultLink(options)
    let answer = try await link.call(.call(.lease, ServerTests.lease))
    #expect(answer.secret == SecretBytes(copying: CuttingServer.secret))
    #expect(server.connectionsCount == cuts.count + 1)
  }

  @Test("after a good answer is asked once more over a new connection")
  func again() async throws {
    let folder = try TemporaryFolder("cut-off")
    let server = try CuttingServer(folder.path("s"))
    server.start(connections: 2)
    var options = VaultLink.Options(
      path: server.path, role: .platform, token: SecretBytes(copying: CuttingServer.secret))
    options.timeoutMilliseconds = 60_000
    let link = VaultLink(options)
    #expect(try await link.call(.call(.lease, ServerTests.lease)).secret?.count == 32)
    server.cut(after: 20)
    await #expect(throws: VaultError.self) { try await link.call(.call(.lease, ServerTests.lease)) }
    #expect(server.connectionsCount == 2)
  }
}
