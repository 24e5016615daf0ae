/// The outcome of an operation in MQTT 5 (2.4); a struct, since a peer may send any byte.
public struct MQTTReasonCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  private init(_ value: UInt8) { rawValue = value }

  /// 0x00: success; normal disconnection; granted QoS 0.
  public static let success = Self(0x00)
  public static let grantedQoS1 = Self(0x01)
  public static let grantedQoS2 = Self(0x02)
  public static let disconnectWithWill = Self(0x04)
  public static let noMatchingSubscribers = Self(0x10)
  public static let noSubscriptionExisted = Self(0x11)
  public static let continueAuthentication = Self(0x18)
  public static let reAuthenticate = Self(0x19)
  public static let unspecifiedError = Self(0x80)
  public static let malformedPacket = Self(0x81)
  public static let protocolError = Self(0x82)
  public static let implementationSpecificError = Self(0x83)
  public static let unsupportedProtocolVersion = Self(0x84)
  public static let clientIdentifierNotValid = Self(0x85)
  public static let badUserNameOrPassword = Self(0x86)
  public static let notAuthorized = Self(0x87)
  public static let serverUnavailable = Self(0x88)
  public static let serverBusy = Self(0x89)
  public static let banned = Self(0x8A)
  public static let serverShuttingDown = Self(0x8B)
  public static let badAuthenticationMethod = Self(0x8C)
  public static let keepAliveTimeout = Self(0x8D)
  public static let sessionTakenOver = Self(0x8E)
  public static let topicFilterInvalid = Self(0x8F)
  public static let topicNameInvalid = Self(0x90)
  public static let packetIdentifierInUse = Self(0x91)
  public static let packetIdentifierNotFound = Self(0x92)
  public static let receiveMaximumExceeded = Self(0x93)
  public static let topicAliasInvalid = Self(0x94)
  public static let packetTooLarge = Self(0x95)
  public static let messageRateTooHigh = Self(0x96)
  public static let quotaExceeded = Self(0x97)
  public static let administrativeAction = Self(0x98)
  public static let payloadFormatInvalid = Self(0x99)
  public static let retainNotSupported = Self(0x9A)
  public static let qosNotSupported = Self(0x9B)
  public static let useAnotherServer = Self(0x9C)
  public static let serverMoved = Self(0x9D)
  public static let sharedSubscriptionsNotSupported = Self(0x9E)
  public static let connectionRateExceeded = Self(0x9F)
  public static let maximumConnectTime = Self(0xA0)
  public static let subscriptionIdentifiersNotSupported = Self(0xA1)
  public static let wildcardSubscriptionsNotSupported = Self(0xA2)

  /// 0x80 and above: the operation failed.
  public var isFailure: Bool { rawValue >= 0x80 }

  /// The code in hexadecimal.
  public var description: String {
    let digits = String(rawValue, radix: 16, uppercase: true)
    return digits.count == 1 ? "0x0\(digits)" : "0x\(digits)"
  }

  /// The nearest return code of a 3.1.1 CONNACK (3.2.2.3).
  public var returnCode: UInt8 {
    switch self {
    case .success: 0
    case .unsupportedProtocolVersion: 1
    case .clientIdentifierNotValid: 2
    case .badUserNameOrPassword: 4
    case .notAuthorized, .banned, .badAuthenticationMethod: 5
    default: 3
    }
  }

  /// The granted QoS as a SUBACK code.
  public static func granted(_ qos: MQTTQoS) -> MQTTReasonCode { Self(qos.rawValue) }
}

extension MQTTReasonCode {
  /// The codes of PUBACK and PUBREC (3.4.2.1).
  static func isPublishAnswer(_ code: UInt8) -> Bool {
    switch code {
    case 0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99: true
    default: false
    }
  }

  /// The codes of PUBREL and PUBCOMP (3.6.2.1).
  static func isReleaseAnswer(_ code: UInt8) -> Bool { code == 0x00 || code == 0x92 }

  /// The codes of AUTH (3.15.2.1).
  static func isAuthentication(_ code: UInt8) -> Bool { code == 0x00 || code == 0x18 || code == 0x19 }
}
