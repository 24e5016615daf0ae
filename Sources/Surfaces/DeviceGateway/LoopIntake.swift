import Devices
import DurableLog
import Kernel
import MQTT
import NIOCore
import Synchronization

/// What one event loop gathers in one tick, and the acknowledgements that wait for its commits.
final class LoopIntake: @unchecked Sendable {
  // Unchecked: everything mutable is touched on `eventLoop` only; `commit`'s answer hops there first.

  /// Acknowledgements of one connection with one reason, in the order they came.
  private struct Run: Sendable {
    let connection: DeviceConnection
    let reason: MQTTReasonCode
    /// Where its packet identifiers stand in `Waiting.packetIDs`.
    let start: Int
    var count: Int
    var bytes: Int
  }

  /// The acknowledgements of one lane: two arrays a tick, none a message.
  private struct Waiting: Sendable {
    var runs: [Run] = []
    var packetIDs: [UInt16] = []

    mutating func append(
      _ packetID: UInt16?, bytes: Int, _ reason: MQTTReasonCode, _ connection: DeviceConnection
    ) {
      let last = runs.count - 1
      if last >= 0, runs[last].connection === connection, runs[last].reason == reason {
        runs[last].bytes += bytes
        runs[last].count += packetID == nil ? 0 : 1
      } else {
        runs.append(
          Run(
            connection: connection, reason: reason, start: packetIDs.count, count: packetID == nil ? 0 : 1,
            bytes: bytes))
      }
      if let packetID { packetIDs.append(packetID) }
    }
  }

  /// Who was let in a moment ago on this loop: `connect` and `sessionStarted` are one call of the server.
  var admitted: ConnectDecision?

  let eventLoop: any EventLoop
  private let intake: TelemetryIntake
  private let time: Timekeeper
  private let options: DeviceGatewayOptions
  private let board: LivenessBoard
  private let metrics: GatewayMetrics
  private var batch: IntakeBatch
  private var isOpen = false
  private var urgent = Waiting()
  private var bulk = Waiting()
  private var heard: [DeviceNumber] = []
  private var turns = ReadTurns()
  private var isCheckScheduled = false
  /// Connections whose `acknowledgements` are to go.
  private var acknowledging: [DeviceConnection] = []
  private typealias Outcome = Result<DurableLog.Position, DurableLogError>
  /// What commits have settled and the loop has not seen yet: bounded by what waits for the log.
  private let settled = Mutex<[(Waiting, Outcome)]>([])
  /// Bytes of one batch, roughly.
  private static let batchBytesMax = 256 << 10
  /// Bytes of this loop that wait to become durable.
  private var waitingBytes = 0
  private(set) var now: Instant
  /// Counts the ticks; a connection notes in which it was last heard of.
  private(set) var tick: UInt64 = 1

  init(
    eventLoop: any EventLoop, intake: TelemetryIntake, time: Timekeeper, options: DeviceGatewayOptions,
    board: LivenessBoard, metrics: GatewayMetrics
  ) {
    self.eventLoop = eventLoop
    self.intake = intake
    self.time = time
    self.options = options
    self.board = board
    self.metrics = metrics
    now = time.now()
    batch = intake.begin(at: now)
  }

  /// Begins the tick's batch when this is its first message.
  func open() {
    guard !isOpen else { return }
    isOpen = true
    now = time.now()
    batch = intake.begin(at: now)
  }

  /// Takes one message into the tick's batch; its acknowledgement waits for the commit.
  ///
  /// - Parameter opened: what was in it, when it was protected.
  func take(
    _ publish: MQTTPublishView, opened: UnsafeRawBufferPointer? = nil, of device: DeviceNumber, _ channel: UpChannel,
    from connection: DeviceConnection
  ) {
    let acceptance = intake.accept(
      device: device, channel: channel, payload: opened ?? publish.payload, receivedAt: now, into: &batch)
    if acceptance.refusal != nil { metrics.rejected += 1 }
    metrics.count(channel)
    let reason = acceptance.refusal.map(Self.reason) ?? .success
    let bytes = publish.payload.count
    turns.heard(connection)
    connection.waitingBytes += bytes
    waitingBytes += bytes
    let id = publish.qos == .atMostOnce ? nil : publish.packetID
    switch acceptance.lane {
    case .urgent: urgent.append(id, bytes: bytes, reason, connection)
    case .bulk: bulk.append(id, bytes: bytes, reason, connection)
    }
    if device != connection.number {
      heard.append(device)
    }
    if connection.heardTick != tick {
      connection.heardTick = tick
      heard.append(connection.number)
    }
    if connection.waitingBytes > options.turnBytesOfConnection { pause(connection) }
    if batch.bytes >= Self.batchBytesMax { handOver() }
  }

  /// What a PUBACK of version 5 may say.
  static func reason(_ refusal: Acceptance.Refusal) -> MQTTReasonCode {
    switch refusal {
    case .unreadable, .envelope: .payloadFormatInvalid
    case .tooLarge: .quotaExceeded
    case .unknownDevice: .notAuthorized
    }
  }

