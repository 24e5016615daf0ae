import DequeModule

/// The sending half of a session (4.3, 4.4, 4.9): what waits, what is in flight, and which acknowledgement belongs to
/// what. A pure state machine: no I/O, no clock.
///
/// It outlives connections: `resume` begins one, `suspend` ends it. The connection pulls with `next` whenever it may
/// write.
struct OutboundMachine: ~Copyable {
  /// What a connection's client allows.
  struct Terms {
    var version: MQTTVersion = .v311
    /// Unacknowledged messages at once.
    var window = 0
    var packetBytesMax = Int.max
    var topicAliasMaximum: UInt16 = 0
  }

  /// The limits of the queue.
  struct Limits {
    var messagesMax: Int
    var bytesMax: Int
    var queuesQoS0Offline: Bool
  }

  /// What goes out next.
  enum Send {
    case publish(OutboundPublish)
    case pubrel(UInt16)
  }

  /// The outcome of an acknowledgement that came in.
  enum AckOutcome: Equatable {
    /// Fitted, or of no message that is known (late, after a restart): nothing to do.
    case done
    /// Answer with PUBREL.
    case sendPubrel
    /// Not the acknowledgement that the message waits for.
    case violation
  }

  private struct InFlight {
    let delivery: Delivery
    /// Grows with each first sending: the order of repetition [MQTT-4.6.0-1].
    let sequence: UInt64
    /// PUBREC came: waits for PUBCOMP.
    var isReleased = false
    /// Counts against the window of this connection.
    var usesWindow = true
  }

  let limits: Limits
  private var terms = Terms()
  private var isConnected = false
  private var queue = Deque<Delivery>()
  private var queuedBytes = 0
  private var queuedQoS0 = 0
  private var inFlight: [UInt16: InFlight] = [:]
  private var repeats = Deque<UInt16>()
  /// Below 0 while more of an earlier connection's messages wait for PUBCOMP than the client now allows.
  private var windowLeft = 0
  private var lastID: UInt16 = 0
  private var lastSequence: UInt64 = 0
  private var aliases: [MQTTString: UInt16] = [:]

  init(limits: Limits) { self.limits = limits }

  /// Messages waiting or in flight.
  var count: Int { queue.count + inFlight.count }

  /// Whether `next` could give something.
  var hasWork: Bool { !repeats.isEmpty || !queue.isEmpty }

  // MARK: Connection

  /// A connection begins: everything in flight is to be repeated in its order, with DUP [MQTT-4.4.0-1]. What waits for
  /// PUBCOMP keeps its place in the window [MQTT-3.3.4-9].
  mutating func resume(_ terms: Terms) {
    self.terms = terms
    isConnected = true
    windowLeft = terms.window
    aliases = [:]
    repeats = Deque(inFlight.sorted { $0.value.sequence < $1.value.sequence }.map(\.key))
    for id in repeats {
      let isReleased = inFlight[id]?.isReleased ?? false
      inFlight[id]?.usesWindow = isReleased
      if isReleased { windowLeft -= 1 }
    }
  }

  /// The connection ended: what is in flight stays; QoS 0 messages go unless they may wait.
  mutating func suspend() {
    isConnected = false
    repeats.removeAll()
    guard !limits.queuesQoS0Offline, queuedQoS0 > 0 else { return }
    queue.removeAll { $0.qos == .atMostOnce }
    queuedQoS0 = 0
    queuedBytes = queue.reduce(0) { $0 + $1.message.byteCount }
  }

  // MARK: Queue

  /// Takes a message into the queue.
  ///
  /// - Returns: false when it was dropped: QoS 0 for a client that is away, or the queue's limit. A QoS 1 or 2 message
  ///   beyond the limit drops the oldest waiting QoS 0 message, else the oldest waiting message, and is taken.
  mutating func enqueue(_ delivery: Delivery) -> Bool {
    if delivery.qos == .atMostOnce, !isConnected, !limits.queuesQoS0Offline { return false }
    let bytes = delivery.message.byteCount
    guard bytes <= limits.bytesMax else { return false }
    while queue.count >= limits.messagesMax || queuedBytes + bytes > limits.bytesMax {
      if delivery.qos == .atMostOnce { return false }
      dropOldest()
    }
    queue.append(delivery)
    queuedBytes += bytes
    if delivery.qos == .atMostOnce { queuedQoS0 += 1 }
    return true
  }

  private mutating func dropOldest() {
    let index = queuedQoS0 > 0 ? queue.firstIndex { $0.qos == .atMostOnce } ?? 0 : 0
    forget(queue.remove(at: index))
  }

