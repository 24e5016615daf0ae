import MQTT

/// A connection and the devices behind it: one device of its own, or a gateway (网关) and its sub-devices.
///
/// A pure state machine over `LinkMachine` and `DeviceMachine`; `DeviceClient` performs its actions.
struct DeviceHost: Sendable {
  /// What the driver does.
  enum Action: Sendable {
    case open
    case close
    case write(MQTTPacket)
    case commit(device: Int, DeviceMachine.Commit)
    /// Of the holder of a device's keys; the answer comes back by `answered`.
    case ask(device: Int, turn: Int, KeyQuestion)
  }

  /// Now, in the units of both halves.
  struct Moment: Sendable {
    /// Monotonic real milliseconds, for the connection.
    var link: Int64
    /// The devices' own time, possibly simulated.
    var device: DeviceMoment
  }

  var link: LinkMachine
  /// The connection's own device first; nil: has no power.
  var devices: [DeviceMachine?]
  /// Names, index by index; they do not change.
  let names: [String]
  var trouble = LinkTrouble()
  /// What each device's hardware clock shows too much, in milliseconds.
  var clockErrors: [Int64]
  /// Whether each device is heard by the gateway.
  private(set) var isReachable: [Bool]
  var actions: [Action] = []
  private var held: [(device: Int, serial: Int, packetID: UInt16)] = []
  /// Of the devices that have keys.
  var keys: [KeyMachine?]
  /// Messages that are with the holders, to be protected.
  var sealingCount = 0
  private var turn = 0
  /// Taken from the outboxes, not yet sent: at most what one message became.
  var sending: [Sent] = []
  let topics: [String]

  init(
    devices: [DeviceMachine], version: MQTTVersion, keepAliveSeconds: UInt16, backoff: Backoff, random: DeviceRandom
  ) {
    names = devices.map(\.identity.name)
    self.devices = devices
    clockErrors = devices.map { _ in 0 }
    isReachable = devices.map { _ in true }
    keys = devices.map { $0.hasKeys ? Self.keyMachine(of: $0.identity.name) : nil }
    let own = "anju/\(DeviceKit.protocolVersion)/\(names.first ?? "")"
    topics = names.enumerated().map { $0.offset == 0 ? own : "\(own)/sub/\($0.element)" }
    var filters = ["\(own)/down/#"]
    if devices.count > 1 { filters.append("\(own)/sub/+/down/#") }
    link = LinkMachine(
      options: LinkOptions(
        clientID: names.first ?? "", filters: filters, version: version, keepAliveSeconds: keepAliveSeconds),
      backoff: backoff, random: random)
  }

  var isUp: Bool { link.state == .up }

  func moment(_ now: Moment, _ device: Int) -> DeviceMoment {
    var moment = now.device
    moment.hardwareMilliseconds += clockErrors[device]
    return moment
  }

  /// When `tick` wants to be called: in link time, and in device time.
  var wakeAt: (link: Int64?, device: Int64?) {
    var device = devices.lazy.compactMap { $0?.wakeAtUptimeMilliseconds }.min()
    if isUp, let ask = devices[0]?.clock.askAtUptimeMilliseconds { device = min(device ?? ask, ask) }
    let keyed = keys.lazy.compactMap { $0?.wakeAt }.min()
    return ([link.wakeAt, keyed].compactMap(\.self).min(), device)
  }

  mutating func takeActions() -> [Action] {
    defer { actions = [] }
    return actions
  }

  /// The same devices, all dark.
  func withoutPower() -> DeviceHost {
    var dark = self
    dark.link.stop()
    _ = dark.link.takeActions()
    dark.actions = []
    dark.sending = []
    dark.held = []
    dark.devices = devices.map { _ in nil }
    for index in dark.keys.indices { dark.loseKeys(index) }
    dark.actions = []
    return dark
  }
}

extension DeviceHost {
  mutating func start(spreadMilliseconds: Int64, _ now: Moment) {
    for index in devices.indices { touch(index, now) { $0.powerOn($1) } }
    link.start(spreadMilliseconds: spreadMilliseconds, now.link)
    settle(now)
  }

  mutating func stop(_ now: Moment) {
    link.stop()
    settle(now)
  }

  /// Goes on connecting after `stop`: the network is back.
  mutating func restart(_ now: Moment) {
    link.start(now.link)
    settle(now)
  }

  mutating func tick(_ now: Moment) {
    link.tick(now.link)
    for index in devices.indices { touch(index, now) { $0.tick($1) } }
    settle(now)
  }

  mutating func transportUp(_ now: Moment) {
    link.transportUp(now.link)
    settle(now)
  }

  mutating func transportDown(_ now: Moment) {
    link.transportDown(now.link)
    settle(now)
  }

  mutating func receive(_ packet: MQTTPacket, _ now: Moment) {
    link.receive(packet, now.link)
    settle(now)
  }

  mutating func durable(device: Int, serial: Int, _ now: Moment) {
    touch(device, now) { $0.durable(serial, $1) }
    settle(now)
  }

  /// Lets somebody act on a device's machine.
  mutating func operate<Result>(
    _ device: Int, _ now: Moment, _ body: (inout DeviceMachine, DeviceMoment) -> Result
  ) -> Result? {
    defer { settle(now) }
    return touch(device, now, body)
  }

  /// A sub-device loses its power (nil), or starts again.
  mutating func replace(_ device: Int, with machine: DeviceMachine?, _ now: Moment) {
    loseKeys(device)
    devices[device] = machine
    touch(device, now) { $0.powerOn($1) }
    if isUp, isReachable[device] { rise(device, now) }
    settle(now)
  }