  /// The tick is over: the batch goes to the log, and the devices that were heard of to the liveness board.
  func close() {
    eventLoop.assertInEventLoop()
    guard isOpen else { return }
    isOpen = false
    tick &+= 1
    board.heard(heard, at: now)
    heard.removeAll(keepingCapacity: true)
    metrics.flush()
    handOver()
    resumeThoseThatMay()
  }

  /// Gives the log what was gathered. A long tick does so more than once: the log writes while the rest is read.
  private func handOver() {
    let (urgent, bulk) = (urgent, bulk)
    self.urgent = Waiting()
    self.bulk = Waiting()
    guard !batch.isEmpty else { return }
    intake.commit(batch) { lane, result in
      self.settle(lane == .urgent ? urgent : bulk, result)
    }
    // The batch was handed over; what is left here is an empty one.
    batch = intake.begin(at: now)
    if intake.waitingBytes > options.waitingBytesMax { pauseWorst(urgent.runs + bulk.runs) }
  }

  /// From the log's thread: one hop to the loop for all that settles before the loop looks.
  private func settle(_ waiting: Waiting, _ result: Outcome) {
    let isFirst = settled.withLock { settled in
      settled.append((waiting, result))
      return settled.count == 1
    }
    if isFirst { eventLoop.execute { self.releaseSettled() } }
  }

  /// Acknowledges what commits made durable: what a connection brought in several ticks goes back in one write.
  private func releaseSettled() {
    let parts = settled.withLock { settled in
      defer { settled.removeAll(keepingCapacity: true) }
      return settled
    }
    for (waiting, result) in parts { release(waiting, result) }
    for connection in acknowledging {
      connection.session.acknowledge(packetIDs: connection.acknowledgements)
      connection.acknowledgements.removeAll(keepingCapacity: true)
    }
    acknowledging.removeAll(keepingCapacity: true)
    resumeThoseThatMay()
  }

  /// A commit is durable, or failed: then nothing of it is acknowledged, and the devices send it again in a new
  /// connection.
  private func release(_ waiting: Waiting, _ result: Outcome) {
    for run in waiting.runs {
      let connection = run.connection
      connection.waitingBytes -= run.bytes
      waitingBytes -= run.bytes
      switch result {
      case .success:
        guard run.count > 0 else { continue }
        let packetIDs = waiting.packetIDs[run.start..<run.start + run.count]
        if run.reason == .success {
          if connection.acknowledgements.isEmpty { acknowledging.append(connection) }
          connection.acknowledgements.append(contentsOf: packetIDs)
        } else {
          connection.session.acknowledge(packetIDs: Array(packetIDs), reason: run.reason)
        }
      case .failure: connection.session.close(.implementationSpecificError)
      }
    }
    if case .failure(let error) = result { metrics.commitFailed(error) }
  }

  // MARK: Back-pressure

  private func pause(_ connection: DeviceConnection) {
    guard !connection.isPaused else { return }
    connection.isPaused = true
    connection.session.pauseReading()
    turns.wait(connection)
    metrics.paused(1)
    scheduleCheck()
  }

  /// Too much waits in all: no more from the half that brought the most.
  private func pauseWorst(_ runs: [Run]) {
    var connections: [ObjectIdentifier: DeviceConnection] = [:]
    for run in runs { connections[ObjectIdentifier(run.connection)] = run.connection }
    let worst = connections.values.sorted { $0.waitingBytes > $1.waitingBytes }
    for connection in worst.prefix((worst.count + 1) / 2) { pause(connection) }
  }

  /// Reads again from those whose turn it is, as far as there is room.
  private func resumeThoseThatMay() {
    guard turns.areWaited else { return }
    guard intake.waitingBytes <= options.waitingBytesMax / 2 else { return scheduleCheck() }
    let resumed = turns.next(
      room: options.turnBytesOfLoop - waitingBytes, tick: tick,
      waitingBytesMax: options.waitingBytesOfConnectionMax / 2)
    for connection in resumed {
      connection.isPaused = false
      connection.session.resumeReading()
    }
    metrics.paused(-resumed.count)
    if turns.areWaited { scheduleCheck() }
  }

  /// Another loop's bytes may be what holds this one's connections back: looked at again soon.
  private func scheduleCheck() {
    guard !isCheckScheduled else { return }
    isCheckScheduled = true
    eventLoop.scheduleTask(in: .milliseconds(20)) {
      self.isCheckScheduled = false
      self.turns.forgetGrants()
      self.resumeThoseThatMay()
    }
  }

  /// A connection ended.
  func forget(_ connection: DeviceConnection) {
    eventLoop.assertInEventLoop()
    turns.heard(connection)
    guard connection.isPaused else { return }
    connection.isPaused = false
    turns.leave(connection)
    metrics.paused(-1)
  }
}
