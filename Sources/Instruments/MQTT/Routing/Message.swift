/// A message on its way to subscribers: immutable, shared by all sessions that wait for it.
final class Message: Sendable {
  let topic: MQTTString
  let payload: [UInt8]
  let qos: MQTTQoS
  let isRetained: Bool
  /// The properties that are passed on as they came [MQTT-3.3.2-4, -15, -16, -17, -20], on the wire's form.
  let passedProperties: [UInt8]
  /// Milliseconds of the server's clock; nil when it does not expire.
  let expiresAt: UInt64?
  /// The identifier of the client that published it, for no local; nil for the server's own and for wills.
  let publisher: MQTTString?

  init(
    topic: MQTTString, payload: [UInt8], qos: MQTTQoS, isRetained: Bool = false, passedProperties: [UInt8],
    expiresAt: UInt64?, publisher: MQTTString?
  ) {
    self.topic = topic
    self.payload = payload
    self.qos = qos
    self.isRetained = isRetained
    self.passedProperties = passedProperties
    self.expiresAt = expiresAt
    self.publisher = publisher
  }

  /// A message from inside the program.
  convenience init(
    topic: MQTTString, payload: [UInt8], qos: MQTTQoS, isRetained: Bool = false, expirySeconds: UInt32?,
    properties: MQTTProperties, publisher: MQTTString? = nil, now: UInt64
  ) {
    var passed: [UInt8] = []
    for property in properties.list where property.isPassedOn { property.write(to: &passed) }
    self.init(
      topic: topic, payload: payload, qos: qos, isRetained: isRetained, passedProperties: passed,
      expiresAt: expirySeconds.map { now + UInt64($0) * 1_000 }, publisher: publisher)
  }

  /// A copy of what came in.
  convenience init(_ view: MQTTPublishView, publisher: MQTTString, now: UInt64) {
    var passed: [UInt8] = []
    if !view.rawProperties.isEmpty {
      var scanner = PropertyScanner(view.rawProperties, place: .publish)
      while let property = try? scanner.next() {
        switch property.id {
        case .messageExpiryInterval, .topicAlias, .subscriptionIdentifier: continue
        default: passed.write(bytes: property.whole)
        }
      }
    }
    self.init(
      topic: MQTTString(view.topic), payload: Array(view.payload), qos: view.qos, isRetained: view.isRetained,
      passedProperties: passed, expiresAt: view.messageExpirySeconds.map { now + UInt64($0) * 1_000 },
      publisher: publisher)
  }

  /// What it counts against limits.
  var byteCount: Int { topic.utf8.count + payload.count + passedProperties.count }

  /// Whether its time is over.
  func isExpired(_ now: UInt64) -> Bool { expiresAt.map { $0 <= now } ?? false }

  /// The seconds left, rounded up so that a message just published keeps its interval.
  func secondsLeft(_ now: UInt64) -> UInt32? {
    expiresAt.map { $0 > now ? UInt32(($0 - now + 999) / 1_000) : 0 }
  }
}

extension MQTTProperty {
  /// Whether a server passes the property on unchanged.
  var isPassedOn: Bool {
    switch self {
    case .payloadFormatIndicator, .contentType, .responseTopic, .correlationData, .userProperty: true
    default: false
    }
  }
}

/// One message for one session.
struct Delivery: Sendable {
  let message: Message
  /// The lower of the message's and the subscription's.
  let qos: MQTTQoS
  /// The retain flag as this subscriber sees it.
  var isRetained = false
  /// The identifiers of the subscriptions that matched.
  var subscriptionIDs: [UInt32] = []
}
