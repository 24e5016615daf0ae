package import CertificateAuthority
package import MQTT
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// A platform's device side for tests: an MQTT server that asks for certificates, remembers what devices say, and
/// acknowledges when the test wants. It answers the clock and nothing else by itself.
package final class DevicePlatform: MQTTServerDelegate, @unchecked Sendable {
  // Unchecked: everything that changes is in `state`, behind its lock.

  /// A message that came.
  package struct Message: Hashable, Sendable {
    package let device: String
    package let topic: String
    package let payload: String
  }

  private struct State {
    var messages: [Message] = []
    var sessions: [String: MQTTSession] = [:]
    var connects = 0
    var isHolding = false
    var held: [(session: MQTTSession, packetID: UInt16)] = []
    var clockError: Int64 = 0
    var watchers: [Int: @Sendable () -> Void] = [:]
    var nextWatcher = 0
  }

  package let authority: CertificateAuthority
  private let state = NIOLockedValueBox(State())
  private let now: @Sendable () -> Int64
  private let group = MultiThreadedEventLoopGroup.singleton
  private let receiveMaximum: UInt16
  private let server: NIOLockedValueBox<MQTTServer?> = .init(nil)

  /// The platform's clock, milliseconds since 1970 UTC.
  package static let standardNow: Int64 = 1_795_415_528_000

  /// - Parameter receiveMaximum: how many unacknowledged messages it takes from each device.
  package init(receiveMaximum: UInt16 = 20, now: @escaping @Sendable () -> Int64 = { standardNow }) throws {
    self.receiveMaximum = receiveMaximum
    self.now = now
    authority = try CertificateAuthority.create(
      name: "Test authority", serial: [1, 2, 3, 4, 5, 6, 7, 8], from: 1_700_000_000, days: 36_000)
  }

  /// Listens on loopback; returns the port.
  package func listen(port: Int = 0, isTLS: Bool = true) async throws -> Int {
    var options = MQTTServerOptions { "none" }
    options.receiveMaximum = receiveMaximum
    let server = MQTTServer(group: group, delegate: self, options: options, logger: .silent)
    self.server.withLockedValue { $0 = server }
    let context = isTLS ? try tls() : nil
    return try await server.bind(host: "127.0.0.1", port: port, tls: context).port ?? 0
  }

  /// Ends the server and every connection.
  package func close() async {
    let server = self.server.withLockedValue { server in
      defer { server = nil }
      return server
    }
    await server?.close()
    state.withLockedValue {
      $0.held = []
      $0.sessions = [:]
    }
  }

  private func tls() throws -> NIOSSLContext {
    let issued = try authority.issueServer(
      names: [.ip("127.0.0.1"), .dns("localhost")], serial: [2, 2, 3, 4, 5, 6, 7, 8], from: 1_700_000_000, days: 30_000)
    let chain = try NIOSSLCertificate.fromPEMBytes(Array(issued.certificate.certificatePEM.utf8))
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(issued.privateKeyPEM.utf8), format: .pem)))
    configuration.minimumTLSVersion = .tlsv13
    configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.certificatePEM.utf8)))
    configuration.certificateVerification = .noHostnameVerification
    return try NIOSSLContext(configuration: configuration)
  }
}

extension DevicePlatform {
  /// Signs a device's request.
  package func sign(_ request: String, device: String) throws -> String {
    var serial = Array(device.utf8.prefix(19))
    serial.insert(3, at: 0)
    while serial.count < 8 { serial.append(7) }
    return try authority.issueClient(
      requestPEM: request, commonName: device, uri: "urn:anju:device:\(device)", serial: serial, from: 1_700_000_000,
      days: 30_000
    ).certificatePEM
  }

  package var messages: [Message] { state.withLockedValue { $0.messages } }

  /// Connections greeted so far.
  package var connects: Int { state.withLockedValue { $0.connects } }

  /// Names of the devices that are connected.
  package var online: Set<String> { state.withLockedValue { Set($0.sessions.keys) } }

  /// From now on acknowledgements wait for `release`.
  package func hold() { state.withLockedValue { $0.isHolding = true } }

  /// Lets what waits be acknowledged, and later messages at once.
  package func release() {
    let held = state.withLockedValue { state in
      state.isHolding = false
      defer { state.held = [] }
      return state.held
    }
    for (session, packetID) in held {
      session.eventLoop.execute { session.acknowledge(packetIDs: [packetID]) }
    }
  }

  /// Sends a message to a device, or through its gateway.
  package func send(_ topic: String, _ payload: String, to client: String) {
    let session = state.withLockedValue { $0.sessions[client] }
    _ = session?.publish(topic: MQTTString("anju/1/\(topic)"), payload: Array(payload.utf8), qos: .atLeastOnce)
  }

  /// Cuts a device's connection.
  package func kick(_ client: String) {
    state.withLockedValue { $0.sessions[client] }?.close(.administrativeAction)
  }

  /// Waits until the condition holds; false when it did not within the limit.
  package func waits(until condition: @escaping @Sendable (DevicePlatform) -> Bool) async -> Bool {
    let (changes, changed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let id = state.withLockedValue { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = { changed.yield() }
      return state.nextWatcher
    }
    defer { state.withLockedValue { $0.watchers[id] = nil } }
    let limit = group.next().scheduleTask(in: .seconds(Int64(Patience.seconds))) { changed.finish() }
    defer { limit.cancel() }
    if condition(self) { return true }
    for await _ in changes where condition(self) { return true }
    return condition(self)
  }

  private func changed() {
    for watcher in state.withLockedValue({ $0.watchers.values }) { watcher() }
  }
}

extension DevicePlatform {
  package func connect(_ request: MQTTConnectRequest) -> MQTTConnectAnswer {
    let name = request.packet.clientID.description
    if let der = request.peerCertificates.first {
      guard PeerCertificate(der: der)?.uris == ["urn:anju:device:\(name)"] else { return .refuse(.notAuthorized) }
    }
    return .accept
  }

  package func sessionStarted(_ session: MQTTSession, isPresent: Bool) {
    state.withLockedValue {
      $0.sessions[session.clientID.description] = session
      $0.connects += 1
    }
    changed()
  }

  package func sessionEnded(_ session: MQTTSession, reason: MQTTSessionEnd) {
    let name = session.clientID.description
    state.withLockedValue { if $0.sessions[name] === session { $0.sessions[name] = nil } }
    changed()
  }

  package func subscribe(_ filter: MQTTString, qos: MQTTQoS, session: MQTTSession) -> MQTTReasonCode {
    filter.description.hasPrefix("anju/1/\(session.clientID)/") ? .grantedQoS1 : .notAuthorized
  }

  package func publish(_ publish: MQTTPublishView, from session: MQTTSession) -> MQTTPublishAnswer {
    let topic = String(decoding: publish.topic, as: UTF8.self)
    let payload = String(decoding: publish.payload, as: UTF8.self)
    if topic.hasSuffix("/time") {
      let now = now()
      let answer = payload.dropLast() + ",\"t1\":\(now),\"t2\":\(now)}"
      _ = session.publish(
        topic: MQTTString("anju/1/\(session.clientID)/down/time"), payload: Array(answer.utf8), qos: .atMostOnce)
      return .accepted
    }
    let isHeld = state.withLockedValue { state in
      state.messages.append(Message(device: session.clientID.description, topic: topic, payload: payload))
      if state.isHolding { state.held.append((session, publish.packetID)) }
      return state.isHolding
    }
    changed()
    return isHeld ? .later : .accepted
  }
}
