import MQTT

/// One device's connection to the platform, above the transport: greeting, subscription, keep-alive, the window of
/// unacknowledged messages, and coming back after a loss without anybody's help (clause 6.1.2 f).
///
/// A pure state machine: times are monotonic milliseconds that the driver passes in; actions are collected and taken.
struct LinkMachine: Sendable {
  /// What the driver does.
  enum Action: Sendable {
    case open
    case close
    case write(MQTTPacket)
    /// Greeted and subscribed: messages may flow.
    case up
    case down
    /// A message came; to be acknowledged when `packetID` is not 0.
    case deliver(topic: [UInt8], payload: [UInt8], packetID: UInt16)
    case acknowledged(LinkTag)
  }

  enum State: Hashable, Sendable {
    case off
    case waiting(until: Int64)
    /// The transport is being opened, then greets, then subscribes; one deadline for all.
    case opening(until: Int64)
    case greeting(until: Int64)
    case subscribing(until: Int64)
    case up
  }

  static let openMilliseconds: Int64 = 20_000
  static let pingAnswerMilliseconds: Int64 = 20_000
  /// Messages under way at most, whatever the platform offers.
  static let windowMax = 32

  private(set) var state = State.off
  private(set) var actions: [Action] = []
  private(set) var backoff: Backoff
  private var random: DeviceRandom
  private let options: LinkOptions
  private var window = 0
  private var flying: [UInt16: LinkTag] = [:]
  private var nextPacketID: UInt16 = 1
  private var keepAliveMilliseconds: Int64 = 0
  private var sentAt: Int64 = 0
  private var pingDeadline: Int64?

  init(options: LinkOptions, backoff: Backoff = Backoff(), random: DeviceRandom) {
    self.options = options
    self.backoff = backoff
    self.random = random
  }

  /// Whether another message may be sent.
  var hasRoom: Bool { state == .up && flying.count < window }

  /// When `tick` wants to be called.
  var wakeAt: Int64? {
    switch state {
    case .off: nil
    case .waiting(let until), .opening(let until), .greeting(let until), .subscribing(let until): until
    case .up:
      if let pingDeadline { pingDeadline } else { keepAliveMilliseconds > 0 ? sentAt + keepAliveMilliseconds : nil }
    }
  }

  mutating func takeActions() -> [Action] {
    defer { actions = [] }
    return actions
  }
}

/// Which message a PUBACK is for.
struct LinkTag: Hashable, Sendable {
  let device: Int
  let number: MessageNumber
}

/// How a device greets the platform.
struct LinkOptions: Hashable, Sendable {
  var clientID: String
  var filters: [String]
  var version: MQTTVersion
  var keepAliveSeconds: UInt16
}

extension LinkMachine {
  /// Begins to connect, after a wait of up to `spreadMilliseconds`, so that a whole building does not
  /// come in one second.
  mutating func start(spreadMilliseconds: Int64 = 0, _ now: Int64) {
    guard state == .off else { return }
    state = .waiting(until: now + Int64.random(in: 0...max(0, spreadMilliseconds), using: &random))
    tick(now)
  }

  /// Ends the connection and stays away.
  mutating func stop() {
    switch state {
    case .off, .waiting: break
    case .opening, .greeting: actions.append(.close)
    case .subscribing, .up:
      actions.append(.write(.disconnect(DisconnectPacket())))
      actions.append(.close)
    }
    leave(to: .off)
  }

  mutating func tick(_ now: Int64) {
    guard let wakeAt, wakeAt <= now else { return }
    switch state {
    case .off: break
    case .waiting:
      state = .opening(until: now + Self.openMilliseconds)
      actions.append(.open)
    case .opening, .greeting, .subscribing:
      actions.append(.close)
      failed(now)
    case .up:
      if pingDeadline != nil {
        actions.append(.close)
        failed(now)
      } else {
        pingDeadline = now + Self.pingAnswerMilliseconds
        write(.pingreq(PingreqPacket()), now)
      }
    }
  }

  /// The transport stands, TLS included.
  mutating func transportUp(_ now: Int64) {
    guard case .opening(let until) = state else { return }
    state = .greeting(until: until)
    let connect = ConnectPacket(
      version: options.version, clientID: MQTTString(options.clientID), isClean: true,
      keepAliveSeconds: options.keepAliveSeconds,
      properties: options.version == .v5 ? [.receiveMaximum(64), .maximumPacketSize(80 << 10)] : [])
    write(.connect(connect), now)
  }

