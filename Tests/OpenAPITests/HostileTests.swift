import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

@testable import OpenAPI

@Suite("Hostile and broken clients", .timeLimit(.minutes(10)))
struct HostileTests {
  private static let head = "Host: localhost\r\nAuthorization: Bearer all\r\n"

  /// Runs the server, lets the body misbehave, and checks that a good client is served afterwards.
  private func live(
    idleSecondsMax: Int = 60, _ body: @escaping @Sendable (Int) async throws -> Void
  ) async throws {
    let scene = try await Scene()
    try await scene.application(idleSecondsMax: idleSecondsMax).test(.live) { client in
      let port = try #require(client.port)
      try await body(port)
      if idleSecondsMax < 60 {
        // On a busy machine the good client may be slower than the idle time too: then it comes again.
        try await until { (try? await Self.answer(port))?.hasPrefix("HTTP/1.1 200") == true }
      } else {
        #expect(try await Self.answer(port).hasPrefix("HTTP/1.1 200"))
      }
    }
  }

  private static func answer(_ port: Int) async throws -> String {
    try await RawClient.connect(port: port) { talk in
      try await talk.send("GET /api/v1/rooms HTTP/1.1\r\n\(head)Connection: close\r\n\r\n")
      return await talk.readToEnd()
    }
  }

  @Test("a head that never ends is hung up on after the idle time")
  func slowHead() async throws {
    try await live(idleSecondsMax: 1) { port in
      try await RawClient.connect(port: port) { talk in
        // The idle time may be over before this is sent.
        try? await talk.send("GET /api/v1/rooms HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        #expect(await talk.readToEnd() == "")
      }
    }
  }

  @Test("a body that stops arriving is hung up on after the idle time")
  func slowBody() async throws {
    try await live(idleSecondsMax: 1) { port in
      try await RawClient.connect(port: port) { talk in
        try? await talk.send(
          "POST /api/v1/projects HTTP/1.1\r\n\(Self.head)Content-Type: application/json\r\n"
            + "Content-Length: 100\r\n\r\n{\"name\":")
        #expect(await talk.readToEnd() == "")
      }
    }
  }

  @Test("headers beyond the limits end the connection", arguments: [
    "X-Big: \(String(repeating: "a", count: 20_000))\r\n",
    String(repeating: "X-Many: 1\r\n", count: 200),
  ])
  func headers(extra: String) async throws {
    try await live { port in
      try await RawClient.connect(port: port) { talk in
        try await talk.send("GET /api/v1/rooms HTTP/1.1\r\n\(Self.head)\(extra)\r\n")
        let answer = await talk.readToEnd()
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400") || answer.hasPrefix("HTTP/1.1 431"), "\(answer)")
      }
    }
  }

  @Test("what is not HTTP ends the connection", arguments: [
    "\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET /api/v1/rooms HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}",
    "GET /api/v1/rooms HTTP/1.1\r\nHost: localhost\r\nBroken Header\r\n\r\n",
    "POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nabcde",
    "POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    "POST /api/v1/projects HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  ])
  func malformed(text: String) async throws {
    try await live(idleSecondsMax: 1) { port in
      try await RawClient.connect(port: port) { talk in
        try? await talk.send(text)
        let answer = await talk.readToEnd()
        #expect(!answer.contains("HTTP/1.1 2"), "\(answer)")
        #expect(!answer.contains("HTTP/1.1 5"), "\(answer)")
      }
    }
  }

  @Test("a body announced too large is refused before it is read, and its connection ends")
  func announced() async throws {
    try await live { port in
      try await RawClient.connect(port: port) { talk in
        try await talk.send(
          "POST /api/v1/projects HTTP/1.1\r\n\(Self.head)Content-Type: application/json\r\n"
            + "Content-Length: 999999999\r\n\r\n{")
        let answer = await talk.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 413"), "\(answer)")
        #expect(answer.contains("body.tooLarge"))
      }
    }
  }

  @Test("a body that grows past the limit without an announcement is cut off")
  func endless() async throws {
    try await live { port in
      try await RawClient.connect(port: port) { talk in
        try await talk.send(
          "POST /api/v1/projects HTTP/1.1\r\n\(Self.head)Content-Type: application/json\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n")
        let chunk = "4000\r\n\(String(repeating: " ", count: 0x4000))\r\n"
        // The server may hang up in between: then writing fails, as it should.
        do { for _ in 1...6 { try await talk.send(chunk) } } catch {}
        let answer = await talk.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 413"), "\(answer)")
      }
    }
  }

  @Test("paths of invalid UTF-8, of control characters or climbing up name nothing", arguments: [
    "/api/v1/rooms/%ff%fe", "/api/v1/thing-models/%c3%28", "/api/v1/../../etc/passwd", "/api/v1/rooms/..%2f..%2f",
    "/api/v1//rooms//x", "/api/v1/rooms/%00",
  ])
  func paths(path: String) async throws {
    try await live { port in
      try await RawClient.connect(port: port) { talk in
        try await talk.send("GET \(path) HTTP/1.1\r\n\(Self.head)Connection: close\r\n\r\n")
        let answer = await talk.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 404"), "\(answer)")
      }
    }
  }

  @Test("a hundred connections that send nothing keep nobody else waiting")
  func silent() async throws {
    let scene = try await Scene()
    try await scene.application(idleSecondsMax: 600).test(.live) { client in
      let port = try #require(client.port)
      let (connected, connects) = AsyncStream<Void>.makeStream()
      await withTaskGroup(of: Void.self) { group in
        for _ in 1...100 {
          group.addTask {
            // Ends by being cancelled.
            try? await RawClient.connect(port: port, secondsMax: 600) { talk in
              try await talk.send("GET /")
              connects.yield()
              #expect(await talk.readToEnd() == "")
            }
            connects.yield()
          }
        }
        for await _ in connected.prefix(100) {}
        for _ in 1...20 { #expect((try? await Self.answer(port))?.hasPrefix("HTTP/1.1 200") == true) }
        group.cancelAll()
      }
    }
  }
}
