import Kernel

extension Command {
  /// How long after its deadline an answer to a command that was sent is waited for.
  static let answerGrace: Duration = .seconds(10)
  /// How long after its deadline the end of a command that the device has taken is waited for.
  static let workGrace: Duration = .seconds(600)

  /// When something must happen to it without being told: it expires, or its effect was not seen; nil once it ended.
  var dueAt: Instant? {
    if ended { return nil }
    switch state {
    case .queued: return deadline
    case .sent: return deadline.advanced(by: Self.answerGrace)
    case .received: return deadline.advanced(by: Self.workGrace)
    case .done: return verifyBy ?? deadline
    case .verified, .failed, .refused, .expired: return nil
    }
  }

  /// It goes to the device's connection.
  mutating func send(at now: Instant) {
    state = .sent
    sentAt = now
    attempts += 1
    version += 1
  }

  /// The connection did not take it after all.
  mutating func sendFailed() {
    guard state == .sent else { return }
    state = .queued
    version += 1
  }

  /// What the device answered.
  ///
  /// - Parameter readBack: of the service, when it has one.
  /// - Returns: whether it changed anything: an answer that comes again, or too late to matter, does not.
  mutating func apply(_ reply: CommandReply, readBack: ThingModel.ReadBack?, at now: Instant) -> Bool {
    // That no answer came in time was all that was known; what the device says now is more.
    guard !ended || state == .expired else { return false }
    switch reply.state {
    case .received:
      guard state == .queued || state == .sent else { return false }
      state = .received
      receivedAt = now
    case .done:
      guard state != .done else { return false }
      finish(reply, readBack: readBack, at: now)
    case .failed, .refused:
      guard state != .done else { return false }
      state = reply.state == .failed ? .failed : .refused
      receivedAt = receivedAt ?? now
      failure = Failure(code: reply.code ?? reply.state.rawValue, message: reply.message ?? "")
      result = reply.values
      endedAt = now
    }
    version += 1
    return true
  }

  private mutating func finish(_ reply: CommandReply, readBack: ThingModel.ReadBack?, at now: Instant) {
    state = .done
    receivedAt = receivedAt ?? now
    doneAt = now
    failure = nil
    result = reply.values
    endedAt = nil
    guard let readBack else {
      endedAt = now
      return
    }
    verifyBy = now.advanced(by: .seconds(readBack.withinSeconds))
    if let told = reply.values[readBack.property], told == expected(readBack) { verify(at: now) }
  }

  /// The value that proves the effect; nil when the command lacks the argument.
  func expected(_ readBack: ThingModel.ReadBack) -> PropertyValue? {
    switch readBack.expected {
    case .value(let value): value
    case .argument(let name): arguments[name]
    }
  }

  /// The read-back shows the effect.
  mutating func verify(at now: Instant) {
    state = .verified
    endedAt = now
  }

  /// The read-back shows the effect, told apart from the answer.
  mutating func verifyLater(at now: Instant) {
    verify(at: now)
    version += 1
  }

  /// Its time is up.
  ///
  /// - Returns: whether that changed it.
  mutating func runOut(at now: Instant) -> Bool {
    guard let due = dueAt, now >= due else { return false }
    switch state {
    case .queued:
      state = .expired
      failure = Failure(code: "deadline.passed", message: "the device did not connect before the deadline")
    case .sent:
      state = .expired
      failure = Failure(code: "answer.missing", message: "the device did not answer; it may have done it")
    case .received:
      state = .expired
      failure = Failure(code: "answer.missing", message: "the device took it and did not say how it ended")
    case .done:
      state = .failed
      failure = Failure(code: "readBack.notSeen", message: "the device says done, and does not show the effect")
    case .verified, .failed, .refused, .expired: return false
    }
    endedAt = now
    version += 1
    return true
  }

  /// The platform gives it up.
  mutating func fail(code: String, _ message: String, at now: Instant) {
    state = .failed
    failure = Failure(code: code, message: message)
    endedAt = now
    version += 1
  }
}

/// What a device answers to a command (docs/device-protocol.md).
struct CommandReply: Sendable, Hashable {
  enum State: String, Sendable {
    case received
    case done
    case failed
    case refused
  }

  let id: ID<Command>
  let state: State
  let code: String?
  let message: String?
  let values: [String: PropertyValue]
}