  /// The transport is gone, or could not be opened.
  mutating func transportDown(_ now: Int64) {
    switch state {
    case .off, .waiting: break
    case .opening, .greeting, .subscribing, .up: failed(now)
    }
  }

  mutating func receive(_ packet: MQTTPacket, _ now: Int64) {
    switch (packet, state) {
    case (.connack(let connack), .greeting(let until)): greeted(connack, until: until, now)
    case (.suback(let suback), .subscribing):
      if suback.reasons.contains(where: { $0.rawValue >= 0x80 }) { return violated(now) }
      state = .up
      actions.append(.up)
    case (.publish(let publish), .subscribing), (.publish(let publish), .up):
      guard publish.qos <= .atLeastOnce else { return violated(now) }
      actions.append(.deliver(topic: publish.topic.utf8, payload: publish.payload, packetID: publish.packetID))
    case (.puback(let puback), .up): acknowledged(puback, now)
    case (.pingresp, .up): pingDeadline = nil
    case (.disconnect, _):
      actions.append(.close)
      failed(now)
    default: violated(now)
    }
  }

  /// Sends a message of QoS 1; only while `hasRoom`.
  mutating func publish(_ topic: String, _ payload: [UInt8], tag: LinkTag, _ now: Int64) {
    while flying[nextPacketID] != nil || nextPacketID == 0 { nextPacketID &+= 1 }
    let packetID = nextPacketID
    nextPacketID &+= 1
    flying[packetID] = tag
    write(
      .publish(PublishPacket(topic: MQTTString(topic), payload: payload, qos: .atLeastOnce, packetID: packetID)), now)
  }

  /// Sends a message of QoS 1 that nobody keeps: when it is lost with the connection it is not sent again.
  mutating func publishLeastOnce(_ topic: String, _ payload: [UInt8], _ now: Int64) {
    guard state == .up else { return }
    publish(topic, payload, tag: LinkTag(device: -1, number: MessageNumber(boot: 0, sequence: 0)), now)
  }

  /// Sends a message of QoS 0 while up.
  mutating func publishOnce(_ topic: String, _ payload: [UInt8], _ now: Int64) {
    guard state == .up else { return }
    write(.publish(PublishPacket(topic: MQTTString(topic), payload: payload)), now)
  }

  /// Acknowledges a message that came.
  mutating func acknowledge(_ packetID: UInt16, _ now: Int64) {
    guard state == .up else { return }
    write(.puback(PubackPacket(packetID: packetID)), now)
  }
}

extension LinkMachine {
  private mutating func greeted(_ connack: ConnackPacket, until: Int64, _ now: Int64) {
    guard connack.reason.rawValue == 0 else {
      actions.append(.close)
      return failed(now)
    }
    let offered = connack.properties.receiveMaximum.map { Int($0) } ?? 65_535
    window = max(1, min(offered, Self.windowMax))
    keepAliveMilliseconds = Int64(connack.properties.serverKeepAlive ?? options.keepAliveSeconds) * 750
    state = .subscribing(until: until)
    let entries = options.filters.map {
      SubscribePacket.Entry(filter: MQTTString($0), options: MQTTSubscriptionOptions(maximumQoS: .atLeastOnce))
    }
    nextPacketID = 2
    write(.subscribe(SubscribePacket(packetID: 1, entries: entries)), now)
  }

  /// A reason of 0x80 and above says that the platform can never take the message: it is done with as well. Only a
  /// quota (0x97) is the platform's own trouble: the message stays held, the connection ends and comes back later.
  private mutating func acknowledged(_ puback: PubackPacket, _ now: Int64) {
    if puback.reason == .quotaExceeded {
      actions.append(.close)
      return failed(now)
    }
    guard let tag = flying.removeValue(forKey: puback.packetID) else { return }
    backoff.succeeded()
    actions.append(.acknowledged(tag))
  }

  private mutating func violated(_ now: Int64) {
    if state != .off { actions.append(.write(.disconnect(DisconnectPacket(reason: .protocolError)))) }
    actions.append(.close)
    failed(now)
  }

  private mutating func failed(_ now: Int64) {
    leave(to: .waiting(until: now + backoff.failed(using: &random)))
  }

  private mutating func leave(to next: State) {
    let wasUp = state == .up
    state = next
    flying = [:]
    pingDeadline = nil
    if wasUp { actions.append(.down) }
  }

  private mutating func write(_ packet: MQTTPacket, _ now: Int64) {
    sentAt = now
    actions.append(.write(packet))
  }
}
