import Devices
import Kernel
import Logging
package import MQTT
package import NIOCore
import WireFormats

extension DeviceGateway: MQTTServerDelegate {
  package func connect(_ request: MQTTConnectRequest) -> MQTTConnectAnswer {
    switch decide(request) {
    case .success(let decision):
      loop(request.eventLoop).admitted = decision
      return .accept
    case .failure(let error):
      counters.refuse(error.refusal)
      logger.notice(
        "device refused",
        metadata: [
          "refusal": "\(error.refusal)", "client.id": "\(Self.shown(request.packet.clientID))",
          "remote.address": "\(request.remoteAddress.map { "\($0)" } ?? "unknown")",
        ])
      return .refuse(error.refusal.reason, [.reasonString(MQTTString(error.refusal.rawValue))])
    }
  }

  private func decide(_ request: MQTTConnectRequest) -> Result<ConnectDecision, ConnectDecision.RefusalError> {
    ConnectDecision.decide(
      clientID: request.packet.clientID.description, certificate: request.peerCertificates.first, plain: isPlain,
      directory: devices.directory.snapshot(), revoked: devices.revoked, now: time.now())
  }

  /// A client's own words, cut and made harmless for a log.
  private static func shown(_ clientID: MQTTString) -> String {
    String(decoding: clientID.utf8.prefix(64).map { DeviceName.allows($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }

  package func sessionStarted(_ session: MQTTSession, isPresent: Bool) {
    let loop = loop(session.eventLoop)
    guard let decision = loop.admitted, decision.entry.name.description == session.clientID.description else {
      return session.close(.notAuthorized)
    }
    loop.admitted = nil
    let now = time.now()
    let connection = DeviceConnection(
      session: session, entry: decision.entry, connectedAt: now, certificateEnds: decision.certificateEnds, loop: loop)
    session.context = connection
    registry.add(connection)
    // Whoever revoked or decommissioned it between the decision and now did not find this connection to end.
    let isRevoked = decision.serial.map { devices.revoked.contains($0) } ?? false
    guard !isRevoked, devices.directory[connection.number]?.decommissioned == false else {
      return session.close(.notAuthorized)
    }
    counters.accept()
    counters.connected(registry.count)
    board.connected(brought(by: connection), at: now)
  }

  /// The device and those that it brings.
  private func brought(by connection: DeviceConnection) -> [DeviceNumber] {
    guard connection.isGateway else { return [connection.number] }
    return [connection.number] + devices.directory.subDevices(of: connection.number)
  }

  package func subscribe(_ filter: MQTTString, qos: MQTTQoS, session: MQTTSession) -> MQTTReasonCode {
    guard let connection = session.context as? DeviceConnection,
      DeviceTopic.maySubscribe(filter.utf8, prefix: connection.prefix, isGateway: connection.isGateway)
    else {
      forbid(session, "subscribe")
      return .notAuthorized
    }
    if registry.listens(connection, at: time.now()) {
      for device in brought(by: connection) { devices.links.connected(device) }
    }
    return .granted(qos == .exactlyOnce ? .atLeastOnce : qos)
  }

  package func publish(_ publish: MQTTPublishView, from session: MQTTSession) -> MQTTPublishAnswer {
    guard let connection = session.context as? DeviceConnection else { return .refused(.notAuthorized) }
    let loop = connection.loop
    loop.open()
    guard let target = connection.target(publish.topic, devices.directory, now: loop.now) else {
      forbid(session, "publish")
      return .refused(.notAuthorized)
    }
    switch target.topic {
    case .message(let channel):
      loop.take(publish, of: target.device, channel, from: connection)
      return .later
    case .time:
      answerTime(publish.payload, target, connection)
      return .accepted
    case .key: return takeKey(publish.payload, target, connection)
    case .protected: return takeProtected(publish, target, connection)
    }
  }

  /// Version 5 is told by the reason code, 3.1.1 by the end of its connection: it has no other way.
  func forbid(_ session: MQTTSession, _ what: String) {
    counters.forbid()
    logger.notice(
      "topic refused", metadata: ["device.name": "\(Self.shown(session.clientID))", "operation": "\(what)"])
    if session.version != .v5 { session.close(.notAuthorized) }
  }

  private func answerTime(
    _ payload: UnsafeRawBufferPointer, _ target: DeviceConnection.Target, _ connection: DeviceConnection
  ) {
    let received = time.now()
    let second = received.milliseconds / 1_000
    if connection.timeAnswers.second != second { connection.timeAnswers = (second, 0) }
    connection.timeAnswers.count += 1
    guard connection.timeAnswers.count <= options.timeAnswersOfSecondMax, payload.count <= 256,
      let asked = (try? WireValue(parsing: Array(payload)))?["t0"]?.integer
    else { return }
    var writer = JSONWriter()
    writer.beginMap()
    writer.key("t0")
    writer.integer(asked)
    writer.key("t1")
    writer.integer(received.milliseconds)
    writer.key("t2")
    writer.integer(time.now().milliseconds)
    writer.endMap()
    let topic = DeviceTopic.down(
      "time", to: target.subDevice ?? connection.entry.name,
      through: target.subDevice == nil ? nil : connection.entry.name)
    connection.session.publish(topic: MQTTString(topic), payload: writer.bytes, qos: .atMostOnce)
  }

  /// A device's last will says nothing that its liveness does not.
  package func will(_ will: MQTTWill, clientID: MQTTString) -> Bool { false }

  package func tickEnded(_ eventLoop: any EventLoop) {
    existingLoop(eventLoop)?.close()
  }

  package func sessionEnded(_ session: MQTTSession, reason: MQTTSessionEnd) {
    guard let connection = session.context as? DeviceConnection else { return }
    connection.loop.forget(connection)
    keys?.forget(brought(by: connection), over: connection)
    guard registry.remove(connection) else { return }
    counters.connected(registry.count)
    // When the platform stops it is the platform that goes: the device has its time to come back, from the next start.
    guard reason != .shutDown else { return }
    board.disconnected(brought(by: connection), at: time.now())
  }
}
