/// One property of an MQTT 5 packet (2.2.2.2).
public enum MQTTProperty: Hashable, Sendable {
  /// 0 or 1; 1 says that the payload is UTF-8 text.
  case payloadFormatIndicator(UInt8)
  /// Seconds.
  case messageExpiryInterval(UInt32)
  case contentType(MQTTString)
  case responseTopic(MQTTString)
  case correlationData([UInt8])
  /// 1...268,435,455.
  case subscriptionIdentifier(UInt32)
  /// Seconds; 0xFFFFFFFF means without end.
  case sessionExpiryInterval(UInt32)
  case assignedClientIdentifier(MQTTString)
  /// Seconds.
  case serverKeepAlive(UInt16)
  case authenticationMethod(MQTTString)
  case authenticationData([UInt8])
  case requestProblemInformation(UInt8)
  /// Seconds.
  case willDelayInterval(UInt32)
  case requestResponseInformation(UInt8)
  case responseInformation(MQTTString)
  case serverReference(MQTTString)
  case reasonString(MQTTString)
  case receiveMaximum(UInt16)
  case topicAliasMaximum(UInt16)
  case topicAlias(UInt16)
  case maximumQoS(UInt8)
  case retainAvailable(UInt8)
  case userProperty(MQTTString, MQTTString)
  /// Bytes.
  case maximumPacketSize(UInt32)
  case wildcardSubscriptionAvailable(UInt8)
  case subscriptionIdentifierAvailable(UInt8)
  case sharedSubscriptionAvailable(UInt8)
}

/// The identifiers of table 2-4.
enum PropertyID: UInt8 {
  case payloadFormatIndicator = 0x01
  case messageExpiryInterval = 0x02
  case contentType = 0x03
  case responseTopic = 0x08
  case correlationData = 0x09
  case subscriptionIdentifier = 0x0B
  case sessionExpiryInterval = 0x11
  case assignedClientIdentifier = 0x12
  case serverKeepAlive = 0x13
  case authenticationMethod = 0x15
  case authenticationData = 0x16
  case requestProblemInformation = 0x17
  case willDelayInterval = 0x18
  case requestResponseInformation = 0x19
  case responseInformation = 0x1A
  case serverReference = 0x1C
  case reasonString = 0x1F
  case receiveMaximum = 0x21
  case topicAliasMaximum = 0x22
  case topicAlias = 0x23
  case maximumQoS = 0x24
  case retainAvailable = 0x25
  case userProperty = 0x26
  case maximumPacketSize = 0x27
  case wildcardSubscriptionAvailable = 0x28
  case subscriptionIdentifierAvailable = 0x29
  case sharedSubscriptionAvailable = 0x2A

  /// How the value is written.
  enum Form { case byte, two, four, variable, text, binary, pair }

  /// How this property's value is written.
  var form: Form {
    switch self {
    case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation, .maximumQoS,
      .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
      .sharedSubscriptionAvailable:
      .byte
    case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: .two
    case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval, .maximumPacketSize: .four
    case .subscriptionIdentifier: .variable
    case .correlationData, .authenticationData: .binary
    case .userProperty: .pair
    default: .text
    }
  }
}

/// The places where properties stand.
enum PropertyPlace {
  case connect, will, connack, publish, publishAnswer, subscribe, unsubscribe, subscribeAnswer, disconnect, auth

  private static func mask(_ ids: [PropertyID]) -> UInt64 {
    ids.reduce(0) { $0 | 1 << UInt64($1.rawValue) }
  }

  private static let connectMask = mask([
    .sessionExpiryInterval, .authenticationMethod, .authenticationData, .requestProblemInformation,
    .requestResponseInformation, .receiveMaximum, .topicAliasMaximum, .userProperty, .maximumPacketSize,
  ])
  private static let willMask = mask([
    .payloadFormatIndicator, .messageExpiryInterval, .contentType, .responseTopic, .correlationData,
    .willDelayInterval, .userProperty,
  ])
  private static let connackMask = mask([
    .sessionExpiryInterval, .assignedClientIdentifier, .serverKeepAlive, .authenticationMethod, .authenticationData,
    .responseInformation, .serverReference, .reasonString, .receiveMaximum, .topicAliasMaximum, .maximumQoS,
    .retainAvailable, .userProperty, .maximumPacketSize, .wildcardSubscriptionAvailable,
    .subscriptionIdentifierAvailable, .sharedSubscriptionAvailable,
  ])
  private static let publishMask = mask([
    .payloadFormatIndicator, .messageExpiryInterval, .contentType, .responseTopic, .correlationData,
    .subscriptionIdentifier, .topicAlias, .userProperty,
  ])
  private static let answerMask = mask([.reasonString, .userProperty])
  private static let subscribeMask = mask([.subscriptionIdentifier, .userProperty])
  private static let unsubscribeMask = mask([.userProperty])
  private static let disconnectMask = mask([.sessionExpiryInterval, .serverReference, .reasonString, .userProperty])
  private static let authMask = mask([.authenticationMethod, .authenticationData, .reasonString, .userProperty])

  /// Which properties may stand here, a bit an identifier.
  var allowed: UInt64 {
    switch self {
    case .connect: Self.connectMask
    case .will: Self.willMask
    case .connack: Self.connackMask
    case .publish: Self.publishMask
    case .publishAnswer, .subscribeAnswer: Self.answerMask
    case .subscribe: Self.subscribeMask
    case .unsubscribe: Self.unsubscribeMask
    case .disconnect: Self.disconnectMask
    case .auth: Self.authMask
    }
  }
}
