import KeyLadder

/// One device's side of agreeing keys with the platform (docs/device-keys.md): renews the communication key once an
/// epoch, agrees a session with each connection, and agrees again when its epoch ends.
///
/// A pure state machine: what the holder of the keys computes is asked of the driver and comes back as `answered`.
/// Times are monotonic milliseconds; the present epoch comes from the device's corrected clock, so that nothing begins
/// before the clock is set.
///
/// - Source: clauses 9.4 b and 9.4 e.
struct KeyMachine: Sendable {
  /// What the holder of the keys is asked.
  enum Ask: Hashable, Sendable {
    case offer(isEphemeral: Bool)
    case finishSession(UInt32, answer: [UInt8])
    case beginRenewal(epochStart: UInt64)
    case finishRenewal(answer: [UInt8])
    case end(UInt32)
  }

  enum Action: Hashable, Sendable {
    case ask(Ask)
    case publish([UInt8])
    /// The platform does not believe the clock.
    case doubtClock
  }

  /// What the holder said.
  enum Answer: Hashable, Sendable {
    case offer(number: UInt32, message: [UInt8])
    case message([UInt8])
    case failed
    /// The session is gone, with the connection to the holder or by another's doing.
    case gone
  }

  enum State: Hashable, Sendable {
    case offline
    /// Begins as soon as the clock is set.
    case ready
    case waiting(until: Int64)
    /// The holder computes.
    case asking(Ask)
    /// The platform computes.
    case renewing(epochStart: UInt64, until: Int64)
    case offered(UInt32, until: Int64)
    /// Finished here; the platform has not said yet that the session counts.
    case confirming(UInt32, until: Int64)
    case agreed(UInt32, until: Int64)
  }

  static let answerMilliseconds: Int64 = 30_000
  /// From the end of an epoch, so that not all devices come at once.
  static let spreadMilliseconds: Int64 = 3_600_000
  /// Before a refusal that only people can mend is tried again.
  static let longMilliseconds: Int64 = 1_800_000

  private(set) var state = State.offline
  private(set) var actions: [Action] = []
  /// The session that opens what comes down; stays while the next one is agreed.
  private(set) var opening: UInt32?
  /// The session that protects what goes up: the platform has said that it counts.
  private(set) var sealing: UInt32?
  /// Counts connections: an answer of an earlier one means nothing.
  private(set) var turn = 0
  private var isEphemeral: Bool
  private let offersEphemeral: Bool
  private var backoff = Backoff(firstMilliseconds: 2_000, lastMilliseconds: 120_000)
  private var random: DeviceRandom
  private var hasRenewed = false

  /// - Parameter isConstrained: offers the way without signatures only.
  init(isConstrained: Bool = false, random: DeviceRandom) {
    offersEphemeral = !isConstrained
    isEphemeral = !isConstrained
    self.random = random
  }

  /// When `advance` wants to be called; nil while it waits for something else.
  var wakeAt: Int64? {
    switch state {
    case .offline, .ready, .asking: nil
    case .waiting(let until), .renewing(_, let until), .offered(_, let until), .confirming(_, let until),
      .agreed(_, let until):
      until
    }
  }

  mutating func takeActions() -> [Action] {
    defer { actions = [] }
    return actions
  }
}

extension KeyMachine {
  mutating func linkUp() {
    turn += 1
    state = .ready
    isEphemeral = offersEphemeral
    hasRenewed = false
  }

  /// The sessions end with the connection.
  mutating func linkDown() {
    guard state != .offline else { return }
    turn += 1
    state = .offline
    for number in Set([opening, sealing].compactMap(\.self)) { actions.append(.ask(.end(number))) }
    (opening, sealing) = (nil, nil)
  }

  /// The session can not be used: another one is agreed.
  mutating func agreeAnew() {
    guard case .agreed = state else { return }
    sealing = nil
    state = .ready
  }

  /// Goes on when its time has come.
  ///
  /// - Parameter time: the corrected clock, milliseconds since 1970 UTC; nil while it is not set.
  mutating func advance(time: Int64?, _ now: Int64) {
    if let wakeAt, wakeAt <= now {
      switch state {
      case .renewing, .offered, .confirming:
        // The platform said nothing: a little later, from the front.
        rest(now)
      default:
        if case .agreed = state { isEphemeral = offersEphemeral }
        state = .ready
      }
    }
    guard state == .ready, time != nil else { return }
    hasRenewed = false
    ask(.offer(isEphemeral: isEphemeral))
  }

