/// How a client presents itself, and its limits.
public struct MQTTClientOptions: Sendable {
  public var version: MQTTVersion
  public var clientID: MQTTString
  /// Begin anew, forgetting what the server kept.
  public var isClean: Bool
  /// How long the server keeps the session after the connection, in seconds (version 5; 3.1.1: as the server likes,
  /// when not clean).
  public var sessionExpirySeconds: UInt32
  /// 0: none. A PINGREQ goes out when nothing else did for that long; no answer within `answerSecondsMax` ends the
  /// connection.
  public var keepAliveSeconds: UInt16
  /// The longest wait for CONNACK and PINGRESP, in seconds.
  public var answerSecondsMax: UInt16 = 10
  public var userName: MQTTString?
  public var password: [UInt8]?
  public var will: MQTTWill?
  /// QoS 1 and 2 messages the server may have unacknowledged towards this client (version 5).
  public var receiveMaximum: UInt16 = 64
  /// The largest packet taken, in bytes.
  public var packetBytesMax = 1 << 20
  /// QoS 1 and 2 messages in flight to the server, at most what the server allows.
  public var windowMax: UInt16 = 64
  /// Messages waiting to be sent, those in flight included; a further `publish` is refused.
  public var queuedMax = 1_024
  /// Whether QoS 1 and 2 messages are acknowledged at once; else the program says `acknowledge` when it has taken one.
  public var acknowledgesAtOnce = true
  /// More for CONNECT of version 5: user properties, authentication method and data.
  public var properties: MQTTProperties = []

  public init(
    version: MQTTVersion = .v5, clientID: MQTTString, isClean: Bool = false, sessionExpirySeconds: UInt32 = 0,
    keepAliveSeconds: UInt16 = 60
  ) {
    self.version = version
    self.clientID = clientID
    self.isClean = isClean
    self.sessionExpirySeconds = sessionExpirySeconds
    self.keepAliveSeconds = keepAliveSeconds
  }
}
