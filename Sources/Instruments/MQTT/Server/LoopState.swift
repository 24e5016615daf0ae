import NIOCore

/// What one event loop's connections share: the end of the tick, the wheel, buffers. Touched on its loop only.
final class LoopState: @unchecked Sendable {
  // Unchecked: every member is touched on `eventLoop` only (asserted), apart from the immutable ones.

  let eventLoop: any EventLoop
  private let delegate: any MQTTServerDelegate
  private let clock: @Sendable () -> UInt64
  private var dirty: [Connection] = []
  private var isTickScheduled = false
  private var hasRead = false
  private var wheel: TimerWheel<Connection>
  private var wheelTask: RepeatedTask?
  private var spare: [ByteBuffer] = []
  private let allocator = ByteBufferAllocator()
  /// Milliseconds, at most one turn of the wheel old.
  private(set) var coarseNow: UInt64
  /// The connections of this loop.
  private(set) var connections: [ObjectIdentifier: Connection] = [:]

  /// Buffers kept for reuse, and the largest of them that is kept.
  private static let spareMax = 32
  private static let spareBytesMax = 65_536

  init(eventLoop: any EventLoop, delegate: any MQTTServerDelegate, clock: @escaping @Sendable () -> UInt64) {
    self.eventLoop = eventLoop
    self.delegate = delegate
    self.clock = clock
    coarseNow = clock()
    wheel = TimerWheel(now: coarseNow)
  }

  // MARK: Tick

  /// Something was read: the delegate is told at the end of this turn.
  func noteRead() {
    hasRead = true
    scheduleTick()
  }

  /// A connection has something to send: it is served at the end of this turn.
  func markDirty(_ connection: Connection) {
    eventLoop.assertInEventLoop()
    dirty.append(connection)
    scheduleTick()
  }

  private func scheduleTick() {
    guard !isTickScheduled else { return }
    isTickScheduled = true
    eventLoop.execute { self.endTick() }
  }

  private func endTick() {
    isTickScheduled = false
    serveDirty()
    guard hasRead else { return }
    hasRead = false
    delegate.tickEnded(eventLoop)
  }

  private func serveDirty() {
    guard !dirty.isEmpty else { return }
    let served = dirty
    dirty.removeAll(keepingCapacity: true)
    for connection in served { connection.serve() }
  }

  // MARK: Wheel

  /// Watches a new connection.
  func add(_ connection: Connection, deadline: UInt64) {
    eventLoop.assertInEventLoop()
    connections[ObjectIdentifier(connection)] = connection
    wheel.insert(connection, at: deadline)
    guard wheelTask == nil else { return }
    let turn = TimeAmount.milliseconds(Int64(TimerWheel<Connection>.tickMilliseconds))
    wheelTask = eventLoop.scheduleRepeatedTask(initialDelay: turn, delay: turn) { _ in self.turnWheel() }
  }

  /// Watches a connection for another time.
  func move(_ connection: Connection, deadline: UInt64) {
    eventLoop.assertInEventLoop()
    wheel.insert(connection, at: deadline)
  }

  /// Forgets a connection.
  func remove(_ connection: Connection) {
    eventLoop.assertInEventLoop()
    connections[ObjectIdentifier(connection)] = nil
    wheel.remove(connection)
    guard connections.isEmpty else { return }
    wheelTask?.cancel()
    wheelTask = nil
  }

  /// The exact time; the coarse one follows.
  func now() -> UInt64 {
    coarseNow = clock()
    return coarseNow
  }

  /// Asks the connections whose time may have come.
  func turnWheel() {
    eventLoop.assertInEventLoop()
    let now = now()
    for connection in wheel.due(now: now) {
      if let next = connection.wheelCalls(now: now) { wheel.insert(connection, at: next) }
    }
  }

  // MARK: Buffers

  /// Bytes in memory of what TLS keeps for sending.
  var ciphertextBytes: Int {
    connections.values.lazy.compactMap(\.ciphertext).reduce(0) { $0 + CiphertextPages.residentBytes($1) }
  }

  /// An empty buffer.
  func takeBuffer() -> ByteBuffer {
    guard var buffer = spare.popLast() else { return allocator.buffer(capacity: 1_024) }
    buffer.clear()
    return buffer
  }

  /// A buffer that was written: used again once the channel has let go of it.
  func giveBack(_ buffer: ByteBuffer) {
    guard spare.count < Self.spareMax, buffer.capacity <= Self.spareBytesMax else { return }
    spare.append(buffer)
  }
}
