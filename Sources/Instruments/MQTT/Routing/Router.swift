import NIOConcurrencyHelpers

/// Who gets a message, and what is kept for later subscribers. Shared by all loops; one short lock.
final class Router: @unchecked Sendable {
  // Unchecked: `tree` and `retained` are touched only with `lock` held.

  private struct Match {
    let session: StoredSession
    var qos: MQTTQoS
    var isRetainAsPublished: Bool
    var identifiers: [UInt32]
    /// The publisher itself, kept out by no local: it counts as a subscriber and gets nothing.
    var isExcluded = false
  }

  private let lock = NIOLock()
  private let tree = SubscriptionTree()
  private let retained: RetainedTree

  init(options: MQTTServerOptions) {
    retained = RetainedTree(messagesMax: options.retainedMessagesMax, bytesMax: options.retainedBytesMax)
  }

  /// How many messages are kept.
  var retainedCount: Int { lock.withLock { retained.count } }
  /// How many subscriptions there are.
  var subscriptionCount: Int { lock.withLock { tree.count } }

  /// The outcome of routing.
  enum Outcome { case delivered, noSubscribers, quotaExceeded }

  /// Hands a message to all matching sessions; keeps it first when it is to be retained.
  ///
  /// A session with several matching subscriptions gets one copy, with the highest QoS of them and all their
  /// identifiers [MQTT-3.3.4-2 ff]. Shared subscriptions count apart.
  func route(_ message: Message) -> Outcome {
    let matches = lock.withLock { () -> [Match]? in
      if message.isRetained, !retained.keep(message) { return nil }
      return collect(message)
    }
    guard let matches else { return .quotaExceeded }
    for match in matches where !match.isExcluded {
      _ = match.session.deliver(
        Delivery(
          message: message, qos: match.qos, isRetained: message.isRetained && match.isRetainAsPublished,
          subscriptionIDs: match.identifiers))
    }
    return matches.isEmpty ? .noSubscribers : .delivered
  }

  /// Whether a message could be kept now.
  func mayKeep(_ topic: MQTTString, bytes: Int) -> Bool { lock.withLock { retained.mayKeep(topic, bytes: bytes) } }

  private func collect(_ message: Message) -> [Match] {
    var matches: [Match] = []
    var places: [ObjectIdentifier: Int] = [:]
    tree.match(message.topic) { found, isShared in
      let id = ObjectIdentifier(found.session)
      if found.options.isNoLocal, message.publisher == found.session.clientID {
        matches.append(
          Match(
            session: found.session, qos: .atMostOnce, isRetainAsPublished: false, identifiers: [], isExcluded: true))
        return
      }
      let qos = min(found.options.maximumQoS, message.qos)
      let identifiers = found.identifier == 0 ? [] : [found.identifier]
      if let place = places[id], !isShared {
        matches[place].qos = max(matches[place].qos, qos)
        matches[place].isRetainAsPublished = matches[place].isRetainAsPublished || found.options.isRetainAsPublished
        matches[place].identifiers += identifiers
      } else {
        // A shared subscription's copy is one of its own, beside that of the session's other subscriptions (4.8.2).
        if !isShared { places[id] = matches.count }
        matches.append(
          Match(
            session: found.session, qos: qos, isRetainAsPublished: found.options.isRetainAsPublished,
            identifiers: identifiers))
      }
    }
    return matches
  }

  /// Adds a subscription and gives the kept messages that it asks for.
  func subscribe(
    _ session: StoredSession, filter: MQTTString, options: MQTTSubscriptionOptions, identifier: UInt32, now: UInt64
  ) -> (isNew: Bool, retained: [Message]) {
    lock.withLock {
      let isNew = tree.insert(
        .init(session: session, options: options, identifier: identifier), filter: filter)
      let isShared = filter.utf8.withUnsafeBytes { MQTTTopicFilter.isShared($0) }
      let wants =
        switch options.retainHandling {
        case .always: true
        case .whenNew: isNew
        case .never: false
        }
      guard wants, !isShared else { return (isNew, []) }
      let kept = retained.matching(filter, now: now)
      // No local holds for kept messages too: the publisher is known by its client identifier [MQTT-3.8.3-3].
      return (isNew, options.isNoLocal ? kept.filter { $0.publisher != session.clientID } : kept)
    }
  }

  /// Removes a subscription.
  func unsubscribe(_ session: StoredSession, filter: MQTTString) -> Bool {
    lock.withLock { tree.remove(session, filter: filter) }
  }

  /// Removes all of a session's subscriptions.
  func forget(_ session: StoredSession, filters: some Sequence<MQTTString>) {
    lock.withLock {
      for filter in filters { _ = tree.remove(session, filter: filter) }
    }
  }

  /// Forgets kept messages that expired.
  func sweep(now: UInt64) { lock.withLock { retained.sweep(now: now) } }
}
