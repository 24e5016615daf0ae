public import NIOCore

/// What the server asks of the house it stands in: who may come in, what may be published and subscribed, and when a
/// message counts as taken.
///
/// All calls are synchronous, on the event loop of the connection in question, and must not block. One object serves
/// all connections of all loops: keep a connection's own state in `MQTTSession.context`.
public protocol MQTTServerDelegate: AnyObject, Sendable {
  /// A client asks to be let in. Called once a connection.
  func connect(_ request: MQTTConnectRequest) -> MQTTConnectAnswer

  /// The next step of an enhanced authentication (version 5), while connecting or later (re-authentication).
  ///
  /// - Parameter session: nil while connecting.
  func authenticate(_ step: AuthPacket, request: MQTTConnectRequest, session: MQTTSession?) -> MQTTConnectAnswer

  /// A client was let in; the first call with this session. Set `session.context` here.
  ///
  /// - Parameter isPresent: whether an earlier session goes on.
  func sessionStarted(_ session: MQTTSession, isPresent: Bool)

  /// Whether a client may subscribe: `.granted(qos)` (at most the QoS asked for) or a failure code.
  func subscribe(_ filter: MQTTString, qos: MQTTQoS, session: MQTTSession) -> MQTTReasonCode

  /// A message came in. This is the hot path: no allocation, no blocking; the views die with the call.
  func publish(_ publish: MQTTPublishView, from session: MQTTSession) -> MQTTPublishAnswer

  /// The will (遗嘱) of a client is due.
  ///
  /// - Returns: whether it goes to the subscribers.
  func will(_ will: MQTTWill, clientID: MQTTString) -> Bool

  /// All reads of one turn of this loop were handed over. Called once a turn in which something was read.
  func tickEnded(_ eventLoop: any EventLoop)

  /// The connection is gone; the last call with this session. The MQTT session itself may live on (its expiry).
  /// After a take-over the new connection may start on another loop before the old one's end is told.
  func sessionEnded(_ session: MQTTSession, reason: MQTTSessionEnd)
}

extension MQTTServerDelegate {
  /// No enhanced authentication: 0x8C.
  public func authenticate(
    _ step: AuthPacket, request: MQTTConnectRequest, session: MQTTSession?
  ) -> MQTTConnectAnswer {
    .refuse(.badAuthenticationMethod)
  }

  public func sessionStarted(_ session: MQTTSession, isPresent: Bool) {}
  public func will(_ will: MQTTWill, clientID: MQTTString) -> Bool { true }
  public func tickEnded(_ eventLoop: any EventLoop) {}
  public func sessionEnded(_ session: MQTTSession, reason: MQTTSessionEnd) {}
}

/// A client that asks to be let in.
public struct MQTTConnectRequest: Sendable {
  /// CONNECT as it came.
  public let packet: ConnectPacket
  /// The certificates that the client proved itself with, in DER, its own first; empty without mutual TLS.
  public let peerCertificates: [[UInt8]]
  public let remoteAddress: SocketAddress?
  /// The loop on which all calls of this connection come.
  public let eventLoop: any EventLoop
}

/// The answer to a client that asks to be let in.
public enum MQTTConnectAnswer: Sendable {
  case accept(MQTTAcceptance)
  /// Closes the connection after CONNACK (DISCONNECT, when it was a re-authentication) with the reason, in 3.1.1 with
  /// the nearest return code.
  case refuse(MQTTReasonCode, MQTTProperties = [])
  /// AUTH with more data: goes on in `authenticate`. Only to a version 5 client that named a method.
  case challenge([UInt8])
  /// Answered when the future completes; a failed future refuses with 0x88. No byte is read until then.
  case later(EventLoopFuture<MQTTConnectAnswer>)

  /// Let in as asked.
  public static var accept: MQTTConnectAnswer { .accept(MQTTAcceptance()) }
}

/// On which terms a client is let in.
public struct MQTTAcceptance: Sendable {
  /// Used in place of the client's own identifier.
  public var clientID: MQTTString?
  /// The longest session expiry granted, in seconds; the server's own limit counts too.
  public var sessionExpirySecondsMax: UInt32?
  /// The keep-alive imposed on the client, in seconds.
  public var keepAliveSeconds: UInt16?
  /// The last data of an enhanced authentication.
  public var authenticationData: [UInt8]?
  /// More for CONNACK: reason string, response information, user properties.
  public var properties: MQTTProperties

  public init(
    clientID: MQTTString? = nil, sessionExpirySecondsMax: UInt32? = nil, keepAliveSeconds: UInt16? = nil,
    authenticationData: [UInt8]? = nil, properties: MQTTProperties = []
  ) {
    self.clientID = clientID
    self.sessionExpirySecondsMax = sessionExpirySecondsMax
    self.keepAliveSeconds = keepAliveSeconds
    self.authenticationData = authenticationData
    self.properties = properties
  }
}

/// What becomes of a message that came in.
public enum MQTTPublishAnswer: Sendable {
  /// Goes to the subscribers, is kept when retained, and is acknowledged.
  case route
  /// Is acknowledged; the delegate took it.
  case accepted
  /// Is acknowledged with this reason (0x80 and above) and goes nowhere. Version 3.1.1 has no such answer: its message
  /// is acknowledged like any other.
  case refused(MQTTReasonCode)
  /// Is acknowledged when the delegate calls `session.acknowledge`; with QoS 0 the same as `.accepted`.
  case later
}

/// Why a connection ended.
public enum MQTTSessionEnd: Equatable, Sendable {
  /// DISCONNECT from the client with this reason; 0x00 for all of 3.1.1.
  case disconnected(MQTTReasonCode)
  /// The connection was closed or broke.
  case connectionLost
  /// Nothing came for one and a half keep-alives.
  case keepAliveTimeout
  /// The same client connected again.
  case takenOver
  /// `MQTTSession.close` or `MQTTServer.disconnect`, with this reason.
  case closed(MQTTReasonCode)
  /// What the client sent was malformed or not allowed.
  case violation(MQTTReasonCode)
  /// The server closes.
  case shutDown
}