  private mutating func forget(_ delivery: Delivery) {
    queuedBytes -= delivery.message.byteCount
    if delivery.qos == .atMostOnce { queuedQoS0 -= 1 }
  }

  // MARK: Sending

  /// The next packet to write; nil when nothing waits or the window is full. Messages that expired or are larger than
  /// the client takes are dropped as though they had been sent [MQTT-3.1.2-25].
  mutating func next(now: UInt64) -> Send? {
    guard isConnected else { return nil }
    if let send = nextRepeat(now: now) { return send }
    guard repeats.isEmpty else { return nil }
    while let delivery = queue.first {
      if delivery.qos != .atMostOnce, windowLeft <= 0 || inFlight.count >= 65_535 { return nil }
      queue.removeFirst()
      forget(delivery)
      guard !delivery.message.isExpired(now) else { continue }
      var publish = OutboundPublish(delivery: delivery, version: terms.version, now: now)
      publish.packetID = delivery.qos == .atMostOnce ? 0 : nextID()
      guard applyAlias(to: &publish) else { continue }
      guard delivery.qos != .atMostOnce else { return .publish(publish) }
      lastID = publish.packetID
      lastSequence += 1
      inFlight[publish.packetID] = InFlight(delivery: delivery, sequence: lastSequence)
      windowLeft -= 1
      return .publish(publish)
    }
    return nil
  }

  private mutating func nextRepeat(now: UInt64) -> Send? {
    while let id = repeats.first {
      guard let flight = inFlight[id] else {
        repeats.removeFirst()
        continue
      }
      if flight.isReleased {
        repeats.removeFirst()
        return .pubrel(id)
      }
      guard windowLeft > 0 else { return nextRelease() }
      repeats.removeFirst()
      var publish = OutboundPublish(delivery: flight.delivery, version: terms.version, now: now)
      publish.packetID = id
      publish.isDuplicate = true
      guard applyAlias(to: &publish) else {
        inFlight[id] = nil
        continue
      }
      inFlight[id]?.usesWindow = true
      windowLeft -= 1
      return .publish(publish)
    }
    return nil
  }

  /// A PUBREL that stands behind messages for which there is no place: it does not wait for them [MQTT-3.3.4-10].
  private mutating func nextRelease() -> Send? {
    guard let index = repeats.firstIndex(where: { inFlight[$0]?.isReleased ?? false }) else { return nil }
    return .pubrel(repeats.remove(at: index))
  }

  /// Gives the packet its alias where the client allows one.
  ///
  /// - Returns: false when the packet is larger than the client takes.
  private mutating func applyAlias(to publish: inout OutboundPublish) -> Bool {
    guard terms.topicAliasMaximum > 0 else { return publish.packetLength <= terms.packetBytesMax }
    let topic = publish.delivery.message.topic
    if let alias = aliases[topic] {
      publish.topicAlias = alias
      publish.omitsTopic = true
    } else if aliases.count < Int(terms.topicAliasMaximum) {
      publish.topicAlias = UInt16(aliases.count + 1)
      if publish.packetLength <= terms.packetBytesMax {
        aliases[topic] = publish.topicAlias
      } else {
        publish.topicAlias = 0
      }
    }
    return publish.packetLength <= terms.packetBytesMax
  }

  private func nextID() -> UInt16 {
    var id = lastID
    repeat { id = id == 65_535 ? 1 : id + 1 } while inFlight[id] != nil
    return id
  }

  // MARK: Acknowledgements

  /// PUBACK.
  mutating func puback(_ id: UInt16) -> AckOutcome {
    guard let flight = inFlight[id] else { return .done }
    guard flight.delivery.qos == .atLeastOnce else { return .violation }
    finish(id, flight)
    return .done
  }

  /// PUBREC; a failure ends the message [MQTT-4.3.3-4].
  mutating func pubrec(_ id: UInt16, reason: MQTTReasonCode) -> AckOutcome {
    guard let flight = inFlight[id] else { return reason.isFailure ? .done : .sendPubrel }
    guard flight.delivery.qos == .exactlyOnce else { return .violation }
    if reason.isFailure {
      finish(id, flight)
      return .done
    }
    inFlight[id]?.isReleased = true
    return .sendPubrel
  }

  /// PUBCOMP.
  mutating func pubcomp(_ id: UInt16) -> AckOutcome {
    guard let flight = inFlight[id] else { return .done }
    guard flight.delivery.qos == .exactlyOnce, flight.isReleased else { return .violation }
    finish(id, flight)
    return .done
  }

  private mutating func finish(_ id: UInt16, _ flight: InFlight) {
    inFlight[id] = nil
    if flight.usesWindow { windowLeft = min(windowLeft + 1, terms.window) }
  }
}
