import Foundation
import NIOCore
import NIOSSL
import TestSupport
import Testing

@testable import MQTT

/// Certificates made by openssl in a folder of their own.
struct TestCertificates {
  private let folder: TemporaryFolder

  init() async throws {
    folder = try TemporaryFolder("anju-mqtt-tls")
    try await openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem"
        + " -addext basicConstraints=critical,CA:true")
    for name in ["server", "device"] {
      try await openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=\(name) -keyout \(name).key"
          + " -out \(name).csr -addext subjectAltName=DNS:localhost")
      try await openssl(
        "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out \(name).pem"
          + " -copy_extensions copy")
    }
  }

  private func openssl(_ arguments: String) async throws {
    let outcome = try await ChildProgram.run(ChildProgram.Order(
      "openssl", arguments.split(separator: " ").map(String.init), folder: folder.url.path))
    try #require(outcome.isSuccess, "\(outcome)")
  }

  private func path(_ name: String) -> String { folder.path(name) }

  func server() throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(path("server.pem")).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: path("server.key"), format: .pem)))
    configuration.minimumTLSVersion = .tlsv13
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .file(path("ca.pem"))
    return try NIOSSLContext(configuration: configuration)
  }

  func client(withCertificate: Bool) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .file(path("ca.pem"))
    if withCertificate {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path("device.pem")).map { .certificate($0) }
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: path("device.key"), format: .pem))
    }
    return try NIOSSLContext(configuration: configuration)
  }

  func deviceDER() throws -> [UInt8] { try NIOSSLCertificate.fromPEMFile(path("device.pem"))[0].toDERBytes() }
}

@Suite("TLS with certificates on both sides", .timeLimit(.minutes(10)))
struct TLSTests {
  @Test("the delegate sees the client's certificate at CONNECT, and messages go both ways")
  func mutual() async throws {
    let certificates = try await TestCertificates()
    let client = try certificates.client(withCertificate: true)
    let expected = try certificates.deviceDER()
    try await TestServer.run(tls: try certificates.server()) { test in
      let (device, connack) = try await RawClient.connect(test.port, "device") { channel in
        try channel.pipeline.syncOperations.addHandler(
          try NIOSSLClientHandler(context: client, serverHostname: "localhost"))
      }
      #expect(connack.reason == .success)
      #expect(test.delegate.read { $0.requests.first?.peerCertificates.first } == expected)
      #expect(try await device.subscribe("t") == .grantedQoS2)
      let payload = [UInt8](repeating: 5, count: 100_000)
      try await device.send(.publish(.init(topic: "t", payload: payload, qos: .atLeastOnce, packetID: 1)))
      #expect(try await device.message().payload == payload)
      #expect(try await device.next() == .puback(.init(packetID: 1)))
      try await device.send(bytes: [0x36, 0])
      #expect(try await device.next() == .disconnect(.init(reason: .malformedPacket)))
      try await device.closed()
    }
  }

  @Test("a client without a certificate is not let in, nor one that speaks no TLS; the delegate is not asked")
  func strangers() async throws {
    let certificates = try await TestCertificates()
    let client = try certificates.client(withCertificate: false)
    try await TestServer.run(tls: try certificates.server()) { test in
      await #expect(throws: (any Error).self) {
        _ = try await RawClient.connect(test.port, "x") { channel in
          try channel.pipeline.syncOperations.addHandler(
            try NIOSSLClientHandler(context: client, serverHostname: "localhost"))
        }
      }
      await #expect(throws: (any Error).self) { _ = try await RawClient.connect(test.port, "x") }
      #expect(test.delegate.read { $0.requests.isEmpty })
    }
  }

  @Test("a silent connection gives TLS's memory back, as often as it falls silent, and no byte is lost either way")
  func silence() async throws {
    let certificates = try await TestCertificates()
    let client = try certificates.client(withCertificate: true)
    try await TestServer.run(tls: try certificates.server()) { test in
      let (device, _) = try await RawClient.connect(test.port, "device", keepAlive: 60) { channel in
        try channel.pipeline.syncOperations.addHandler(
          try NIOSSLClientHandler(context: client, serverHostname: "localhost"))
      }
      #expect(try await device.subscribe("t") == .grantedQoS2)
      var random = SeededRandom(seed: 7)
      for turn in 1...40 {
        // Beyond a TLS record the library's buffer grows and is no longer the one that is given back.
        let isLarge = turn > 30
        if !isLarge { #expect(await test.server.ciphertextBytes() > 0) }
        let isLong = !turn.isMultiple(of: 3)
        await test.pass(seconds: isLong ? 6 : 4)
        if !isLarge { #expect(await (test.server.ciphertextBytes() == 0) == isLong) }
        let count = Int.random(in: 1...(isLarge ? 60_000 : 2_000), using: &random)
        let payload = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        let id = UInt16(turn)
        try await device.send(.publish(.init(topic: "t", payload: payload, qos: .atLeastOnce, packetID: id)))
        #expect(try await device.message().payload == payload)
        #expect(try await device.next() == .puback(.init(packetID: id)))
      }
    }
  }

  @Test("the keep-alive of a client that went is noticed in time, whether TLS's memory was given back or not")
  func keepAlive() async throws {
    let certificates = try await TestCertificates()
    let client = try certificates.client(withCertificate: true)
    try await TestServer.run(tls: try certificates.server()) { test in
      for seconds: UInt16 in [2, 20] {
        let (device, _) = try await RawClient.connect(test.port, "device", keepAlive: seconds) { channel in
          try channel.pipeline.syncOperations.addHandler(
            try NIOSSLClientHandler(context: client, serverHostname: "localhost"))
        }
        await test.pass(seconds: 6)
        if seconds > 2 {
          try await device.send(.pingreq(.init()))
          #expect(try await device.next() == .pingresp(.init()))
          await test.pass(seconds: Double(seconds) * 1.5 + 1)
        }
        #expect(try await device.next() == .disconnect(.init(reason: .keepAliveTimeout)))
      }
    }
  }
}
