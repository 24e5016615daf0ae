import Accounts
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TestSupport
import Testing

@testable import Server

@Suite("The server")
struct AnjuServerTests {
  private let house: ServerHouse
  private var folder: TemporaryFolder { house.folder }

  init() throws { house = try ServerHouse() }

  @Test("the first start makes authority, certificate and administrator; the next one finds them")
  func starts() async throws {
    let first = try await AnjuServer.open(house.settings(), logger: .silent)
    #expect(first.first?.administrator.name == "admin")
    #expect((first.first?.operatorPassword.count ?? 0) >= 20)
    try await house.serving(first) { _ in }
    let authority = try Data(contentsOf: URL(fileURLWithPath: folder.path("data/ca/ca.pem")))
    let second = try await AnjuServer.open(house.settings(), logger: .silent)
    #expect(second.first == nil)
    try await house.serving(second) { _ in }
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("data/ca/ca.pem"))) == authority)
    for name in ["data/ca/ca.key", "data/ca/server.key", "data/cursor.key"] {
      let mode = try FileManager.default.attributesOfItem(atPath: folder.path(name))[.posixPermissions] as? NSNumber
      #expect(mode?.intValue == 0o600, "\(name)")
    }
  }

  @Test("pages and interface are served over TLS that the platform's own authority vouches for",
    .clause("9.2.1a", "9.2.2b"))
  func serves() async throws {
    let server = try await AnjuServer.open(house.settings(), logger: .silent)
    try await house.serving(server) { addresses in
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .file(folder.path("data/ca/ca.pem"))
      let client = HTTPClient(configuration: .init(tlsConfiguration: tls, redirectConfiguration: .disallow))
      do {
        let api = try await client.execute(
          HTTPClientRequest(url: addresses.pages + "/api/v1/openapi.json"), timeout: .seconds(Int64(Patience.seconds)))
        #expect(api.status == .ok && api.version == .http2)
        let devices = try await client.execute(
          HTTPClientRequest(url: addresses.pages + "/api/v1/devices"), timeout: .seconds(Int64(Patience.seconds)))
        #expect(devices.status == .unauthorized)
        let page = try await client.execute(
          HTTPClientRequest(url: addresses.pages + "/today"), timeout: .seconds(Int64(Patience.seconds)))
        #expect(page.status == .seeOther)
        #expect(page.headers.first(name: "location")?.hasPrefix("/sign-in") == true)
      } catch {
        try await client.shutdown()
        throw error
      }
      try await client.shutdown()
    }
  }

  @Test("a port that is taken is told with the option that changes it, and the data folder is free again")
  func portTaken() async throws {
    let other = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(other.localAddress?.port)
    for (key, purpose, option) in [
      (ServerConfiguration.Key.httpPort, "the pages and the API", "--http-port"), (.mqttPort, "devices", "--mqtt-port"),
    ] {
      let server = try await AnjuServer.open(house.settings([key: String(port)]), logger: .silent)
      await #expect(throws: ServerError.portTaken(port, of: purpose, option: option)) {
        try await server.run { _ in Issue.record("it listens on a port that is taken") }
      }
    }
    try await other.close()
    let server = try await AnjuServer.open(house.settings([.httpPort: String(port)]), logger: .silent)
    try await house.serving(server) { addresses in #expect(addresses.pages.hasSuffix(":\(port)")) }
  }

  @Test("a connection that never ends its handshake, and one that falls silent, are closed; others go on")
  func silentConnections() async throws {
    var limits = ConnectionLimits()
    limits.handshakeSeconds = 1
    limits.silentSeconds = 2
    let server = try await AnjuServer.open(house.settings(), limits: limits, logger: .silent)
    try await house.serving(server) { addresses in
      let port = try #require(URL(string: addresses.pages)?.port)
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .file(folder.path("data/ca/ca.pem"))
      tls.applicationProtocols = ["h2"]
      let context = try NIOSSLContext(configuration: tls)
      let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      let bare = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
      let half = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
      // The beginning of a ClientHello that never goes on.
      try await half.writeAndFlush(ByteBuffer(bytes: [0x16, 3, 1, 2, 0, 1]))
      // TLS is spoken, HTTP/2 is not: neither requests nor answers to the server's pings.
      let mute = try await bootstrap.channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            NIOSSLClientHandler(context: context, serverHostname: "localhost"))
        }
      }.connect(host: "127.0.0.1", port: port).get()
      for channel in [bare, half, mute] { try await channel.closeFuture.get() }
      try await expectServed(addresses)
    }
  }

  /// Waits until a request is answered: with so short a limit a handshake of ours may come to its end too late as well,
  /// when all tests run side by side.
  private func expectServed(_ addresses: AnjuServer.Addresses) async throws {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .file(folder.path("data/ca/ca.pem"))
    let client = HTTPClient(configuration: .init(tlsConfiguration: tls))
    let request = HTTPClientRequest(url: addresses.pages + "/api/v1/openapi.json")
    let outcome: Result<Void, any Error>
    do {
      try await until { (try? await client.execute(request, timeout: .seconds(30)))?.status == .ok }
      outcome = .success(())
    } catch { outcome = .failure(error) }
    try await client.shutdown()
    try outcome.get()
  }

  @Test("a folder that another server uses is refused with that server's process")
  func folderInUse() async throws {
    let server = try await AnjuServer.open(house.settings(), logger: .silent)
    try await house.serving(server) { _ in
      await #expect(throws: DataFolderError.inUse(path: folder.path("data"), processID: getpid())) {
        _ = try await AnjuServer.open(house.settings(), logger: .silent)
      }
    }
  }

  @Test("without the pages' files it says how to get them")
  func assetsMissing() async throws {
    let server = try await AnjuServer.open(house.settings([.vendor: folder.path("nowhere")]), logger: .silent)
    await #expect(throws: ServerError.assetsMissing(path: folder.path("nowhere"))) {
      try await server.run { _ in }
    }
  }
}
