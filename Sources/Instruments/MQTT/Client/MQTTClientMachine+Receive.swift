import DequeModule

extension MQTTClientMachine {
  /// A packet came.
  public mutating func received(_ packet: MQTTPacket, now: UInt64) -> [Action] {
    switch (phase, packet) {
    case (.closed, _): break
    case (.connecting, .connack(let connack)): takeConnack(connack, now: now)
    case (.connecting, .auth(let auth)), (.connected, .auth(let auth)): actions.append(.challenge(auth))
    case (.connected, .publish(let publish)): takePublish(publish, now: now)
    case (.connected, .puback(let puback)):
      finish(puback.packetID, .atLeastOnce, reason: puback.reason, now: now)
    case (.connected, .pubrec(let pubrec)): takePubrec(pubrec, now: now)
    case (.connected, .pubrel(let pubrel)):
      taken.remove(pubrel.packetID)
      send(.pubcomp(PubcompPacket(packetID: pubrel.packetID)), now: now)
    case (.connected, .pubcomp(let pubcomp)):
      finish(pubcomp.packetID, .exactlyOnce, reason: pubcomp.reason.isFailure ? .success : pubcomp.reason, now: now)
    case (.connected, .suback(let suback)): takeAnswer(suback.packetID, suback.reasons)
    case (.connected, .unsuback(let unsuback)): takeAnswer(unsuback.packetID, unsuback.reasons)
    case (.connected, .pingresp): answerDueAt = nil
    case (.connected, .disconnect(let disconnect)) where options.version == .v5: close(disconnect.reason)
    default: violate(now: now)
    }
    return takeActions()
  }

  private mutating func close(_ reason: MQTTReasonCode) {
    phase = .closed
    actions.append(.close(reason))
  }

  /// The server broke the protocol.
  private mutating func violate(_ reason: MQTTReasonCode = .protocolError, now: UInt64) {
    if options.version == .v5, phase == .connected {
      send(.disconnect(DisconnectPacket(reason: reason)), now: now)
    }
    close(reason)
  }

  private mutating func takeConnack(_ connack: ConnackPacket, now: UInt64) {
    answerDueAt = nil
    guard connack.reason == .success else {
      phase = .closed
      actions.append(.refused(connack))
      return
    }
    phase = .connected
    // A session where we began anew is not ours [MQTT-3.2.2-4].
    if connack.isSessionPresent, options.isClean { return violate(now: now) }
    let properties = connack.properties
    maximumQoS = properties.maximumQoS.flatMap { MQTTQoS(rawValue: $0) } ?? .exactlyOnce
    isRetainAvailable = properties.retainAvailable ?? true
    window = Int(min(properties.receiveMaximum ?? 65_535, options.windowMax))
    packetBytesMax = properties.maximumPacketSize.map { Int($0) } ?? .max
    keepAliveMilliseconds = UInt64(properties.serverKeepAlive ?? options.keepAliveSeconds) * 1_000
    actions.append(.connected(connack))
    if connack.isSessionPresent { repeatInFlight(now: now) } else { publishAnew() }
    drain(now: now)
  }

  /// The server kept the session: what was in flight is repeated in its order [MQTT-4.4.0-1], PUBLISH packets as far as
  /// the server's receive maximum goes [MQTT-4.9.0-2]; a released one still has its place there.
  private mutating func repeatInFlight(now: UInt64) {
    window -= inFlight.values.count { $0.isReleased }
    repeats = []
    for packetID in order {
      guard let flight = inFlight[packetID] else { continue }
      if flight.isReleased {
        send(.pubrel(PubrelPacket(packetID: packetID)), now: now)
        continue
      }
      inFlight[packetID]?.packet.isDuplicate = true
      repeats.append(packetID)
      drainRepeats(now: now)
    }
  }

  /// The server forgot the session: what it may not have is published anew, with new identifiers.
  private mutating func publishAnew() {
    taken = []
    repeats = []
    for packetID in order.reversed() {
      guard var flight = inFlight[packetID] else { continue }
      if flight.isReleased {
        // The server had taken it before it forgot.
        actions.append(.completed(flight.token, .success))
        continue
      }
      flight.packet.packetID = 0
      flight.packet.isDuplicate = false
      queue.prepend(flight)
    }
    inFlight = [:]
    order = []
  }

  private mutating func takePublish(_ publish: PublishPacket, now: UInt64) {
    var message = publish
    if let alias = publish.properties.topicAlias {
      // We allow none (no topic alias maximum is sent), unless the program asked for them in its own properties.
      guard alias <= options.properties.topicAliasMaximum ?? 0 else { return violate(.topicAliasInvalid, now: now) }
      if publish.topic.isEmpty {
        guard let topic = aliases[alias] else { return violate(now: now) }
        message.topic = topic
      } else {
        aliases[alias] = publish.topic
      }
    }
    if message.qos == .exactlyOnce, !taken.insert(message.packetID).inserted {
      // Seen already: acknowledge again, do not hand on.
      if options.acknowledgesAtOnce { answer(message, reason: .success, now: now) }
      return
    }
    actions.append(.message(message))
    if options.acknowledgesAtOnce { answer(message, reason: .success, now: now) }
  }

  private mutating func takePubrec(_ pubrec: PubrecPacket, now: UInt64) {
    guard let flight = inFlight[pubrec.packetID] else {
      if !pubrec.reason.isFailure { send(.pubrel(PubrelPacket(packetID: pubrec.packetID)), now: now) }
      return
    }
    guard flight.packet.qos == .exactlyOnce else { return violate(now: now) }
    if pubrec.reason.isFailure { return finish(pubrec.packetID, .exactlyOnce, reason: pubrec.reason, now: now) }
    inFlight[pubrec.packetID]?.isReleased = true
    send(.pubrel(PubrelPacket(packetID: pubrec.packetID)), now: now)
  }

  private mutating func finish(_ packetID: UInt16, _ qos: MQTTQoS, reason: MQTTReasonCode, now: UInt64) {
    guard let flight = inFlight[packetID] else { return }
    guard flight.packet.qos == qos else { return violate(now: now) }
    inFlight[packetID] = nil
    if let index = order.firstIndex(of: packetID) { order.remove(at: index) }
    window += 1
    actions.append(.completed(flight.token, reason))
    drain(now: now)
  }

  private mutating func takeAnswer(_ packetID: UInt16, _ reasons: [MQTTReasonCode]) {
    guard asked.remove(packetID) != nil else { return }
    actions.append(.answered(packetID: packetID, reasons))
  }
}
