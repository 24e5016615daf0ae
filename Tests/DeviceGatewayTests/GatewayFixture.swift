import CertificateAuthority
import Crypto
import Devices
import DurableLog
import Estate
import Foundation
import Guomi
import KeyLadder
import Kernel
import MQTT
import NIOCore
import NIOPosix
import NIOSSL
import Provisioning
import SQLStore
import SwiftASN1
import Synchronization
import TestSupport
import Testing
import X509

@testable import DeviceGateway

/// Whether the desk takes what comes for a storm.
final class StormSwitch: Sendable {
  let isOn = Mutex(false)
}

/// A gateway on loopback with all that stands behind it, on stores of its own.
final class GatewayFixture: Sendable {
  let fresh: Fresh
  let folder: TemporaryFolder
  let devices: Devices
  let gateway: DeviceGateway
  let board: LivenessBoard
  let liveness: LivenessService
  let log: DurableLog
  let history: TelemetryHistory
  let urgent: UrgentReader
  let authority: CertificateAuthority
  let port: Int
  let principal: Principal
  let random: RandomSource
  let platformKey: SM2.SigningKey
  let provisioning: Provisioning
  /// Works while a test runs it.
  let keys: KeyDesk
  let storm: StormSwitch
  let group = MultiThreadedEventLoopGroup.singleton

  init(_ change: (inout DeviceGatewayOptions) -> Void = { _ in }) async throws {
    folder = try TemporaryFolder("gateway")
    fresh = try await Fresh.inMemory([
      Provisioning.migrations, Estate.migrations, Devices.migrations, TelemetryTables.business,
    ])
    // The TLS library has the machine's clock: what stands still must stand there.
    fresh.clock.set(Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)))
    principal = fresh.principal()
    let seconds = fresh.clock.now.milliseconds / 1_000
    authority = try CertificateAuthority.create(
      name: "Test CA", serial: Array(1...16), from: seconds - 86_400, days: 7_300)
    let (server, key) = try authority.issueServer(
      names: [.dns("localhost"), .ip("127.0.0.1")], serial: Array(2...17), from: seconds - 3_600, days: 30)
    let random = SharedRandom(seed: 11)
    let source = RandomSource { random.bytes($0) }
    self.random = source
    let signing = try SM2.SigningKey.generate(random: source)
    platformKey = signing
    provisioning = Provisioning(
      work: fresh.work,
      keys: OpenedRoot(
        try DeviceRoot(
          version: 1, withElement: source.secret(32), withoutElement: source.secret(32), signing: signing,
          random: source)),
      randomBytes: { random.bytes($0) })
    let storm = StormSwitch()
    self.storm = storm
    keys = KeyDesk(provisioning: provisioning, random: source, journal: fresh.journal, logger: .silent) { _ in
      storm.isOn.withLock { $0 }
    }
    devices = try Devices(
      work: fresh.work, directory: DeviceDirectory(), authority: authority, randomBytes: { random.bytes($0) })
    try await devices.open()
    board = LivenessBoard(directory: devices.directory)
    liveness = LivenessService(devices: devices, board: board)
    try await liveness.open()
    log = try DurableLog.open(path: folder.path("intake.db"), logger: .silent)
    let latest = LatestValues()
    let trims = LogTrims(log: log)
    history = try await TelemetryHistory.open(
      store: .sqlite(path: folder.path("history.db")), log: log, directory: devices.directory, latest: latest,
      logger: .silent, trims: trims)
    devices.links.attach(history)
    urgent = UrgentReader(
      work: fresh.work, log: log, directory: devices.directory, handler: DeviceMessages(devices: devices),
      trims: trims, logger: .silent)
    var options = DeviceGatewayOptions()
    change(&options)
    gateway = DeviceGateway(
      devices: devices, intake: TelemetryIntake(log: log, directory: devices.directory, latest: latest), board: board,
      time: fresh.clock.timekeeper, group: group, options: options, keys: keys, logger: .silent)
    let tls = try DeviceGateway.tls(
      certificatePEM: server.certificatePEM, keyPEM: key, authorityPEM: authority.certificatePEM)
    port = try #require(try await gateway.listen(host: "127.0.0.1", port: 0, tls: tls).port)
  }

  /// Ends all connections and the log's threads.
  func close() async {
    await gateway.close()
    log.close()
  }

  func register(_ name: String, model: String = "lock.basic", gateway: String? = nil) async throws -> Device {
    try await devices.register(NewDevice(name: name, model: model, gateway: gateway), by: principal)
  }

  /// A device's TLS side, and its certificate's serial number.
  func credentials(_ device: Device, days: Int = 30) async throws -> (tls: NIOSSLContext, serial: String) {
    let key = P256.Signing.PrivateKey()
    let request = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName { CommonName("x") }, privateKey: Certificate.PrivateKey(key),
      attributes: .init(), signatureAlgorithm: .ecdsaWithSHA256)
    let issued = try await devices.issueCertificate(
      device.id, requestPEM: request.serializeAsPEM().pemString, validityDays: days, by: principal)
    let tls = try client(certificatePEM: issued.certificatePEM, keyPEM: key.pemRepresentation)
    return (tls, issued.record.serial)
  }

  /// The client's side of TLS, with or without a certificate.
  func client(certificatePEM: String? = nil, keyPEM: String? = nil) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .certificates(
      try NIOSSLCertificate.fromPEMBytes(Array(authority.certificatePEM.utf8)))
    if let certificatePEM, let keyPEM {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8)).map {
        .certificate($0)
      }
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem))
    }
    return try NIOSSLContext(configuration: configuration)
  }

  /// A connection over TLS as this device.
  func open(_ device: Device, version: MQTTVersion = .v5) async throws -> RawDevice {
    try await RawDevice.open(port: port, tls: credentials(device).tls, version: version, group: group)
  }

  /// Connected and let in as this device.
  func connected(_ device: Device, version: MQTTVersion = .v5) async throws -> RawDevice {
    let raw = try await open(device, version: version)
    let connack = try await raw.connect(device.name.description, version: version)
    #expect(connack.reason == .success)
    return raw
  }
}
