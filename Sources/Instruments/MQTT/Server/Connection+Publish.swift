import NIOCore

extension Connection {
  /// PUBLISH: the hot path.
  func takePublish(_ body: UnsafeRawBufferPointer, flags: UInt8) throws(MQTTDecodeError) {
    var publish = try MQTTPublishView.decode(body, flags: flags, version: version, isFromClient: true)
    guard let session else { return }
    if publish.topicAlias != 0 {
      let topic = try resolveAlias(publish)
      let outcome = topic.withUnsafeBytes { bytes -> Result<Void, MQTTDecodeError> in
        publish.topic = bytes
        return Result { () throws(MQTTDecodeError) in try take(publish, session) }
      }
      return try outcome.get()
    }
    try take(publish, session)
  }

  private func resolveAlias(_ publish: MQTTPublishView) throws(MQTTDecodeError) -> [UInt8] {
    let index = Int(publish.topicAlias) - 1
    guard index < Int(broker.options.topicAliasMaximum) else {
      throw .init(.topicAliasInvalid, "topic alias too large")
    }
    if publish.topic.isEmpty {
      guard index < aliases.count, !aliases[index].isEmpty else { throw .protocolError("topic alias not known") }
      return aliases[index]
    }
    while aliases.count <= index { aliases.append([]) }
    aliases[index] = Array(publish.topic)
    return aliases[index]
  }

  private func take(_ publish: MQTTPublishView, _ session: MQTTSession) throws(MQTTDecodeError) {
    switch publish.qos {
    case .atMostOnce:
      guard hasAllowedDepth(publish.topic) else { throw .init(.topicNameInvalid, "too many topic levels") }
      if case .route = broker.delegate.publish(publish, from: session) { _ = route(publish, session) }
    case .atLeastOnce:
      try countUnacknowledged()
      answerQoS1(publish, session)
    case .exactlyOnce:
      try takeQoS2(publish, session)
    }
  }

  private func countUnacknowledged() throws(MQTTDecodeError) {
    guard unacknowledged < receiveMaximum else { throw .init(.receiveMaximumExceeded, "receive maximum exceeded") }
    unacknowledged += 1
  }

  private func answerQoS1(_ publish: MQTTPublishView, _ session: MQTTSession) {
    guard hasAllowedDepth(publish.topic) else { return puback(publish.packetID, reason: .topicNameInvalid) }
    switch broker.delegate.publish(publish, from: session) {
    case .accepted: puback(publish.packetID, reason: .success)
    case .later: break
    case .refused(let reason): puback(publish.packetID, reason: reason)
    case .route:
      let reason = route(publish, session)
      // What the client publishes to itself reaches it before the acknowledgement.
      if isDirty { pump() }
      puback(publish.packetID, reason: reason)
    }
  }

  private func takeQoS2(_ publish: MQTTPublishView, _ session: MQTTSession) throws(MQTTDecodeError) {
    let fingerprint = Self.fingerprint(publish)
    let outcome = session.stored.received(for: self) {
      $0.publish(publish.packetID, isDuplicate: publish.isDuplicate, fingerprint: fingerprint)
    }
    switch outcome {
    case nil, .waiting: return
    case .violation: throw .protocolError("packet identifier never released")
    case .again: pubrec(publish.packetID, reason: .success)
    case .take:
      try countUnacknowledged()
      pendingQoS2 += 1
      guard hasAllowedDepth(publish.topic) else { return answerQoS2(publish.packetID, reason: .topicNameInvalid) }
      switch broker.delegate.publish(publish, from: session) {
      case .accepted: answerQoS2(publish.packetID, reason: .success)
      case .later: break
      case .refused(let reason): answerQoS2(publish.packetID, reason: reason)
      case .route:
        guard !publish.isRetained || broker.router.mayKeep(MQTTString(publish.topic), bytes: publish.payload.count)
        else { return answerQoS2(publish.packetID, reason: .quotaExceeded) }
        answerQoS2(publish.packetID, reason: .success)
        _ = route(publish, session)
      }
    }
  }

  private static func fingerprint(_ publish: MQTTPublishView) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: publish.topic)
    hasher.combine(bytes: publish.payload)
    return hasher.finalize()
  }

  private func hasAllowedDepth(_ topic: UnsafeRawBufferPointer) -> Bool {
    let levelsMax = broker.options.topicLevelsMax
    if topic.count < levelsMax { return true }
    return topic.reduce(1) { $1 == MQTTTopicFilter.slash ? $0 + 1 : $0 } <= levelsMax
  }

  /// Sends a message to the subscribers.
  ///
  /// - Returns: the reason for PUBACK.
  private func route(_ publish: MQTTPublishView, _ session: MQTTSession) -> MQTTReasonCode {
    let message = Message(publish, publisher: session.clientID, now: loop.now())
    return switch broker.router.route(message) {
    case .delivered: .success
    case .noSubscribers: .noMatchingSubscribers
    case .quotaExceeded: .quotaExceeded
    }
  }
}
