import DequeModule

/// The client's side of MQTT 3.1.1 and 5.0: a pure state machine. Events go in, actions come out; it does no I/O and
/// reads no clock.
///
/// It outlives connections: after `connectionClosed` a new `connectionOpened` goes on with what was in flight. All
/// times are milliseconds of one monotonic clock.
public struct MQTTClientMachine: ~Copyable {
  /// What the caller is to do or to know, in order.
  public enum Action: Sendable, Equatable {
    /// Write this packet.
    case send(MQTTPacket)
    /// CONNACK took us in; what was in flight follows by itself.
    case connected(ConnackPacket)
    /// CONNACK turned us away; close.
    case refused(ConnackPacket)
    /// A message came. QoS 1 and 2: acknowledge it, unless that is done at once.
    case message(PublishPacket)
    /// A message of `publish` is through (its token), or the server refused it.
    case completed(UInt64, MQTTReasonCode)
    /// SUBACK or UNSUBACK, with the packet identifier that `subscribe` or `unsubscribe` gave.
    case answered(packetID: UInt16, [MQTTReasonCode])
    /// The server goes on with an enhanced authentication: answer with `authenticate`.
    case challenge(AuthPacket)
    /// Close the connection: the server said why (DISCONNECT), did not answer, or broke the protocol.
    case close(MQTTReasonCode)
  }

  enum Phase { case closed, connecting, connected }

  struct Outgoing {
    var packet: PublishPacket
    let token: UInt64
    /// PUBREC came: waits for PUBCOMP.
    var isReleased = false
    var wasSent = false
  }

  public let options: MQTTClientOptions
  var phase = Phase.closed
  /// Actions of the event that is being handled.
  var actions: [Action] = []
  /// Waiting for a place in the window.
  var queue = Deque<Outgoing>()
  var inFlight: [UInt16: Outgoing] = [:]
  /// Packet identifiers in flight in the order of first sending.
  var order = Deque<UInt16>()
  /// Places left of the server's receive maximum; below 0 while PUBRELs of an earlier connection count too.
  var window = 0
  /// Packet identifiers in flight that are to be repeated as soon as the window allows.
  var repeats = Deque<UInt16>()
  var packetBytesMax = Int.max
  /// What the server takes at most.
  var maximumQoS = MQTTQoS.exactlyOnce
  var isRetainAvailable = true
  /// QoS 2 messages taken and not released.
  var taken: Set<UInt16> = []
  /// Subscriptions waiting for their answer.
  var asked: Set<UInt16> = []
  var aliases: [UInt16: MQTTString] = [:]
  var lastID: UInt16 = 0
  var lastToken: UInt64 = 0
  var keepAliveMilliseconds: UInt64 = 0
  var lastSent: UInt64 = 0
  /// When an answer must have come.
  var answerDueAt: UInt64?

  /// A machine that is not connected.
  public init(options: MQTTClientOptions) { self.options = options }

  /// Whether CONNACK came and the connection stands.
  public var isConnected: Bool { phase == .connected }

  /// Messages waiting or in flight.
  public var pendingCount: Int { queue.count + inFlight.count }

  // MARK: Connection

  /// The transport is open: CONNECT goes out.
  public mutating func connectionOpened(now: UInt64) -> [Action] {
    phase = .connecting
    aliases = [:]
    asked = []
    answerDueAt = now + UInt64(options.answerSecondsMax) * 1_000
    var packet = ConnectPacket(
      version: options.version, clientID: options.clientID, isClean: options.isClean,
      keepAliveSeconds: options.keepAliveSeconds, will: options.will, userName: options.userName,
      password: options.password)
    if options.version == .v5 {
      if options.sessionExpirySeconds > 0 {
        packet.properties.append(.sessionExpiryInterval(options.sessionExpirySeconds))
      }
      packet.properties.append(.receiveMaximum(max(options.receiveMaximum, 1)))
      packet.properties.append(.maximumPacketSize(UInt32(clamping: options.packetBytesMax)))
      packet.properties.list += options.properties.list
    }
    send(.connect(packet), now: now)
    return takeActions()
  }

