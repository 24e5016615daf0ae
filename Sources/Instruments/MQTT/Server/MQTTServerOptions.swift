import NIOCore

/// The limits of a server. Every one has a bound, and what happens beyond it is stated.
public struct MQTTServerOptions: Sendable {
  /// The largest packet taken, in bytes, announced to version 5; beyond it 0x95 and close.
  public var packetBytesMax = 2_000_000
  /// The largest CONNECT taken, in bytes: so much may a peer that nobody knows yet make the server keep until
  /// `connectTimeoutMilliseconds`. Beyond it 0x95 and close.
  public var connectBytesMax = 131_072
  /// QoS 1 and 2 messages a client may have unacknowledged, announced to version 5; beyond it 0x93 and close (also for
  /// 3.1.1, which is given `receiveMaximum311`).
  public var receiveMaximum: UInt16 = 20
  /// As `receiveMaximum`, for 3.1.1 clients, which cannot be told.
  public var receiveMaximum311: UInt16 = 65_535
  /// Topic aliases a client may use, announced to version 5; a larger alias: 0x94 and close.
  public var topicAliasMaximum: UInt16 = 10
  /// Topic aliases the server uses towards a client, at most what the client allows.
  public var topicAliasMaximumSent: UInt16 = 16
  /// Messages sent to a client and not acknowledged by it, at most what the client allows.
  public var sendWindowMax: UInt16 = 1_000
  /// From accepting to a complete CONNECT, TLS handshake included; then closed.
  public var connectTimeoutMilliseconds: UInt64 = 10_000
  /// The longest keep-alive, in seconds; a longer one or none at all is replaced (told to version 5). 0: no limit.
  public var keepAliveSecondsMax: UInt16 = 0
  /// Connections at once; more are closed at accepting.
  public var connectionsMax = 100_000
  /// Sessions at once, connected or not; more are refused with 0x97.
  public var sessionsMax = 100_000
  /// The longest session expiry, in seconds, told to version 5; 3.1.1's lasting sessions get it too.
  /// 0xFFFFFFFF: no limit.
  public var sessionExpirySecondsMax: UInt32 = 0xFFFF_FFFF
  /// Messages waiting for one session. Beyond it: a new QoS 0 message is dropped; a new QoS 1 or 2 message drops the
  /// oldest waiting QoS 0 message, and where there is none the oldest waiting message.
  public var queuedMessagesMax = 10_000
  /// Bytes (topic and payload) waiting for one session; beyond it as above.
  public var queuedBytesMax = 16 << 20
  /// Whether QoS 0 messages wait for a client that is away.
  public var queuesQoS0Offline = false
  /// Retained messages kept; beyond it 0x97, the message goes nowhere.
  public var retainedMessagesMax = 100_000
  /// Bytes (topic and payload) of retained messages; beyond it as above.
  public var retainedBytesMax = 256 << 20
  /// Subscriptions a session; beyond it 0x97 in SUBACK.
  public var subscriptionsMax = 10_000
  /// Levels of a topic or filter; beyond it 0x90 (publish) or 0x8F (subscribe).
  public var topicLevelsMax = 200
  /// Bytes waiting to be written to one connection above which the server stops serving its queue, and below which it
  /// goes on.
  public var writeBufferBytes = 32_768...131_072
  /// One read's buffer, in bytes: it begins at the least, grows for a connection that fills it and shrinks again. Each
  /// connection holds one, so that the least counts for many idle ones.
  public var readBufferBytes = 512...16_384
  /// Whether the answers are those that the published packet sequences expect where these differ from the standard:
  /// to wrong flags in PUBREL, DISCONNECT, AUTH and CONNACK 0x82 in place of 0x81, to a protocol level below 3 a
  /// CONNACK of version 5 in place of 3.1.1's return code 1. For conformance runs with those suites only.
  public var answersAsSuites = false
  /// Connections waiting for accept.
  public var backlog: Int32 = 1_024
  /// Monotonic milliseconds; tests pass their own.
  public var clock: @Sendable () -> UInt64 = { NIODeadline.now().uptimeNanoseconds / 1_000_000 }
  /// Names for clients that bring none; must never repeat.
  public var newClientID: @Sendable () -> String

  /// The largest packet that MQTT can express, in bytes.
  static let packetBytesLimit = 268_435_460

  /// Defaults as stated at each.
  ///
  /// - Parameter newClientID: names for clients that bring none; must never repeat.
  public init(newClientID: @escaping @Sendable () -> String) { self.newClientID = newClientID }
}
