import NIOConcurrencyHelpers

/// A session as the server keeps it (4.1): it outlives connections. Reached from all loops, one short lock.
final class StoredSession: @unchecked Sendable {
  // Unchecked: everything mutable below is touched only with `lock` held, `broker` state (filters, will, expiry,
  // generation) only with the broker's lock held.

  let clientID: MQTTString
  let clock: @Sendable () -> UInt64

  private let lock = NIOLock()
  private var outbound: OutboundMachine
  private var inbound = InboundMachine()
  private var connection: Connection?
  /// A wake-up is on its way to the connection.
  private var isWoken = false
  /// Whether the client is there.
  var isConnected: Bool { lock.withLock { connection != nil } }

  // MARK: The broker's part

  /// The filters subscribed. With the broker's lock.
  var filters: Set<MQTTString> = []
  /// With the broker's lock.
  var will: MQTTWill?
  /// Seconds; 0xFFFFFFFF without end. With the broker's lock.
  var expirySeconds: UInt32 = 0
  /// When the will is due, while the client is away. With the broker's lock.
  var willDueAt: UInt64?
  /// When the session ends, while the client is away. With the broker's lock.
  var expiresAt: UInt64?
  /// Grows with each connection, so that old deadlines are known. With the broker's lock.
  var generation: UInt64 = 0

  init(clientID: MQTTString, options: MQTTServerOptions) {
    self.clientID = clientID
    clock = options.clock
    outbound = OutboundMachine(
      limits: .init(
        messagesMax: options.queuedMessagesMax, bytesMax: options.queuedBytesMax,
        queuesQoS0Offline: options.queuesQoS0Offline))
  }

  // MARK: Any thread

  /// The client's connection; nil while it is away.
  var currentConnection: Connection? { lock.withLock { connection } }

  /// Messages waiting or in flight.
  var queuedCount: Int { lock.withLock { outbound.count } }

  /// Takes a message into the queue and wakes the connection.
  ///
  /// - Returns: false when it was dropped.
  func deliver(_ delivery: Delivery) -> Bool {
    lock.lock()
    let isTaken = outbound.enqueue(delivery)
    let wakes = isTaken && !isWoken && connection != nil
    if wakes { isWoken = true }
    let target = connection
    lock.unlock()
    if wakes { target?.wake() }
    return isTaken
  }

  // MARK: The connection's part

  /// A connection takes the session over.
  ///
  /// - Returns: the connection that had it.
  func attach(_ new: Connection) -> Connection? {
    lock.withLock {
      let old = connection
      connection = new
      if old != nil {
        outbound.suspend()
        inbound.suspend()
      }
      isWoken = false
      return old
    }
  }

  /// Takes the session away from its connection, which is ended with it.
  func evict() -> Connection? {
    lock.withLock {
      defer { connection = nil }
      return connection
    }
  }

  /// A new stay of the client begins. With the broker's lock.
  func begin(expirySeconds: UInt32, will: MQTTWill?) {
    self.expirySeconds = expirySeconds
    self.will = will
    willDueAt = nil
    expiresAt = nil
    generation += 1
  }

  /// The connection ended.
  ///
  /// - Returns: false when another one has taken over.
  func detach(_ old: Connection) -> Bool {
    lock.withLock {
      guard connection === old else { return false }
      connection = nil
      outbound.suspend()
      inbound.suspend()
      return true
    }
  }

  /// Begins sending on a connection.
  func resume(_ terms: OutboundMachine.Terms, for asking: Connection) {
    lock.withLock {
      guard connection === asking else { return }
      outbound.resume(terms)
    }
  }

  /// The next packet for a connection; nil when it may rest.
  func next(for asking: Connection, now: UInt64) -> OutboundMachine.Send? {
    lock.withLock {
      guard connection === asking else { return nil }
      let send = outbound.next(now: now)
      if send == nil { isWoken = false }
      return send
    }
  }

  /// Runs acknowledgements through the sending half; nil when another connection has taken over.
  func acknowledged(
    for asking: Connection, _ body: (inout OutboundMachine) -> OutboundMachine.AckOutcome
  ) -> OutboundMachine.AckOutcome {
    lock.withLock {
      guard connection === asking else { return .done }
      return body(&outbound)
    }
  }

  /// Runs a QoS 2 event through the receiving half; nil when another connection has taken over.
  func received<T>(for asking: Connection, _ body: (inout InboundMachine) -> T) -> T? {
    lock.withLock {
      guard connection === asking else { return nil }
      return body(&inbound)
    }
  }
}