  /// The transport is gone. What was in flight waits for the next connection.
  public mutating func connectionClosed() {
    phase = .closed
    answerDueAt = nil
    asked = []
  }

  /// Says good-bye; the caller closes after writing.
  public mutating func disconnect(reason: MQTTReasonCode = .success, now: UInt64) -> [Action] {
    guard phase == .connected else { return [] }
    send(.disconnect(DisconnectPacket(reason: reason)), now: now)
    phase = .closed
    return takeActions()
  }

  /// Time went by: keep-alive. Call it about once a second.
  public mutating func tick(now: UInt64) -> [Action] {
    if phase != .closed, let due = answerDueAt, now >= due {
      phase = .closed
      return [.close(.keepAliveTimeout)]
    }
    if phase == .connected, keepAliveMilliseconds > 0, answerDueAt == nil, now >= lastSent + keepAliveMilliseconds {
      send(.pingreq(PingreqPacket()), now: now)
      answerDueAt = now + UInt64(options.answerSecondsMax) * 1_000
    }
    return takeActions()
  }

  // MARK: Asking

  /// Publishes a message; it goes out when connected and the window allows.
  ///
  /// A topic alias among the properties is not used: it would mean nothing on the next connection.
  ///
  /// - Returns: the token that `completed` names (0 for QoS 0, which is never completed), nil when the queue is full,
  ///   the topic no topic name, or the server is known not to take such a message (its size, QoS or retaining); and
  ///   what to do.
  public mutating func publish(
    topic: MQTTString, payload: [UInt8], qos: MQTTQoS, isRetained: Bool = false, properties: MQTTProperties = [],
    now: UInt64
  ) -> (token: UInt64?, actions: [Action]) {
    var packet = PublishPacket(
      topic: topic, payload: payload, qos: qos, isRetained: isRetained,
      properties: options.version == .v5 ? properties : [])
    packet.properties.list.removeAll { if case .topicAlias = $0 { true } else { false } }
    guard Self.isName(topic), pendingCount < options.queuedMax, phase != .connected || refusal(packet) == nil else {
      return (nil, [])
    }
    if qos != .atMostOnce { lastToken += 1 }
    let token = qos == .atMostOnce ? 0 : lastToken
    queue.append(Outgoing(packet: packet, token: token))
    drain(now: now)
    return (token, takeActions())
  }

  /// Subscribes; the answer comes as `answered` with the packet identifier. Only while connected, and only well-formed
  /// filters.
  public mutating func subscribe(
    _ entries: [SubscribePacket.Entry], properties: MQTTProperties = [], now: UInt64
  ) -> (packetID: UInt16?, actions: [Action]) {
    guard phase == .connected, !entries.isEmpty, entries.allSatisfy({ Self.isFilter($0.filter) }) else {
      return (nil, [])
    }
    let packetID = nextID()
    asked.insert(packetID)
    send(.subscribe(SubscribePacket(packetID: packetID, entries: entries, properties: properties)), now: now)
    return (packetID, takeActions())
  }

  /// Unsubscribes; the answer comes as `answered` with the packet identifier. Only while connected.
  public mutating func unsubscribe(
    _ filters: [MQTTString], now: UInt64
  ) -> (packetID: UInt16?, actions: [Action]) {
    guard phase == .connected, !filters.isEmpty, filters.allSatisfy(Self.isFilter) else { return (nil, []) }
    let packetID = nextID()
    asked.insert(packetID)
    send(.unsubscribe(UnsubscribePacket(packetID: packetID, filters: filters)), now: now)
    return (packetID, takeActions())
  }

