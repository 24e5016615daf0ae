/// How a one-time code reaches a person: a port. Its adapters speak to a gateway of text messages or mail; nothing of
/// it is logged.
package protocol Messenger: Sendable {
  /// Whether there is anything behind it.
  var isAttached: Bool { get }
  /// - Parameters:
  ///   - contact: a telephone number or a mail address.
  ///   - code: to be shown to nobody else.
  func send(code: String, to contact: String) async throws(MessengerFailure)
}

/// A code could not be handed over.
package struct MessengerFailure: Error, Sendable, Hashable {
  package init() {}
}

/// No gateway is attached yet: codes are not sent, and the other proofs remain.
package struct NoMessenger: Messenger {
  package init() {}
  package var isAttached: Bool { false }
  package func send(code: String, to contact: String) async throws(MessengerFailure) { throw MessengerFailure() }
}
