import Logging
import NIOConcurrencyHelpers

/// The sessions of a server, their wills and their ends. Shared by all loops; one short lock, taken at connecting and
/// leaving only.
final class Broker: @unchecked Sendable {
  // Unchecked: `sessions`, `deadlines` and the sessions' broker part are touched only with `lock` held.

  let options: MQTTServerOptions
  let router: Router
  let delegate: any MQTTServerDelegate
  let logger: Logger
  private let lock = NIOLock()
  private var sessions: [MQTTString: StoredSession] = [:]
  private var deadlines = DeadlineQueue()
  private var lastSweep: UInt64 = 0

  /// How often kept messages that expired are looked for, in milliseconds.
  private static let sweepMilliseconds: UInt64 = 60_000

  init(options: MQTTServerOptions, delegate: any MQTTServerDelegate, logger: Logger) {
    self.options = options
    self.delegate = delegate
    self.logger = logger
    router = Router(options: options)
  }

  /// Sessions, connected or not.
  var sessionCount: Int { lock.withLock { sessions.count } }

  /// A session of this client.
  func session(_ clientID: MQTTString) -> StoredSession? { lock.withLock { sessions[clientID] } }

  // MARK: Coming

  /// What a client gets on connecting.
  struct Attachment {
    let session: StoredSession
    let isPresent: Bool
    let generation: UInt64
  }

  /// Gives a client its session, in place of any connection that had it.
  ///
  /// - Returns: nil when there are too many sessions.
  func attach(
    _ connection: Connection, clientID: MQTTString, isClean: Bool, expirySeconds: UInt32, will: MQTTWill?
  ) -> Attachment? {
    let now = options.clock()
    var due: MQTTWill?
    var old: Connection?
    let attachment = lock.withLock { () -> Attachment? in
      var existing = sessions[clientID]
      // A session without expiry ends with its connection, also where the new connection displaces it.
      if let session = existing,
        isClean || session.expirySeconds == 0 || session.expiresAt.map({ $0 <= now }) ?? false
      {
        due = session.will
        old = session.evict()
        remove(session)
        existing = nil
      } else if let session = existing {
        let wasConnected = session.willDueAt == nil && session.isConnected
        if wasConnected, session.will?.properties.willDelayInterval ?? 0 == 0 { due = session.will }
      }
      guard existing != nil || sessions.count < options.sessionsMax else { return nil }
      let session = existing ?? StoredSession(clientID: clientID, options: options)
      sessions[clientID] = session
      session.begin(expirySeconds: expirySeconds, will: will)
      old = session.attach(connection) ?? old
      return Attachment(session: session, isPresent: existing != nil, generation: session.generation)
    }
    old?.takenOver()
    if let due { publish(due, of: clientID) }
    return attachment
  }

  // MARK: Leaving

  /// A connection ended.
  ///
  /// - Parameters:
  ///   - dropsWill: the client said good-bye.
  ///   - expirySeconds: the session's end as DISCONNECT changed it.
  func detach(_ connection: Connection, _ attachment: Attachment, dropsWill: Bool, expirySeconds: UInt32?) {
    let session = attachment.session
    guard session.detach(connection) else { return }
    let now = options.clock()
    let due = lock.withLock { () -> MQTTWill? in
      guard session.generation == attachment.generation else { return nil }
      if let expirySeconds { session.expirySeconds = expirySeconds }
      if dropsWill { session.will = nil }
      guard session.expirySeconds > 0 else {
        remove(session)
        return session.will
      }
      return leave(session, now: now)
    }
    if let due { publish(due, of: session.clientID) }
  }

  /// Sets what is to happen while the client is away.
  ///
  /// - Returns: the will that is due at once.
  private func leave(_ session: StoredSession, now: UInt64) -> MQTTWill? {
    if session.expirySeconds != .max {
      let at = now + UInt64(session.expirySeconds) * 1_000
      session.expiresAt = at
      deadlines.insert(.init(at: at, session: session, generation: session.generation))
    }
    guard let will = session.will else { return nil }
    let delay = will.properties.willDelayInterval ?? 0
    guard delay > 0 else {
      session.will = nil
      return will
    }
    let at = now + UInt64(min(delay, session.expirySeconds)) * 1_000
    session.willDueAt = at
    deadlines.insert(.init(at: at, session: session, generation: session.generation))
    return nil
  }

  private func remove(_ session: StoredSession) {
    if sessions[session.clientID] === session { sessions[session.clientID] = nil }
    router.forget(session, filters: session.filters)
    session.filters.removeAll()
  }

  // MARK: Time

  /// Ends sessions and publishes wills whose time has come.
  func housekeep() {
    let now = options.clock()
    var due: [(MQTTWill, MQTTString)] = []
    lock.withLock {
      while let entry = deadlines.popDue(now: now) {
        let session = entry.session
        guard session.generation == entry.generation, sessions[session.clientID] === session else { continue }
        let isOver = session.expiresAt.map { $0 <= now } ?? false
        if isOver || session.willDueAt.map({ $0 <= now }) ?? false {
          if let will = session.will { due.append((will, session.clientID)) }
          session.will = nil
          session.willDueAt = nil
        }
        if isOver { remove(session) }
      }
    }
    for (will, clientID) in due { publish(will, of: clientID) }
    guard now >= lastSweep + Self.sweepMilliseconds else { return }
    lastSweep = now
    router.sweep(now: now)
  }

  private func publish(_ will: MQTTWill, of clientID: MQTTString) {
    guard delegate.will(will, clientID: clientID) else { return }
    let message = Message(
      topic: will.topic, payload: will.payload, qos: will.qos, isRetained: will.isRetained,
      expirySeconds: will.properties.messageExpiryInterval, properties: will.properties, now: options.clock())
    _ = router.route(message)
  }

  // MARK: Subscriptions

  /// Subscribes and queues the kept messages; SUBACK must be on its way already.
  ///
  /// - Returns: false when the session has too many subscriptions.
  func subscribe(
    _ session: StoredSession, filter: MQTTString, options: MQTTSubscriptionOptions, identifier: UInt32
  ) -> (isTaken: Bool, retained: [Message]) {
    lock.withLock {
      // A session that a clean start just ended must not come back into the tree through its old connection.
      guard sessions[session.clientID] === session else { return (false, []) }
      let isKnown = session.filters.contains(filter)
      guard isKnown || session.filters.count < self.options.subscriptionsMax else { return (false, []) }
      session.filters.insert(filter)
      let outcome = router.subscribe(
        session, filter: filter, options: options, identifier: identifier, now: self.options.clock())
      return (true, outcome.retained)
    }
  }

  /// Removes a subscription.
  func unsubscribe(_ session: StoredSession, filter: MQTTString) -> Bool {
    lock.withLock {
      session.filters.remove(filter)
      return router.unsubscribe(session, filter: filter)
    }
  }
}
