/// The properties of one MQTT 5 packet, in the order in which they stand on the wire.
public struct MQTTProperties: Hashable, Sendable, ExpressibleByArrayLiteral {
  /// The properties in order; user properties may repeat.
  public var list: [MQTTProperty]

  /// Properties in the given order.
  public init(_ list: [MQTTProperty] = []) { self.list = list }

  public init(arrayLiteral elements: MQTTProperty...) { list = elements }

  /// Whether there is none.
  public var isEmpty: Bool { list.isEmpty }

  /// Adds one at the end.
  public mutating func append(_ property: MQTTProperty) { list.append(property) }

  private func first<T>(_ pick: (MQTTProperty) -> T?) -> T? {
    for property in list {
      if let value = pick(property) { return value }
    }
    return nil
  }
}

extension MQTTProperties {
  /// Seconds that the session outlives the connection.
  public var sessionExpiryInterval: UInt32? { first { if case .sessionExpiryInterval(let v) = $0 { v } else { nil } } }
  public var receiveMaximum: UInt16? { first { if case .receiveMaximum(let v) = $0 { v } else { nil } } }
  /// Bytes.
  public var maximumPacketSize: UInt32? { first { if case .maximumPacketSize(let v) = $0 { v } else { nil } } }
  public var topicAliasMaximum: UInt16? { first { if case .topicAliasMaximum(let v) = $0 { v } else { nil } } }
  public var topicAlias: UInt16? { first { if case .topicAlias(let v) = $0 { v } else { nil } } }
  public var requestResponseInformation: Bool? {
    first { if case .requestResponseInformation(let v) = $0 { v == 1 } else { nil } }
  }
  public var requestProblemInformation: Bool? {
    first { if case .requestProblemInformation(let v) = $0 { v == 1 } else { nil } }
  }
  public var authenticationMethod: MQTTString? {
    first { if case .authenticationMethod(let v) = $0 { v } else { nil } }
  }
  public var authenticationData: [UInt8]? { first { if case .authenticationData(let v) = $0 { v } else { nil } } }
  /// Seconds.
  public var willDelayInterval: UInt32? { first { if case .willDelayInterval(let v) = $0 { v } else { nil } } }
  public var payloadFormatIndicator: UInt8? {
    first { if case .payloadFormatIndicator(let v) = $0 { v } else { nil } }
  }
  /// Seconds.
  public var messageExpiryInterval: UInt32? { first { if case .messageExpiryInterval(let v) = $0 { v } else { nil } } }
  public var contentType: MQTTString? { first { if case .contentType(let v) = $0 { v } else { nil } } }
  public var responseTopic: MQTTString? { first { if case .responseTopic(let v) = $0 { v } else { nil } } }
  public var correlationData: [UInt8]? { first { if case .correlationData(let v) = $0 { v } else { nil } } }
  public var assignedClientIdentifier: MQTTString? {
    first { if case .assignedClientIdentifier(let v) = $0 { v } else { nil } }
  }
  /// Seconds.
  public var serverKeepAlive: UInt16? { first { if case .serverKeepAlive(let v) = $0 { v } else { nil } } }
  public var reasonString: MQTTString? { first { if case .reasonString(let v) = $0 { v } else { nil } } }
  public var serverReference: MQTTString? { first { if case .serverReference(let v) = $0 { v } else { nil } } }
  public var responseInformation: MQTTString? { first { if case .responseInformation(let v) = $0 { v } else { nil } } }
  public var maximumQoS: UInt8? { first { if case .maximumQoS(let v) = $0 { v } else { nil } } }
  public var retainAvailable: Bool? { first { if case .retainAvailable(let v) = $0 { v == 1 } else { nil } } }
  public var wildcardSubscriptionAvailable: Bool? {
    first { if case .wildcardSubscriptionAvailable(let v) = $0 { v == 1 } else { nil } }
  }
  public var subscriptionIdentifierAvailable: Bool? {
    first { if case .subscriptionIdentifierAvailable(let v) = $0 { v == 1 } else { nil } }
  }
  public var sharedSubscriptionAvailable: Bool? {
    first { if case .sharedSubscriptionAvailable(let v) = $0 { v == 1 } else { nil } }
  }
  /// One in SUBSCRIBE; in a received PUBLISH one a matching subscription.
  public var subscriptionIdentifiers: [UInt32] {
    list.compactMap { if case .subscriptionIdentifier(let v) = $0 { v } else { nil } }
  }
  /// Names and values in their order.
  public var userProperties: [(name: MQTTString, value: MQTTString)] {
    list.compactMap { if case .userProperty(let n, let v) = $0 { (n, v) } else { nil } }
  }
}
