public import NIOCore

/// One connected client, as the delegate sees it: from `sessionStarted` to `sessionEnded`.
///
/// Unless stated otherwise a member may be used from any thread; after the end all do nothing.
public final class MQTTSession: @unchecked Sendable {
  // Unchecked: `connection` and `contextStorage` are touched only on `eventLoop` (asserted at each use);
  // everything else is immutable and Sendable.

  public let clientID: MQTTString
  public let version: MQTTVersion
  public let userName: MQTTString?
  public let eventLoop: any EventLoop
  let stored: StoredSession
  private var connection: Connection?
  private var contextStorage: AnyObject?

  init(
    clientID: MQTTString, version: MQTTVersion, userName: MQTTString?, stored: StoredSession, connection: Connection
  ) {
    self.clientID = clientID
    self.version = version
    self.userName = userName
    self.stored = stored
    self.connection = connection
    eventLoop = connection.loop.eventLoop
  }

  /// The delegate's own state of this connection. On the event loop only.
  public var context: AnyObject? {
    get {
      eventLoop.assertInEventLoop()
      return contextStorage
    }
    set {
      eventLoop.assertInEventLoop()
      contextStorage = newValue
    }
  }

  /// Lets the acknowledgements of messages answered with `.later` go, all in one write. On the event loop only.
  ///
  /// - Parameters:
  ///   - packetIDs: of QoS 1 and 2 messages of this connection, each once.
  ///   - reason: for all of them; a failure (0x80 and above) is told to version 5 only.
  public func acknowledge(packetIDs: some Sequence<UInt16>, reason: MQTTReasonCode = .success) {
    eventLoop.assertInEventLoop()
    connection?.acknowledgeLater(packetIDs, reason: reason)
  }

  /// As the other one, without the cost of a sequence that is not known here: the way for the hot path.
  public func acknowledge(packetIDs: [UInt16], reason: MQTTReasonCode = .success) {
    eventLoop.assertInEventLoop()
    connection?.acknowledgeLater(packetIDs, reason: reason)
  }

  /// Sends a message to this client, whatever it subscribed to; it waits its turn in the session's queue.
  ///
  /// - Parameters:
  ///   - expirySeconds: dropped when it could not be sent by then.
  ///   - properties: version 5; content type, response topic, correlation data, user properties, format indicator.
  /// - Returns: false when the queue's limit dropped it.
  @discardableResult
  public func publish(
    topic: MQTTString, payload: [UInt8], qos: MQTTQoS, expirySeconds: UInt32? = nil, properties: MQTTProperties = []
  ) -> Bool {
    let message = Message(
      topic: topic, payload: payload, qos: qos, expirySeconds: expirySeconds, properties: properties,
      now: stored.clock())
    return stored.deliver(Delivery(message: message, qos: qos))
  }

  /// Ends the connection: version 5 is told the reason. The will is published, as at any end that is not the client's
  /// own.
  public func close(_ reason: MQTTReasonCode = .administrativeAction) {
    onLoop { $0.closeByServer(reason) }
  }

  /// Stops reading from this client; what was read already is still handed over.
  public func pauseReading() { onLoop { $0.pauseReading() } }

  /// Reads again.
  public func resumeReading() { onLoop { $0.resumeReading() } }

  /// Whether the client takes what is sent; false while its connection is full. On the event loop only.
  public var isWritable: Bool {
    eventLoop.assertInEventLoop()
    return connection?.isWritable ?? false
  }

  /// Messages that wait for this client or for its acknowledgement.
  public var queuedCount: Int { stored.queuedCount }

  /// Ends the handle; from the connection, on the loop.
  func detach() {
    eventLoop.assertInEventLoop()
    connection = nil
    contextStorage = nil
  }

  private func onLoop(_ body: @escaping @Sendable (Connection) -> Void) {
    if eventLoop.inEventLoop {
      if let connection { body(connection) }
    } else {
      eventLoop.execute {
        if let connection = self.connection { body(connection) }
      }
    }
  }
}
