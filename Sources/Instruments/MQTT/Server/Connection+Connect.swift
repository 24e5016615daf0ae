import NIOCore
import NIOSSL

extension Connection {
  /// CONNECT: the delegate decides.
  func takeConnect(_ packet: ConnectPacket) {
    version = packet.version
    packetBytesMaxSent = packet.properties.maximumPacketSize.map { Int($0) } ?? .max
    wantsProblemInformation = packet.properties.requestProblemInformation ?? true
    let request = MQTTConnectRequest(
      packet: packet, peerCertificates: peerCertificates(), remoteAddress: context?.channel.remoteAddress,
      eventLoop: loop.eventLoop)
    self.request = request
    decide(broker.delegate.connect(request))
  }

  private func peerCertificates() -> [[UInt8]] {
    guard isTLS, let context,
      let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLHandler.self)
    else { return [] }
    if let chain = handler.peerValidatedCertificateChain {
      return chain.compactMap { try? $0.toDERBytes() }
    }
    return handler.peerCertificate.flatMap { try? $0.toDERBytes() }.map { [$0] } ?? []
  }

  /// AUTH: one step of an enhanced authentication.
  func takeAuth(_ packet: AuthPacket) throws(MQTTDecodeError) {
    guard let request, let method = request.packet.properties.authenticationMethod,
      packet.properties.authenticationMethod == method
    else { throw .protocolError("authentication method changed") }
    let isBeginning = phase == .connected && !isReauthenticating
    let expected: MQTTReasonCode = isBeginning ? .reAuthenticate : .continueAuthentication
    guard packet.reason == expected else { throw .protocolError("authentication step not expected") }
    if phase == .connected { isReauthenticating = true }
    decide(broker.delegate.authenticate(packet, request: request, session: session))
  }

  private func decide(_ answer: MQTTConnectAnswer) {
    switch answer {
    case .accept(let acceptance):
      if phase == .connected { finishReauthentication(acceptance) } else { accept(acceptance) }
    case .refuse(let reason, let properties): refuse(reason, properties)
    case .challenge(let data): challenge(data)
    case .later(let future):
      let resumed = phase
      phase = .deciding
      future.hop(to: loop.eventLoop).whenComplete { result in
        guard self.phase == .deciding else { return }
        self.phase = resumed
        self.decide((try? result.get()) ?? .refuse(.serverUnavailable))
        self.parsePartial()
        self.flushOut()
        self.releaseRead()
      }
    }
  }

  private func challenge(_ data: [UInt8]) {
    guard version == .v5, let method = request?.packet.properties.authenticationMethod else {
      return refuse(.badAuthenticationMethod, [])
    }
    if phase != .connected { phase = .authenticating }
    send(
      .auth(
        AuthPacket(
          reason: .continueAuthentication, properties: [.authenticationMethod(method), .authenticationData(data)])))
  }

  private func finishReauthentication(_ acceptance: MQTTAcceptance) {
    isReauthenticating = false
    guard let method = request?.packet.properties.authenticationMethod else { return }
    var properties: MQTTProperties = [.authenticationMethod(method)]
    if let data = acceptance.authenticationData { properties.append(.authenticationData(data)) }
    send(.auth(AuthPacket(reason: .success, properties: properties)))
  }

  private func refuse(_ reason: MQTTReasonCode, _ properties: MQTTProperties) {
    if phase == .connected { return leave(.closed(reason), telling: reason) }
    let told = wantsProblemInformation ? properties : []
    let code = version == .v5 ? reason : MQTTReasonCode(rawValue: reason.returnCode)
    var packet = MQTTPacket.connack(ConnackPacket(isSessionPresent: false, reason: code, properties: told))
    if !told.list.isEmpty, packet.encoded(version: version).count > packetBytesMaxSent {
      // What explains the reason is left out where it does not fit [MQTT-3.2.2-19] [MQTT-3.2.2-20].
      packet = .connack(ConnackPacket(isSessionPresent: false, reason: code))
    }
    phase = .new
    send(packet)
    leave(.closed(reason), telling: nil)
  }

  // MARK: Letting in

  private func accept(_ acceptance: MQTTAcceptance) {
    guard let request else { return }
    let packet = request.packet
    let isAssigned = packet.clientID.isEmpty && acceptance.clientID == nil
    let clientID = isAssigned ? MQTTString(broker.options.newClientID()) : acceptance.clientID ?? packet.clientID
    let expiry = grantedExpiry(packet, acceptance)
    var properties = connackProperties(packet, acceptance, grantedExpiry: expiry)
    if isAssigned || (acceptance.clientID != nil && version == .v5) {
      properties.list.insert(.assignedClientIdentifier(clientID), at: 0)
    }
    var connack = ConnackPacket(isSessionPresent: false, properties: properties)
    guard MQTTPacket.connack(connack).encoded(version: version).count <= packetBytesMaxSent else {
      // Not even the CONNACK fits into what the client takes: nothing may be said [MQTT-3.1.2-24].
      return leave(.violation(.packetTooLarge), telling: nil)
    }
    guard
      let attachment = broker.attach(
        self, clientID: clientID, isClean: packet.isClean, expirySeconds: expiry, will: packet.will)
    else { return refuse(.quotaExceeded, []) }
    // Version 3.1 has no such flag.
    connack.isSessionPresent = attachment.isPresent && version != .v31
    send(.connack(connack))
    begin(attachment, packet)
  }

  private func begin(_ attachment: Broker.Attachment, _ packet: ConnectPacket) {
    let options = broker.options
    self.attachment = attachment
    phase = .connected
    let session = MQTTSession(
      clientID: attachment.session.clientID, version: version, userName: packet.userName, stored: attachment.session,
      connection: self)
    self.session = session
    hasExpiry = (packet.properties.sessionExpiryInterval ?? 0) > 0
    // Only a re-authentication asks for it again: a password is not kept, nor a kilobyte of certificate.
    if packet.properties.authenticationMethod == nil { request = nil }
    receiveMaximum = Int(version == .v5 ? options.receiveMaximum : options.receiveMaximum311)
    lastRead = loop.now()
    if let nextCall { loop.move(self, deadline: nextCall) }
    attachment.session.resume(
      .init(
        version: version, window: Int(min(packet.properties.receiveMaximum ?? 65_535, options.sendWindowMax)),
        packetBytesMax: packetBytesMaxSent,
        topicAliasMaximum: min(packet.properties.topicAliasMaximum ?? 0, options.topicAliasMaximumSent)), for: self)
    broker.delegate.sessionStarted(session, isPresent: attachment.isPresent)
    needsServing = true
  }

  private func grantedExpiry(_ packet: ConnectPacket, _ acceptance: MQTTAcceptance) -> UInt32 {
    let most = min(broker.options.sessionExpirySecondsMax, acceptance.sessionExpirySecondsMax ?? .max)
    if version == .v5 { return min(packet.properties.sessionExpiryInterval ?? 0, most) }
    return packet.isClean ? 0 : most
  }

  /// Also sets the keep-alive.
  private func connackProperties(
    _ packet: ConnectPacket, _ acceptance: MQTTAcceptance, grantedExpiry: UInt32
  ) -> MQTTProperties {
    let options = broker.options
    var keepAlive = acceptance.keepAliveSeconds ?? packet.keepAliveSeconds
    if options.keepAliveSecondsMax > 0, keepAlive == 0 || keepAlive > options.keepAliveSecondsMax {
      keepAlive = options.keepAliveSecondsMax
    }
    // One and a half times [MQTT-3.1.2-22].
    keepAliveMilliseconds = UInt64(keepAlive) * 1_500
    guard version == .v5 else { return [] }
    var properties = MQTTProperties()
    if grantedExpiry != packet.properties.sessionExpiryInterval ?? 0 {
      properties.append(.sessionExpiryInterval(grantedExpiry))
    }
    if keepAlive != packet.keepAliveSeconds { properties.append(.serverKeepAlive(keepAlive)) }
    if let method = packet.properties.authenticationMethod {
      properties.append(.authenticationMethod(method))
      if let data = acceptance.authenticationData { properties.append(.authenticationData(data)) }
    }
    if options.topicAliasMaximum > 0 { properties.append(.topicAliasMaximum(options.topicAliasMaximum)) }
    if options.packetBytesMax < MQTTServerOptions.packetBytesLimit {
      properties.append(.maximumPacketSize(UInt32(options.packetBytesMax)))
    }
    if options.receiveMaximum < 65_535 { properties.append(.receiveMaximum(options.receiveMaximum)) }
    for property in acceptance.properties.list {
      if case .responseInformation = property, packet.properties.requestResponseInformation != true { continue }
      properties.append(property)
    }
    return properties
  }
}
