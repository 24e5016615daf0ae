import NIOCore

extension Connection {
  // MARK: Messages that came in

  /// The delegate's late answer.
  func acknowledgeLater(_ packetIDs: some Sequence<UInt16>, reason: MQTTReasonCode) {
    guard phase == .connected, let session else { return }
    for packetID in packetIDs {
      if pendingQoS2 > 0, session.stored.received(for: self, { $0.isPending(packetID) }) ?? false {
        answerQoS2(packetID, reason: reason)
      } else {
        puback(packetID, reason: reason)
      }
    }
    if !isParsing { flushOut() }
  }

  /// Writes PUBACK; in 3.1.1 every answer is a plain one.
  func puback(_ packetID: UInt16, reason: MQTTReasonCode) {
    if unacknowledged > 0 { unacknowledged -= 1 }
    writeAcknowledgement(.puback, packetID, reason: reason)
  }

  /// Writes PUBREC for the first time; a failure ends the message.
  func answerQoS2(_ packetID: UInt16, reason: MQTTReasonCode) {
    pendingQoS2 -= 1
    let isFailure = reason.isFailure && version == .v5
    _ = session?.stored.received(for: self) { $0.answered(packetID, isFailure: isFailure) }
    if isFailure, unacknowledged > 0 { unacknowledged -= 1 }
    pubrec(packetID, reason: reason)
  }

  /// Writes PUBREC.
  func pubrec(_ packetID: UInt16, reason: MQTTReasonCode) {
    writeAcknowledgement(.pubrec, packetID, reason: reason)
  }

  /// PUBREL. An identifier that is not known is answered like one that is: after a reconnect that is how a client
  /// learns that it may forget (4.3.3).
  func takePubrel(_ packetID: UInt16) {
    let isKnown = session?.stored.received(for: self) { $0.release(packetID) } ?? false
    if isKnown, unacknowledged > 0 { unacknowledged -= 1 }
    writeAcknowledgement(.pubcomp, packetID, reason: .success)
  }

  private func writeAcknowledgement(_ type: MQTTPacketType, _ packetID: UInt16, reason: MQTTReasonCode) {
    let first = UInt32(type.rawValue << 4 | (type.requiredFlags ?? 0)) << 24
    if version != .v5 || reason == .success {
      withOut { $0.writeInteger(first | 0x02_0000 | UInt32(packetID)) }
    } else {
      withOut {
        $0.writeInteger(first | 0x03_0000 | UInt32(packetID))
        $0.writeInteger(reason.rawValue)
      }
    }
  }

  // MARK: Messages that went out

  /// PUBACK.
  func takePuback(_ packetID: UInt16) throws(MQTTDecodeError) {
    try answered { $0.puback(packetID) }
  }

  /// PUBREC.
  func takePubrec(_ packetID: UInt16, reason: MQTTReasonCode) throws(MQTTDecodeError) {
    if try answered({ $0.pubrec(packetID, reason: reason) }) == .sendPubrel {
      writeAcknowledgement(.pubrel, packetID, reason: .success)
    }
  }

  /// PUBCOMP.
  func takePubcomp(_ packetID: UInt16) throws(MQTTDecodeError) {
    try answered { $0.pubcomp(packetID) }
  }

  @discardableResult
  private func answered(
    _ body: (inout OutboundMachine) -> OutboundMachine.AckOutcome
  ) throws(MQTTDecodeError) -> OutboundMachine.AckOutcome {
    guard let session else { return .done }
    let outcome = session.stored.acknowledged(for: self, body)
    guard outcome != .violation else { throw .protocolError("not the acknowledgement waited for") }
    needsServing = true
    return outcome
  }
}
