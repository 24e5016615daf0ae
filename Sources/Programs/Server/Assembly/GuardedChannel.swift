import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// Ends the web's connections that hold a place and say nothing: half-open ones, handshakes that never end, and peers
/// that no longer answer.
struct ConnectionLimits: Sendable {
  /// From accepting to the end of the TLS handshake, in seconds.
  var handshakeSeconds: Int64 = 10
  /// Without a byte in either direction, in seconds. Open streams say every fifteen seconds that they are alive, so
  /// that only connections without requests, and dead peers, come to this.
  var silentSeconds: Int64 = 90
  /// At once; more are not accepted until others end.
  var connectionsMax = 10_000
}

/// A web channel under `ConnectionLimits`.
struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base
  let limits: ConnectionLimits

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    base.setup(channel: channel, logger: logger).flatMapThrowing { value in
      let pipeline = channel.pipeline.syncOperations
      let tls = try pipeline.handler(type: NIOSSLServerHandler.self)
      try pipeline.addHandler(HandshakeDeadline(seconds: limits.handshakeSeconds), position: .after(tls))
      try pipeline.addHandlers(
        [IdleStateHandler(allTimeout: .seconds(limits.silentSeconds)), SilenceEnd()], position: .first)
      return value
    }
  }

  func handle(value: Base.Value, logger: Logger) async {
    await base.handle(value: value, logger: logger)
  }
}

/// Closes a connection whose TLS handshake takes too long, however busily it takes it.
private final class HandshakeDeadline: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let seconds: Int64
  private var deadline: Scheduled<Void>?

  init(seconds: Int64) { self.seconds = seconds }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: .seconds(seconds)) { channel.close(promise: nil) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event { deadline?.cancel() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }
}

/// Closes a connection on which nothing moves.
private final class SilenceEnd: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
    // Below TLS: a goodbye would wait for a peer that does not answer.
    context.close(promise: nil)
  }
}
