public import NIOCore

/// Drives a `MQTTClientMachine` on a channel: bytes to packets, actions to writes, time to ticks. All calls and events
/// on the channel's event loop.
public final class MQTTClientHandler: ChannelInboundHandler {
  public typealias InboundIn = ByteBuffer
  public typealias OutboundOut = ByteBuffer

  /// What the program is told; packets are written by the handler itself.
  public typealias Listener = (MQTTClientMachine.Action) -> Void

  /// The machine; given back with its state by `takeMachine` for the next connection.
  private var machine: MQTTClientMachine
  private let version: MQTTVersion
  private let packetBytesMax: Int
  private let listener: Listener
  private let clock: @Sendable () -> UInt64
  private var context: ChannelHandlerContext?
  private var partial: ByteBuffer?
  private var ticker: RepeatedTask?

  /// - Parameters:
  ///   - clock: monotonic milliseconds.
  ///   - listener: told what happens, on the event loop; `.send` never, `.close` once at the end.
  public init(
    machine: consuming MQTTClientMachine,
    clock: @escaping @Sendable () -> UInt64 = { NIODeadline.now().uptimeNanoseconds / 1_000_000 },
    listener: @escaping Listener
  ) {
    version = machine.options.version
    packetBytesMax = machine.options.packetBytesMax
    self.machine = machine
    self.clock = clock
    self.listener = listener
  }

  /// Ends the handler's use of the machine and gives it with all that is in flight, for the next connection.
  public func takeMachine() -> MQTTClientMachine {
    var taken = MQTTClientMachine(options: machine.options)
    swap(&taken, &machine)
    taken.connectionClosed()
    return taken
  }

  /// Lets the program act on the machine and performs what comes of it.
  ///
  /// - Returns: what the body returned beside the actions.
  @discardableResult
  public func perform<T>(
    _ body: (inout MQTTClientMachine, _ now: UInt64) -> (T, [MQTTClientMachine.Action])
  ) -> T {
    let (value, actions) = body(&machine, clock())
    run(actions)
    return value
  }

  // MARK: Channel

  public func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { open() }
  }

  public func handlerRemoved(context: ChannelHandlerContext) {
    ticker?.cancel()
    ticker = nil
    self.context = nil
  }

  public func channelActive(context: ChannelHandlerContext) {
    open()
    context.fireChannelActive()
  }

  public func channelInactive(context: ChannelHandlerContext) {
    ticker?.cancel()
    ticker = nil
    machine.connectionClosed()
    tellClosed(.unspecifiedError)
    context.fireChannelInactive()
  }

  public func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    if var joined = partial {
      joined.writeBuffer(&buffer)
      buffer = joined
      partial = nil
    }
    do throws(MQTTDecodeError) {
      while let packet = try nextPacket(&buffer) { run(machine.received(packet, now: clock())) }
    } catch {
      run([.send(.disconnect(DisconnectPacket(reason: error.reason))), .close(error.reason)])
      return
    }
    if buffer.readableBytes > 0 { partial = buffer }
  }

  private func nextPacket(_ buffer: inout ByteBuffer) throws(MQTTDecodeError) -> MQTTPacket? {
    let (limit, version) = (packetBytesMax, version)
    let result = buffer.withUnsafeReadableBytes { bytes -> Result<(MQTTPacket, Int)?, MQTTDecodeError> in
      Result { () throws(MQTTDecodeError) in
        guard let header = try MQTTFixedHeader.read(bytes, packetBytesMax: limit), header.packetLength <= bytes.count
        else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: bytes[header.headerLength..<header.packetLength])
        return (try MQTTPacket.decode(header, body: body, version: version), header.packetLength)
      }
    }
    guard let (packet, length) = try result.get() else { return nil }
    buffer.moveReaderIndex(forwardBy: length)
    return packet
  }

  // MARK: Actions

  private func open() {
    guard ticker == nil, let context else { return }
    run(machine.connectionOpened(now: clock()))
    let turn = TimeAmount.milliseconds(500)
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    ticker = context.eventLoop.scheduleRepeatedTask(initialDelay: turn, delay: turn) { _ in
      let handler = bound.value
      handler.run(handler.machine.tick(now: handler.clock()))
    }
  }

  private func run(_ actions: [MQTTClientMachine.Action]) {
    guard let context, !actions.isEmpty else { return }
    var out: ByteBuffer?
    var reason: MQTTReasonCode?
    for action in actions {
      switch action {
      case .send(let packet):
        var buffer = out ?? context.channel.allocator.buffer(capacity: 256)
        packet.write(to: &buffer, version: version)
        out = buffer
      case .close(let why): reason = why
      case .refused(let connack):
        listener(action)
        reason = connack.reason
      default: listener(action)
      }
    }
    if let out { context.writeAndFlush(wrapOutboundOut(out), promise: nil) }
    guard let reason else { return }
    tellClosed(reason)
    context.close(promise: nil)
  }

  private var hasToldClosed = false

  private func tellClosed(_ reason: MQTTReasonCode) {
    guard !hasToldClosed else { return }
    hasToldClosed = true
    listener(.close(reason))
  }
}