  /// The gateway hears a sub-device, or not.
  mutating func setReachable(_ device: Int, _ isNow: Bool, _ now: Moment) {
    guard isReachable[device] != isNow else { return }
    isReachable[device] = isNow
    if isUp {
      if isNow {
        rise(device, now)
      } else {
        loseKeys(device)
        touch(device, now) { $0.linkDown($1) }
      }
    }
    settle(now)
  }
}

extension DeviceHost {
  /// Lets `body` act on a device that has power, in place.
  @discardableResult
  mutating func touch<Result>(
    _ device: Int, _ now: Moment, _ body: (inout DeviceMachine, DeviceMoment) -> Result
  ) -> Result? {
    guard var machine = devices[device] else { return nil }
    devices[device] = nil
    defer { devices[device] = machine }
    return body(&machine, moment(now, device))
  }

  /// Performs what the link asks within, commits what changed, fills the window.
  mutating func settle(_ now: Moment) {
    handleLink(now)
    advanceKeys(now)
    commitAll()
    askTime(now)
    fillWindow(now)
    handleLink(now)
    commitAll()
    releaseAcknowledgements(now)
    handleLink(now)
  }

  private mutating func handleLink(_ now: Moment) {
    for action in link.takeActions() {
      switch action {
      case .open: actions.append(.open)
      case .close: actions.append(.close)
      case .write(let packet): actions.append(.write(packet))
      case .up: for index in devices.indices where isReachable[index] { rise(index, now) }
      case .down:
        held = []
        sending = []
        trouble.connectionLost()
        for index in devices.indices {
          loseKeys(index)
          touch(index, now) { $0.linkDown($1) }
        }
      case .deliver(let topic, let payload, let packetID): deliver(topic, payload, packetID, now)
      case .acknowledged(let tag) where tag.device < 0: break
      case .acknowledged(let tag): devices[tag.device]?.acknowledged(tag.number)
      }
    }
  }

  private mutating func rise(_ index: Int, _ now: Moment) {
    touch(index, now) { $0.linkUp($1) }
    if devices[index] != nil { keys[index]?.linkUp() }
    guard index > 0, let gateway = devices[0]?.clock else { return }
    touch(index, now) { $0.follow(gateway, $1) }
  }

  private mutating func deliver(_ topic: [UInt8], _ payload: [UInt8], _ packetID: UInt16, _ now: Moment) {
    let text = String(decoding: topic, as: UTF8.self)
    let match = topics.indices.first { text.hasPrefix(topics[$0] + "/down/") && isReachable[$0] }
    let word = match.map { String(text.dropFirst(topics[$0].utf8.count + 6)) } ?? ""
    if let match, word == "protected", unprotect(match, payload, packetID) { return }
    guard let index = match, let channel = DownChannel(rawValue: word) else {
      if let match, word == "key" { takeKey(match, payload, now) }
      if packetID != 0 { link.acknowledge(packetID, now.link) }
      return
    }
    touch(index, now) { $0.receive(channel, payload, $1) }
    if channel == .time, index == 0, let clock = devices[0]?.clock {
      for sub in devices.indices.dropFirst() where isReachable[sub] { touch(sub, now) { $0.follow(clock, $1) } }
    }
    hold(index, packetID)
  }

  /// What a message changed is committed; its acknowledgement waits for that.
  mutating func hold(_ index: Int, _ packetID: UInt16) {
    let commit = commit(index)
    if packetID != 0 { held.append((index, commit ?? 0, packetID)) }
  }

  /// Acknowledges what came once what it changed is durable.
  private mutating func releaseAcknowledgements(_ now: Moment) {
    held.removeAll { waiting in
      guard (devices[waiting.device]?.durableSerial ?? .max) >= waiting.serial else { return false }
      link.acknowledge(waiting.packetID, now.link)
      return true
    }
  }

  private mutating func commitAll() {
    for index in devices.indices { _ = commit(index) }
  }

  private mutating func commit(_ index: Int) -> Int? {
    guard let commit = devices[index]?.takeCommit() else { return nil }
    actions.append(.commit(device: index, commit))
    return commit.serial
  }

  /// Only the connection's own device asks; the others follow it.
  private mutating func askTime(_ now: Moment) {
    guard isUp, let request = touch(0, now, { $0.takeTimeRequest($1) }) ?? nil else { return }
    link.publishOnce("\(topics[0])/time", request, now.link)
  }

  private mutating func fillWindow(_ now: Moment) {
    var idle = 0
    while link.hasRoom {
      if !sending.isEmpty {
        publish(sending.removeFirst(), now)
        continue
      }
      guard idle < devices.count else { return }
      let index = turn % devices.count
      turn = (turn + 1) % devices.count
      let isProtecting = canProtect(index)
      if isReachable[index], let entry = devices[index]?.takeNext(isProtecting: isProtecting) {
        idle = 0
        if entry.channel == .protected {
          protect(index, entry)
        } else {
          sending = trouble.pass(Sent(device: index, entry: entry))
        }
      } else {
        idle += 1
      }
    }
  }

  private mutating func publish(_ sent: Sent, _ now: Moment) {
    link.publish(
      "\(topics[sent.device])/\(sent.entry.channel.word)", sent.entry.payload,
      tag: LinkTag(device: sent.device, number: sent.entry.number), now.link)
  }
}

/// A message on its way to the link.
struct Sent: Hashable, Sendable {
  let device: Int
  let entry: OutboxEntry
}
