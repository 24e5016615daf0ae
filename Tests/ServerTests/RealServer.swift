import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing
import WireFormats

/// The real program with its key service, as `anju up` starts them, and a person's browser.
struct RealServer {
  let child: ChildProgram
  let address: String
  let client: HTTPClient
  /// Names and passwords of the first accounts.
  let passwords: [String: String]

  /// - Parameter shell: what the shell does that becomes the server.
  private static func start(in folder: TemporaryFolder, shell: String = "exec \"$@\"") async throws -> RealServer {
    let vendor = folder.path("vendor")
    try FileManager.default.createDirectory(atPath: vendor, withIntermediateDirectories: true)
    let order = ChildProgram.Order.built("anju", [])
    var whole = ChildProgram.Order(
      "/bin/sh",
      [
        "-c", shell, "sh", order.program, "up", "--data", folder.path("data"), "--http-port", "0", "--mqtt-port", "0",
        "--control-port", "0", "--vendor", vendor, "--empty",
      ])
    whole.folder = folder.url.path
    let child = try await ChildProgram.start(whole)
    let words = try await child.wrote("Ctrl-C ends it")
    let address = try #require(words.firstMatch(of: #/https://[^\s/]+:\d+/#)).output
    var passwords: [String: String] = [:]
    for match in words.matches(of: #/account +(\S+)\s+password +(\S+)/#) {
      passwords[String(match.output.1)] = String(match.output.2)
    }
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .file(folder.path("data/ca/ca.pem"))
    return RealServer(
      child: child, address: String(address),
      client: HTTPClient(configuration: .init(tlsConfiguration: tls, redirectConfiguration: .disallow)),
      passwords: passwords)
  }

  /// Starts it for a body, and ends it whatever happens there.
  static func during(
    _ folder: TemporaryFolder, shell: String = "exec \"$@\"", _ body: (RealServer) async throws -> Void
  ) async throws {
    let server = try await start(in: folder, shell: shell)
    do { try await body(server) } catch {
      try await server.stop()
      throw error
    }
    try await server.stop()
  }

  private func stop() async throws {
    await child.kill()
    try await client.shutdown()
  }

  /// One answer.
  struct Answer {
    let status: Int
    let body: [UInt8]
    let cookie: String?

    var text: String { String(decoding: body, as: UTF8.self) }
    func member(_ name: String) throws -> String {
      try #require(try WireValue(.json, body)[name]?.string, "\(name) in \(text)")
    }
  }

  func call(_ method: String, _ path: String, _ json: String? = nil, session: String? = nil) async throws -> Answer {
    var request = HTTPClientRequest(url: "\(address)/api/v1\(path)")
    request.method = .init(rawValue: method)
    if let json {
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(ByteBuffer(string: json))
    }
    if let session {
      request.headers.add(name: "cookie", value: session)
      request.headers.add(name: "sec-fetch-site", value: "same-origin")
    }
    let response = try await client.execute(request, timeout: .seconds(Int64(Patience.seconds)))
    let body = try await response.body.collect(upTo: 1 << 20)
    let cookie = response.headers["set-cookie"].first.flatMap { $0.split(separator: ";").first.map(String.init) }
    return Answer(status: Int(response.status.code), body: Array(body.readableBytesView), cookie: cookie)
  }

  /// Signs in.
  ///
  /// - Returns: the session's cookie.
  func signIn(_ name: String, _ password: String) async throws -> String {
    let answer = try await call("POST", "/session", #"{"name":"\#(name)","password":"\#(password)"}"#)
    try #require(answer.status < 300, "\(answer.text)")
    return try #require(answer.cookie)
  }
}
