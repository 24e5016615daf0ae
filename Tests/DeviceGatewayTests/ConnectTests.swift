import CertificateAuthority
import Devices
import Kernel
import MQTT
import NIOSSL
import TestSupport
import Testing

@testable import DeviceGateway

@Suite("Who may come in", .serialized)
struct ConnectTests {
  @Test("a device that its certificate names comes in over TLS 1.3 and is online",
    .clause("5.1b1", "6.1.2b", "6.3.2b", "6.4.2f", "7.1.2a", "8.8a", "8.8b", "9.2.1a", "9.2.2b"))
  func comesIn() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let raw = try await fixture.connected(lock)
    #expect(fixture.gateway.connectionCount == 1)
    try await fixture.liveness.turn()
    let detail = try await fixture.devices.device(lock.id, by: fixture.principal)
    #expect(detail.liveness.state == .online && detail.liveness.connected && detail.device.status == .active)
    await raw.close()
    await fixture.close()
  }

  @Test("when the platform stops, its devices have not gone: they have their time to come back", .clause("7.1.2f"))
  func platformStops() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let raw = try await fixture.connected(lock)
    try await fixture.liveness.turn()
    await fixture.close()
    fixture.fresh.clock.advance(by: .seconds(7_200))
    let board = LivenessBoard(directory: fixture.devices.directory)
    let later = LivenessService(devices: fixture.devices, board: board)
    try await later.open()
    var states: [LivenessState] = []
    for seconds in [0, 299, 1] {
      fixture.fresh.clock.advance(by: .seconds(seconds))
      try await later.turn()
      states.append(try await fixture.devices.device(lock.id, by: fixture.principal).liveness.state)
    }
    #expect(!states.prefix(2).contains(.offline))
    #expect(states.last == .offline)
    await raw.close()
  }

  @Test("without a certificate, or with another authority's, nobody comes in", .clause("8.8a", "8.8b", "9.2.1a"))
  func strangers() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let bare = try await RawDevice.open(
      port: fixture.port, tls: fixture.client(), group: fixture.group)
    await #expect(throws: (any Error).self) { try await bare.connect("LK-1") }
    let other = try await GatewayFixture()
    let twin = try await other.register("LK-1")
    let forged = try await RawDevice.open(
      port: fixture.port, tls: try await other.strangerTo(fixture, twin), group: fixture.group)
    await #expect(throws: (any Error).self) { try await forged.connect("LK-1") }
    #expect(fixture.gateway.connectionCount == 0)
    let raw = try await fixture.connected(lock)
    await raw.close()
    await other.close()
    await fixture.close()
  }

  @Test("a wrong client id, an unknown, a decommissioned and a gateway's device are refused, each with its reason")
  func refused() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let (tls, _) = try await fixture.credentials(lock)
    func connack(_ clientID: String, _ tls: NIOSSLContext) async throws -> ConnackPacket {
      let raw = try await RawDevice.open(port: fixture.port, tls: tls, group: fixture.group)
      let connack = try await raw.connect(clientID)
      try await raw.closed()
      return connack
    }
    let other = try await connack("LK-2", tls)
    #expect(other.reason == .clientIdentifierNotValid)
    #expect(other.properties.reasonString == "the client id is not the device's name")
    _ = try await fixture.register("GW-1", model: "gateway.basic")
    let sub = try await fixture.register("EF-1", model: "electrical-fire.basic", gateway: "GW-1")
    #expect(try await connack("EF-1", fixture.credentials(sub).tls).reason == .notAuthorized)
    let gone = try await fixture.register("LK-3")
    let (goneTLS, _) = try await fixture.credentials(gone)
    _ = try await fixture.devices.decommission(gone.id, by: fixture.principal)
    #expect(try await connack("LK-3", goneTLS).reason == .banned)
    await fixture.close()
  }

  @Test("a revoked device's session ends within a second, and it does not come in again", .clause("8.8a", "8.8b"))
  func revoked() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let (tls, serial) = try await fixture.credentials(lock)
    let raw = try await RawDevice.open(port: fixture.port, tls: tls, group: fixture.group)
    #expect(try await raw.connect("LK-1").reason == .success)
    let clock = ContinuousClock()
    let began = clock.now
    _ = try await fixture.devices.revokeCertificate(
      lock.id, serial: serial, reason: "keyCompromise", by: fixture.principal)
    try await raw.closed()
    #expect(clock.now - began < .seconds(1))
    let again = try await RawDevice.open(port: fixture.port, tls: tls, group: fixture.group)
    #expect(try await again.connect("LK-1").reason == .banned)
    let renewed = try await fixture.connected(lock)
    await renewed.close()
    await fixture.close()
  }

  @Test("a session ends with its certificate")
  func expired() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let raw = try await fixture.connected(lock)
    fixture.gateway.endExpired()
    fixture.fresh.clock.advance(by: .seconds(31 * 86_400))
    #expect(fixture.gateway.connectionCount == 1)
    fixture.gateway.endExpired()
    try await raw.closed()
    await fixture.close()
  }

  @Test("a second connection of a device takes the place of the first")
  func takenOver() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let first = try await fixture.connected(lock)
    let second = try await fixture.connected(lock)
    try await first.closed()
    #expect(try await second.publish("anju/1/LK-1/telemetry", Payload.battery(1)) == .success)
    #expect(fixture.gateway.connectionCount == 1)
    await second.close()
    await fixture.close()
  }

  @Test("a connection that says nothing is closed")
  func halfOpen() async throws {
    let fixture = try await GatewayFixture { $0.connectTimeoutSeconds = 1 }
    let silent = try await RawDevice.open(port: fixture.port, tls: nil, group: fixture.group)
    try await silent.closed()
    await fixture.close()
  }

  @Test("the listener for measuring takes a device at its word, on loopback only; the other one never does")
  func plain() async throws {
    let fixture = try await GatewayFixture()
    _ = try await fixture.register("LK-1")
    let port = try await fixture.gateway.listenPlainForBench()
    let raw = try await RawDevice.open(port: port, tls: nil, group: fixture.group)
    #expect(try await raw.connect("LK-1").reason == .success)
    let unknown = try await RawDevice.open(port: port, tls: nil, group: fixture.group)
    #expect(try await unknown.connect("LK-2").reason == .notAuthorized)
    await fixture.close()
  }
}

enum Payload {
  static func battery(_ sequence: Int, percent: Int = 87) -> String {
    #"{"boot":1,"seq":\#(sequence),"ts":\#(1_764_000_000_000 + sequence),"values":{"batteryPercent":\#(percent)}}"#
  }
}

extension GatewayFixture {
  /// A certificate of this fixture's authority, used towards another gateway that trusts another one.
  func strangerTo(_ other: GatewayFixture, _ device: Device) async throws -> NIOSSLContext {
    let (issued, key) = try authority.issueServer(
      names: [.dns("LK-1")], serial: Array(3...18), from: fresh.clock.now.milliseconds / 1_000 - 60, days: 1)
    return try other.client(certificatePEM: issued.certificatePEM, keyPEM: key)
  }
}