  /// The program took a message of QoS 1 or 2 (with `acknowledgesAtOnce` off).
  public mutating func acknowledge(
    _ message: PublishPacket, reason: MQTTReasonCode = .success, now: UInt64
  ) -> [Action] {
    guard phase == .connected, !options.acknowledgesAtOnce else { return [] }
    answer(message, reason: reason, now: now)
    return takeActions()
  }

  /// The next step of an enhanced authentication, or the beginning of another one; only for a client whose CONNECT
  /// named a method [MQTT-4.12.0-7], and with that method [MQTT-4.12.1-1].
  public mutating func authenticate(_ packet: AuthPacket, now: UInt64) -> [Action] {
    guard phase != .closed, options.version == .v5, let method = options.properties.authenticationMethod,
      packet.properties.authenticationMethod == method
    else { return [] }
    send(.auth(packet), now: now)
    return takeActions()
  }

  // MARK: Within

  private static func isName(_ topic: MQTTString) -> Bool {
    topic.utf8.count <= 65_535 && topic.utf8.withUnsafeBytes { UTF8Check.isTopicName($0) }
  }

  private static func isFilter(_ filter: MQTTString) -> Bool {
    filter.utf8.count <= 65_535
      && filter.utf8.withUnsafeBytes { UTF8Check.isName($0) && MQTTTopicFilter.isValid($0) }
  }

  mutating func takeActions() -> [Action] {
    defer { actions = [] }
    return actions
  }

  mutating func send(_ packet: MQTTPacket, now: UInt64) {
    lastSent = now
    actions.append(.send(packet))
  }

  mutating func nextID() -> UInt16 {
    repeat { lastID = lastID == 65_535 ? 1 : lastID + 1 } while inFlight[lastID] != nil || asked.contains(lastID)
    return lastID
  }

  /// Why the server, by its CONNACK, does not take a message [MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-3.2.2-15].
  func refusal(_ packet: PublishPacket) -> MQTTReasonCode? {
    if packet.qos > maximumQoS { return .qosNotSupported }
    if packet.isRetained, !isRetainAvailable { return .retainNotSupported }
    let length = MQTTPacket.publish(packet).encodedLength(version: options.version)
    return length > packetBytesMax ? .packetTooLarge : nil
  }

  /// Sends what waits, as far as the window goes: first what is to be repeated.
  mutating func drain(now: UInt64) {
    guard phase == .connected else { return }
    drainRepeats(now: now)
    while var next = queue.first {
      if let refusal = refusal(next.packet) {
        queue.removeFirst()
        if next.packet.qos != .atMostOnce { actions.append(.completed(next.token, refusal)) }
        continue
      }
      if next.packet.qos == .atMostOnce {
        queue.removeFirst()
        send(.publish(next.packet), now: now)
        continue
      }
      guard window > 0, inFlight.count < 65_000 else { return }
      queue.removeFirst()
      window -= 1
      next.packet.packetID = nextID()
      next.wasSent = true
      inFlight[next.packet.packetID] = next
      order.append(next.packet.packetID)
      send(.publish(next.packet), now: now)
    }
  }

  /// Repeats PUBLISH packets of an earlier connection, as far as the window goes.
  mutating func drainRepeats(now: UInt64) {
    while window > 0, let packetID = repeats.popFirst() {
      guard let flight = inFlight[packetID] else { continue }
      window -= 1
      send(.publish(flight.packet), now: now)
    }
  }

  /// Answers a message of QoS 1 or 2.
  mutating func answer(_ message: PublishPacket, reason: MQTTReasonCode, now: UInt64) {
    let told = options.version == .v5 ? reason : .success
    switch message.qos {
    case .atMostOnce: break
    case .atLeastOnce: send(.puback(PubackPacket(packetID: message.packetID, reason: told)), now: now)
    case .exactlyOnce:
      if told.isFailure { taken.remove(message.packetID) }
      send(.pubrec(PubrecPacket(packetID: message.packetID, reason: told)), now: now)
    }
  }
}
