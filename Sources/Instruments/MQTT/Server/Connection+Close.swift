import Logging
import NIOCore

extension Connection {
  /// How long a connection that was told to go may take to read it, in milliseconds.
  private static let lingerMilliseconds: UInt64 = 2_000

  /// What came was wrong: the client is told as far as it may be, and the connection closed.
  func fail(_ error: MQTTDecodeError) {
    broker.logger.debug(
      "mqtt client violates protocol", metadata: ["mqtt.reason": "\(error.reason)", "mqtt.detail": "\(error.detail)"])
    switch phase {
    case .new, .deciding, .authenticating: refuseConnect(error)
    case .connected:
      let reason = broker.options.answersAsSuites ? error.suiteReason ?? error.reason : error.reason
      leave(.violation(reason), telling: error.answer == .none ? nil : reason)
    case .closing: break
    }
  }

  private func refuseConnect(_ error: MQTTDecodeError) {
    let isAsSuites = broker.options.answersAsSuites && error.suiteReason != nil
    switch isAsSuites ? .newestForm : error.answer {
    case .none: break
    case .newestForm: withOut { $0.writeBytes([0x20, 3, 0, error.reason.rawValue, 0]) }
    case .returnCode(let code): withOut { $0.writeBytes([0x20, 2, 0, code]) }
    case .reason:
      // A CONNECT that could not be read is of version 5 here: the older ones are closed without a word.
      if phase == .new || version == .v5 { withOut { $0.writeBytes([0x20, 3, 0, error.reason.rawValue, 0]) } }
    }
    shut()
  }

  /// Another connection of the same client has the session now; from any thread.
  func takenOver() { onLoop { $0.leave(.takenOver, telling: .sessionTakenOver) } }

  /// The program ends the connection.
  func closeByServer(_ reason: MQTTReasonCode) {
    onLoop { connection in
      let isShutDown = reason == .serverShuttingDown
      connection.leave(isShutDown ? .shutDown : .closed(reason), telling: reason)
    }
  }

  private func onLoop(_ body: @escaping @Sendable (Connection) -> Void) {
    if loop.eventLoop.inEventLoop { body(self) } else { loop.eventLoop.execute { body(self) } }
  }

  /// Ends the session's stay here and closes the connection, telling version 5 the reason.
  func leave(
    _ reason: MQTTSessionEnd, telling code: MQTTReasonCode?, dropsWill: Bool = false, expirySeconds: UInt32? = nil
  ) {
    guard phase != .closing else { return }
    let wasConnected = phase == .connected
    end(reason, dropsWill: dropsWill, expirySeconds: expirySeconds)
    if let code, wasConnected, version == .v5 {
      withOut { $0.writeBytes([0xE0, 1, code.rawValue]) }
    }
    shut()
  }

  /// Ends the session's stay on this connection; once.
  func end(_ reason: MQTTSessionEnd, dropsWill: Bool = false, expirySeconds: UInt32? = nil) {
    guard phase != .closing else { return }
    phase = .closing
    partial = nil
    guard let session, let attachment else { return }
    self.session = nil
    self.attachment = nil
    broker.detach(self, attachment, dropsWill: dropsWill, expirySeconds: expirySeconds)
    broker.delegate.sessionEnded(session, reason: reason)
    session.detach()
  }

  /// Writes what was gathered and closes. A plain connection is closed for writing first and read on for a moment:
  /// closing with unread bytes would reset it, and the client would not see the last packet.
  private func shut() {
    end(.connectionLost)
    isPaused = false
    let wroteLast = (out?.readableBytes ?? 0) > 0
    flushOut()
    guard let context else { return }
    guard wroteLast, !isTLS, context.channel.isActive else { return context.close(promise: nil) }
    deadline = loop.now() + Self.lingerMilliseconds
    loop.move(self, deadline: deadline)
    context.close(mode: .output, promise: nil)
    releaseRead()
  }
}
