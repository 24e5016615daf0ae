extension Connection {
  /// SUBSCRIBE: the delegate decides for each filter; SUBACK goes out before the kept messages.
  func takeSubscribe(_ packet: SubscribePacket) {
    guard let session else { return }
    let identifier = packet.properties.subscriptionIdentifiers.first ?? 0
    var reasons: [MQTTReasonCode] = []
    var kept: [Delivery] = []
    for entry in packet.entries {
      let (reason, messages) = subscribe(entry, identifier: identifier, session: session)
      reasons.append(reason)
      kept += messages
    }
    send(.suback(SubackPacket(packetID: packet.packetID, reasons: reasons)))
    for delivery in kept { _ = session.stored.deliver(delivery) }
  }

  private func subscribe(
    _ entry: SubscribePacket.Entry, identifier: UInt32, session: MQTTSession
  ) -> (MQTTReasonCode, [Delivery]) {
    let levels = entry.filter.utf8.reduce(1) { $1 == MQTTTopicFilter.slash ? $0 + 1 : $0 }
    guard levels <= broker.options.topicLevelsMax else { return (.topicFilterInvalid, []) }
    let reason = broker.delegate.subscribe(entry.filter, qos: entry.options.maximumQoS, session: session)
    guard !reason.isFailure else { return (reason, []) }
    var options = entry.options
    options.maximumQoS = min(MQTTQoS(rawValue: reason.rawValue) ?? .atMostOnce, entry.options.maximumQoS)
    let (isTaken, messages) = broker.subscribe(
      session.stored, filter: entry.filter, options: options, identifier: identifier)
    guard isTaken else { return (.quotaExceeded, []) }
    let kept = messages.map {
      Delivery(
        message: $0, qos: min($0.qos, options.maximumQoS), isRetained: true,
        subscriptionIDs: identifier == 0 ? [] : [identifier])
    }
    return (.granted(options.maximumQoS), kept)
  }

  /// UNSUBSCRIBE.
  func takeUnsubscribe(_ packet: UnsubscribePacket) {
    guard let session else { return }
    let reasons: [MQTTReasonCode] = packet.filters.map {
      broker.unsubscribe(session.stored, filter: $0) ? .success : .noSubscriptionExisted
    }
    send(.unsuback(UnsubackPacket(packetID: packet.packetID, reasons: reasons)))
  }
}