  /// The holder has computed.
  ///
  /// - Parameter turn: of the question.
  mutating func answered(_ answer: Answer, to question: Ask, turn: Int, time: Int64?, _ now: Int64) {
    guard turn == self.turn, state == .asking(question) else {
      if case .offer(let number, _) = answer { actions.append(.ask(.end(number))) }
      return
    }
    switch (question, answer) {
    case (.offer, .offer(let number, let message)): offered(number, message, time, now)
    // It has no communication key yet.
    case (.offer, .failed): renew(time, now)
    case (.offer, .gone): rest(now)
    case (.beginRenewal(let start), .message(let message)):
      state = .renewing(epochStart: start, until: now + Self.answerMilliseconds)
      actions.append(.publish(message))
    case (.finishRenewal, .message(let message)):
      actions.append(.publish(message))
      ask(.offer(isEphemeral: isEphemeral))
    case (.finishSession(let number, _), .message(let message)):
      actions.append(.publish(message))
      if let opening, opening != number, opening != sealing { actions.append(.ask(.end(opening))) }
      opening = number
      state = .confirming(number, until: now + Self.answerMilliseconds)
    default: rest(now)
    }
  }

  /// The platform speaks of keys; what comes out of turn is dropped.
  mutating func receive(_ payload: [UInt8], time: Int64?, _ now: Int64) {
    guard payload.count >= 3, payload.count <= 512, payload[0] == 1 else { return }
    switch (payload[1], state) {
    // The storm is over in which the platform asked for less than this device offers; the session serves until then.
    case (0x15, .agreed) where payload[2] == AgreementWay.ephemeral.rawValue && offersEphemeral && !isEphemeral:
      isEphemeral = true
      state = .ready
    case (0x22, .renewing): ask(.finishRenewal(answer: payload))
    case (0x12, .offered(let number, _)): ask(.finishSession(number, answer: payload))
    case (0x14, .confirming(let number, _)): agreed(number, time, now)
    // The platform has forgotten the communication keys: what is agreed with them counts no more.
    case (0x7f, .agreed) where payload[2] == 6:
      sealing = nil
      hasRenewed = false
      renew(time, now)
    case (0x7f, .renewing), (0x7f, .offered), (0x7f, .confirming): refused(payload[2], time, now)
    default: return
    }
  }
}

extension KeyMachine {
  private mutating func ask(_ question: Ask) {
    state = .asking(question)
    actions.append(.ask(question))
  }

  /// An offer under an old communication key is not sent: the key is renewed first.
  private mutating func offered(_ number: UInt32, _ message: [UInt8], _ time: Int64?, _ now: Int64) {
    let epoch = message.count >= 11 ? message[3..<11].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } : 0
    if !hasRenewed, let time, KeyEpoch(at: UInt64(max(0, time / 1_000))).start != epoch {
      actions.append(.ask(.end(number)))
      return renew(time, now)
    }
    state = .offered(number, until: now + Self.answerMilliseconds)
    actions.append(.publish(message))
  }

  private mutating func renew(_ time: Int64?, _ now: Int64) {
    guard let time, !hasRenewed else { return rest(now) }
    hasRenewed = true
    ask(.beginRenewal(epochStart: KeyEpoch(at: UInt64(max(0, time / 1_000))).start))
  }

  private mutating func agreed(_ number: UInt32, _ time: Int64?, _ now: Int64) {
    if let sealing, sealing != number { actions.append(.ask(.end(sealing))) }
    sealing = number
    backoff.succeeded()
    let epoch = Int64(KeyEpoch.secondsStandard) * 1_000
    let left = time.map { epoch - max(0, $0) % epoch } ?? epoch
    state = .agreed(number, until: now + left + Int64.random(in: 0..<Self.spreadMilliseconds, using: &random))
  }

  private mutating func refused(_ reason: UInt8, _ time: Int64?, _ now: Int64) {
    dropOffer()
    switch reason {
    case 2:
      actions.append(.doubtClock)
      rest(now)
    case 6: renew(time, now)
    case 7 where isEphemeral:
      isEphemeral = false
      ask(.offer(isEphemeral: false))
    // Not the key it was given, or none: somebody has to look.
    case 3, 4: state = .waiting(until: now + Self.longMilliseconds)
    default: rest(now)
    }
  }

  private mutating func dropOffer() {
    guard case .offered(let number, _) = state else { return }
    actions.append(.ask(.end(number)))
    state = .ready
  }

  private mutating func rest(_ now: Int64) {
    dropOffer()
    state = .waiting(until: now + backoff.failed(using: &random))
  }
}
