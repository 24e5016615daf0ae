import Logging
import MQTT
import NIOCore
import NIOPosix
import NIOSSL
import SecureElement

/// The driver of a `DeviceHost` on its event loop: sockets, timers, memory. Only ever touched on the loop.
final class DeviceClientCore {
  var host: DeviceHost
  var options: DeviceOptions
  private(set) var parts: [DevicePart]
  let environment: DeviceEnvironment
  let loop: any EventLoop
  let logger: Logger
  private var channel: (any Channel)?
  /// A test bench's wire: nothing comes through while it is cut.
  var isWireCut = false
  /// Whether the connection's own device has power.
  var hasPower = true
  /// Counts starts, so that what an earlier start committed is not taken for this one's.
  private var starts = 0
  /// Counts attempts to connect, so that a late event of an old one is known.
  private var attempt = 0
  /// The last question to the holder of each device's keys.
  private var asking: [Int: Task<Void, Never>] = [:]
  private var timer: (at: NIODeadline, task: Scheduled<Void>)?

  init(
    host: DeviceHost, parts: [DevicePart], options: DeviceOptions, environment: DeviceEnvironment,
    loop: any EventLoop, logger: Logger
  ) {
    self.host = host
    self.parts = parts
    self.options = options
    self.environment = environment
    self.loop = loop
    self.logger = logger
  }

  var now: DeviceHost.Moment {
    DeviceHost.Moment(
      link: Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000), device: environment.now())
  }

  func start() {
    host.start(spreadMilliseconds: options.startSpreadMilliseconds, now)
    perform()
  }

  func stop() -> EventLoopFuture<Void> {
    host.stop(now)
    let closed = channel?.closeFuture ?? loop.makeSucceededVoidFuture()
    perform()
    timer?.task.cancel()
    timer = nil
    return closed
  }

  @discardableResult
  func operate<Result>(_ name: String, _ body: (inout DeviceMachine, DeviceMoment) -> Result) -> Result? {
    guard let index = host.names.firstIndex(of: name) else { return nil }
    let result = host.operate(index, now, body)
    perform()
    return result
  }

  func give(_ keys: any DeviceKeys, to name: String) {
    guard let index = host.names.firstIndex(of: name), parts[index].keys == nil else { return }
    parts[index].keys = keys
    host.giveKeys(to: index, now)
    perform()
  }

  /// Does what the host asks, then plans the next wake.
  func perform() {
    for action in host.takeActions() {
      switch action {
      case .open: open()
      case .close: close()
      case .write(let packet): channel?.write(packet, promise: nil)
      case .commit(let device, let commit): self.commit(device, commit)
      case .ask(let device, let turn, let question): ask(device, turn, question)
      }
    }
    channel?.flush()
    plan()
  }

  func received(_ packet: MQTTPacket, _ attempt: Int) {
    guard attempt == self.attempt else { return }
    host.receive(packet, now)
    perform()
  }

  func transportUp(_ channel: any Channel, _ attempt: Int) {
    guard attempt == self.attempt else { return }
    self.channel = channel
    host.transportUp(now)
    perform()
  }

  func transportDown(_ attempt: Int) {
    guard attempt == self.attempt else { return }
    self.attempt += 1
    channel = nil
    host.transportDown(now)
    perform()
  }

  private func commit(_ device: Int, _ commit: DeviceMachine.Commit) {
    let core = NIOLoopBound(self, eventLoop: loop)
    let (loop, logger, start) = (loop, logger, starts)
    parts[device].flash.commit(commit.changes) { error in
      if let error {
        return logger.error("a device's memory can not be written", metadata: ["flash.error": "\(error)"])
      }
      loop.execute {
        core.value.durable(device, commit.serial, start)
      }
    }
  }

  /// Asks the holder of a device's keys: one question of a device at a time, in their order.
  private func ask(_ device: Int, _ turn: Int, _ question: KeyQuestion) {
    guard let keys = parts[device].keys else { return }
    let core = NIOLoopBound(self, eventLoop: loop)
    let (loop, start, before) = (loop, starts, asking[device])
    asking[device] = Task {
      await before?.value
      let answer = await question.asked(of: keys)
      loop.execute { core.value.answered(device, turn, question, answer, start) }
    }
  }

  private func answered(
    _ device: Int, _ turn: Int, _ question: KeyQuestion, _ answer: KeyMachine.Answer, _ start: Int
  ) {
    guard start == starts else { return }
    host.answered(device: device, turn: turn, question, answer, now)
    perform()
  }

  private func durable(_ device: Int, _ serial: Int, _ start: Int) {
    guard start == starts else { return }
    host.durable(device: device, serial: serial, now)
    perform()
  }

  /// The power goes: no goodbye, nothing more is written; what was handed to the memory may or may not be in it.
  func cutPower() {
    guard hasPower else { return }
    hasPower = false
    starts += 1
    close()
    timer?.task.cancel()
    timer = nil
    host = host.withoutPower()
  }

  /// The power is back: everything starts from memory.
  func restorePower(_ restarted: DeviceHost) {
    guard !hasPower else { return }
    hasPower = true
    host = restarted
    start()
  }

  /// The wire is cut or mended. The device does not know: it finds out and comes back by itself.
  func setWire(isCut: Bool) {
    isWireCut = isCut
    if isCut, let channel { channel.close(promise: nil) }
  }

  private func close() {
    attempt += 1
    let old = channel
    channel = nil
    old?.flush()
    old?.close(promise: nil)
  }

  private func plan() {
    let wake = host.wakeAt
    let real = NIODeadline.now()
    let times = [
      wake.link.map { NIODeadline.uptimeNanoseconds(UInt64(max(0, $0)) * 1_000_000) },
      wake.device.map { real + .milliseconds(max(1, environment.realMillisecondsUntil($0))) },
    ]
    guard let next = times.compactMap({ $0 }).min() else { return }
    if let timer {
      if timer.at <= next { return }
      timer.task.cancel()
    }
    let core = NIOLoopBound(self, eventLoop: loop)
    timer = (next, loop.scheduleTask(deadline: next) { core.value.wake() })
  }

  private func wake() {
    timer = nil
    host.tick(now)
    perform()
  }
}

extension DeviceClientCore {
  private func open() {
    attempt += 1
    let (mine, loop, options, logger) = (attempt, loop, options, logger)
    let core = NIOLoopBound(self, eventLoop: loop)
    if isWireCut { return loop.execute { core.value.transportDown(mine) } }
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(.seconds(10))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 16_384))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let credentials = options.credentials {
            let name = Self.isAddress(options.host) ? nil : options.host
            let handler = try NIOSSLClientHandler(context: credentials.context(), serverHostname: name)
            try channel.pipeline.syncOperations.addHandler(handler)
          }
          let handler = DevicePacketHandler(
            core: core.value, attempt: mine, isTLS: options.credentials != nil,
            version: options.version == .v5 ? .v5 : .v311)
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
    bootstrap.connect(host: options.host, port: options.port).whenFailure { error in
      logger.debug("no connection", metadata: ["link.error": "\(error)"])
      core.value.transportDown(mine)
    }
  }

  private static func isAddress(_ host: String) -> Bool {
    (try? SocketAddress(ipAddress: host, port: 0)) != nil
  }
}
