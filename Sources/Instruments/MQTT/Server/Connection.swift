import Logging
import NIOCore

/// One client's connection: the channel handler that performs what the state machines say.
///
/// The parts: `+Receive` takes bytes apart, `+Connect` lets the client in, `+Publish`, `+Acknowledge` and `+Subscribe`
/// do what packets ask, `+Send` writes, `+Close` ends.
final class Connection: ChannelDuplexHandler, TimerWheelEntry, @unchecked Sendable {
  // Unchecked: everything mutable is touched on `loop.eventLoop` only; other threads reach it through
  // `wake`, `takenOver` and `closeByServer`, which hop there.

  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// How far the client got.
  enum Phase {
    /// CONNECT is to come.
    case new
    /// The delegate has not decided yet.
    case deciding
    /// An enhanced authentication goes on.
    case authenticating
    case connected
    /// Nothing is taken any more; what was written goes out.
    case closing
  }

  let loop: LoopState
  let broker: Broker
  let isTLS: Bool
  var context: ChannelHandlerContext?
  var phase = Phase.new
  var version = MQTTVersion.v311
  /// What was asked for, until it is decided; with an authentication method, as long as the connection.
  var request: MQTTConnectRequest?
  /// CONNECT asked for a session that outlives the connection.
  var hasExpiry = false
  var session: MQTTSession?
  var attachment: Broker.Attachment?
  /// A re-authentication goes on.
  var isReauthenticating = false

  // Reading
  /// The beginning of a packet whose end has not come.
  var partial: ByteBuffer?
  var isParsing = false
  var isPaused = false
  var isReadHeld = false
  var lastRead: UInt64 = 0
  /// The topics of the client's aliases; index 0 is alias 1.
  var aliases: [[UInt8]] = []

  // Publishing in
  /// QoS 1 and 2 messages taken and not acknowledged.
  var unacknowledged = 0
  var receiveMaximum = 0
  /// QoS 2 messages that wait for the delegate's answer.
  var pendingQoS2 = 0

  // Sending
  var out: ByteBuffer?
  var isDirty = false
  var needsServing = false
  /// TLS's buffer for what is sent, and whether it was written to since its pages were given back.
  let ciphertext: CiphertextPages.Lease?
  var hasCiphertext = true
  /// When something was sent last; may be a turn of the wheel old.
  var lastSent: UInt64 = 0
  var packetBytesMaxSent = Int.max
  var wantsProblemInformation = true

  // Time
  var wheelPlace: TimerWheelPlace?
  var keepAliveMilliseconds: UInt64 = 0
  var deadline: UInt64 = 0

  init(loop: LoopState, broker: Broker, isTLS: Bool, ciphertext: CiphertextPages.Lease?) {
    self.loop = loop
    self.broker = broker
    self.isTLS = isTLS
    self.ciphertext = ciphertext
  }

  /// Whether the client takes what is sent.
  var isWritable: Bool { context?.channel.isWritable ?? false }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    deadline = loop.now() + broker.options.connectTimeoutMilliseconds
    loop.add(self, deadline: deadline)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    end(.connectionLost)
    loop.remove(self)
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(.connectionLost)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    broker.logger.debug("mqtt connection failed", metadata: ["error": "\(error)"])
    end(.connectionLost)
    context.close(promise: nil)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if needsServing { serve() } else { flushOut() }
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { serve() }
    context.fireChannelWritabilityChanged()
  }

  func read(context: ChannelHandlerContext) {
    if isPaused || phase == .deciding { isReadHeld = true } else { context.read() }
  }

  /// Stops reading.
  func pauseReading() { isPaused = true }

  /// Reads again.
  func resumeReading() {
    isPaused = false
    releaseRead()
  }

  /// Lets a read that was held back go, when nothing holds it any more.
  func releaseRead() {
    guard isReadHeld, !isPaused, phase != .deciding else { return }
    isReadHeld = false
    context?.read()
  }

  // MARK: Wheel

  /// When a connected client that says nothing is taken for gone; nil: never. `lastRead` may be a turn old.
  private var keepAliveDue: UInt64? {
    guard keepAliveMilliseconds > 0 else { return nil }
    return lastRead + keepAliveMilliseconds + TimerWheel<Connection>.tickMilliseconds
  }

  /// When the wheel is to call a connected client's connection; nil: never.
  var nextCall: UInt64? {
    guard let keepAliveDue, let coolDue else { return keepAliveDue ?? coolDue }
    return min(keepAliveDue, coolDue)
  }

  func wheelCalls(now: UInt64) -> UInt64? {
    switch phase {
    case .new, .deciding, .authenticating:
      if now < deadline { return deadline }
      end(.connectionLost)
      context?.close(promise: nil)
      return nil
    case .connected:
      cool(now: now)
      if let due = keepAliveDue, now >= due, !isPaused {
        leave(.keepAliveTimeout, telling: .keepAliveTimeout)
        return deadline
      }
      return nextCall.map { max($0, now + 1) }
    case .closing:
      if now < deadline { return deadline }
      context?.close(promise: nil)
      return nil
    }
  }
}
