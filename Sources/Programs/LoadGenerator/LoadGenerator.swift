import COpenSSL
import Glibc
import Histogram

/// Publishes with QoS 1 over many connections from one thread and measures each acknowledgement.
package struct LoadGenerator: ~Copyable {
  private let plan: LoadPlan
  private let poll: Poll
  private let tls: ClientTLS?
  /// One block, so that an event finds its connection without a reference count.
  private let connections: UnsafeMutablePointer<LoadConnection>
  private var started = 0
  private var up = 0
  private var publishing = false
  private var measuring = false
  private var refusal: LoadError?
  private var report = LoadReport()
  private var nextDevice = 0

  /// - Throws: `.plan` when the plan is out of bounds, `.tls` when the certificates cannot be read.
  package init(plan: LoadPlan) throws(LoadError) {
    guard plan.connections > 0, plan.measuredSeconds <= 120, plan.window <= 64 else {
      throw .plan("at least one connection, at most 120 seconds, a window of at most 64")
    }
    // Everything that may throw comes before the first field is set.
    let tls = try Self.tls(plan)
    self.plan = plan
    self.tls = tls
    poll = Poll()
    connections = .allocate(capacity: plan.connections)
  }

  private static func tls(_ plan: LoadPlan) throws(LoadError) -> ClientTLS? {
    guard case .mutualTLS(let authority, let identities) = plan.security else { return nil }
    guard identities.count >= plan.connections else { throw .plan("fewer identities than connections") }
    return try ClientTLS(authority: authority)
  }

  deinit {
    for index in 0..<started {
      if connections[index].state != .closed { connections[index].close() }
      connections[index].deallocate()
    }
    connections.deinitialize(count: started)
    connections.deallocate()
  }

  /// Connects, warms up, measures.
  ///
  /// - Throws: when a device is refused or not all connect within four minutes.
  package mutating func run() throws(LoadError) -> LoadReport {
    let meter = plan.serverPID.map { ProcessMeter(pid: $0) }
    report.connections = plan.connections
    report.server.residentKiBBefore = meter?.residentKiB() ?? 0
    try connectAll()
    if case .idle = plan.work { idle() } else { publish(meter) }
    report.server.residentKiB = meter?.residentKiB() ?? 0
    return report
  }

  // MARK: Connecting

  private mutating func connectAll() throws(LoadError) {
    let begin = Self.nanoseconds()
    while up < plan.connections {
      // A listener's queue is bounded: no more than 200 in the making.
      while started < plan.connections, started - up < 200 { try start() }
      turn(milliseconds: 100)
      if let refusal { throw refusal }
      guard Self.nanoseconds() - begin < 240_000_000_000 else {
        throw .timedOut(connected: up, of: plan.connections)
      }
    }
    report.connectSeconds = Double(Self.nanoseconds() - begin) / 1e9
  }

  private mutating func start() throws(LoadError) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { throw .connect(String(cString: strerror(errno))) }
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = plan.port.bigEndian
    address.sin_addr.s_addr = inet_addr(plan.host)
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    let number = plan.firstDevice + started
    let template = PublishTemplate(device: LoadPlan.deviceName(number), plan: plan)
    let connection = LoadConnection(number: number, socket: descriptor, template: template)
    (connections + started).initialize(to: connection)
    poll.add(descriptor, index: started)
    started += 1
  }

  /// The socket is connected, or is not.
  private mutating func connected(_ index: Int) {
    var failure: Int32 = 0
    var size = socklen_t(4)
    getsockopt(connections[index].socket, SOL_SOCKET, SO_ERROR, &failure, &size)
    guard failure == 0 else {
      refusal = .connect(String(cString: strerror(failure)))
      return
    }
    guard let tls, case .mutualTLS(_, let identities) = plan.security else {
      greet(index)
      return
    }
    do throws(LoadError) {
      let session = try tls.session(identities[index], socket: connections[index].socket)
      connections[index].wire = .tls(session)
      connections[index].state = .handshaking
      handshake(index, session)
    } catch {
      refusal = error
    }
  }

  private mutating func handshake(_ index: Int, _ session: OpaquePointer) {
    let result = SSL_connect(session)
    if result == 1 {
      greet(index)
    } else if SSL_get_error(session, result) == SSL_ERROR_WANT_READ {
      setWriting(index, false)
    } else if SSL_get_error(session, result) == SSL_ERROR_WANT_WRITE {
      setWriting(index, true)
    } else {
      refusal = .tls("handshake of \(LoadPlan.deviceName(connections[index].number)) failed")
    }
  }

  private mutating func greet(_ index: Int) {
    connections[index].greet()
    flush(index)
  }

  // MARK: Publishing

  private mutating func idle() {
    let end = Self.nanoseconds() + UInt64(plan.measuredSeconds * 1e9)
    while Self.nanoseconds() < end { turn(milliseconds: 100) }
    report.measuredSeconds = plan.measuredSeconds
  }

  private mutating func publish(_ meter: ProcessMeter?) {
    let begin = Self.nanoseconds()
    let measureFrom = begin + UInt64(plan.warmUpSeconds * 1e9)
    let end = measureFrom + UInt64(plan.measuredSeconds * 1e9)
    var before = Usage()
    var measuredFrom = begin
    var due = 0
    publishing = true
    if case .saturate = plan.work { for index in 0..<started { fill(index) } }
    while true {
      let now = Self.nanoseconds()
      if now >= end || report.lost == plan.connections { break }
      if !measuring, now >= measureFrom {
        measuring = true
        measuredFrom = now
        before = Usage.now(meter)
      }
      if case .pace(let rate, _) = plan.work {
        pace(rate, begin: begin, now: now, due: &due)
        turn(milliseconds: 1)
      } else {
        turn(milliseconds: 10)
      }
    }
    report.measuredSeconds = Double(Self.nanoseconds() - measuredFrom) / 1e9
    let after = Usage.now(meter)
    report.server.cpuSeconds = after.server - before.server
    let known = (after.server - before.server) + (after.own - before.own)
    let all = after.machine.all - before.machine.all
    report.othersShare = all > 0 ? max(0, (after.machine.busy - before.machine.busy - known) / all) : 0
  }

  /// Sends what is due by now, each stamped with the moment it was due.
  private mutating func pace(_ rate: Double, begin: UInt64, now: UInt64, due: inout Int) {
    // The first is due at the beginning.
    let target = Int(Double(now - begin) / 1e9 * rate) + 1
    while due < target {
      guard let index = nextReady() else {
        report.skipped += target - due
        due = target
        return
      }
      let stamp = begin + UInt64(Double(due) / rate * 1e9)
      connections[index].publish(stamp: stamp, milliseconds: Self.wallMilliseconds())
      flush(index)
      due += 1
    }
  }

  /// The next connection in turn that may send one more.
  private mutating func nextReady() -> Int? {
    for _ in 0..<started {
      let index = nextDevice
      nextDevice = (nextDevice + 1) % started
      let ready = connections[index].state == .up && connections[index].inFlight < plan.window
      if ready, connections[index].hasRoom { return index }
    }
    return nil
  }

  private mutating func fill(_ index: Int) {
    guard case .saturate(let window) = plan.work, connections[index].state == .up else { return }
    let now = Self.nanoseconds()
    let wall = Self.wallMilliseconds()
    var any = false
    while connections[index].inFlight < window, connections[index].hasRoom {
      connections[index].publish(stamp: now, milliseconds: wall)
      any = true
    }
    if any { flush(index) }
  }

  // MARK: Events

  private mutating func turn(milliseconds: Int32) {
    for position in 0..<poll.wait(milliseconds: milliseconds) {
      let event = poll.event(position)
      handle(event.index, readable: event.readable, writable: event.writable)
    }
  }

  private mutating func handle(_ index: Int, readable: Bool, writable: Bool) {
    switch connections[index].state {
    case .closed: return
    case .connecting: connected(index)
    case .handshaking:
      if case .tls(let session) = connections[index].wire { handshake(index, session) }
    case .greeting, .up:
      if writable { flush(index) }
      if readable { read(index) }
    }
  }

  private mutating func read(_ index: Int) {
    while connections[index].state != .closed {
      let step = connections[index].wire.read(connections[index].socket, into: connections[index].inbound.free)
      guard case .bytes(let count) = step else {
        if case .closed = step { lose(index) }
        return
      }
      let mayBeMore = connections[index].wire.mayHoldBytes || count == connections[index].inbound.room
      connections[index].inbound.didFill(count)
      takePackets(index)
      if publishing { fill(index) }
      if !mayBeMore { return }
    }
  }

  private mutating func takePackets(_ index: Int) {
    let now = Self.nanoseconds()
    while true {
      let bytes = connections[index].inbound.filled
      // CONNACK and PUBACK of 3.1.1 are four bytes; nothing else comes to a client without subscriptions.
      guard bytes.count >= 4 else { break }
      switch bytes[0] >> 4 {
      case 2:
        if bytes[3] == 0 {
          connections[index].state = .up
          up += 1
        } else {
          refusal = .refused(device: connections[index].number, code: bytes[3])
        }
      case 4:
        let stamp = connections[index].acknowledge(packetID: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
        report.acknowledgedInAll += 1
        if measuring {
          report.acknowledged += 1
          report.latencyMicroseconds.record((now &- stamp) / 1_000)
        }
      default: break
      }
      connections[index].inbound.didDrain(4)
    }
    connections[index].inbound.compact()
  }

  private mutating func flush(_ index: Int) {
    guard connections[index].flush() else {
      lose(index)
      return
    }
    setWriting(index, connections[index].outbound.count > 0)
  }

  private mutating func setWriting(_ index: Int, _ writing: Bool) {
    guard connections[index].wantsWrite != writing else { return }
    connections[index].wantsWrite = writing
    poll.change(connections[index].socket, index: index, writing: writing)
  }

  private mutating func lose(_ index: Int) {
    if connections[index].state == .greeting {
      refusal = .connect("device \(LoadPlan.deviceName(connections[index].number)) was closed before CONNACK")
    }
    poll.remove(connections[index].socket)
    connections[index].close()
    report.lost += 1
  }

  private static func nanoseconds() -> UInt64 { clock_gettime_nanoseconds(CLOCK_MONOTONIC) }
  private static func wallMilliseconds() -> UInt64 { clock_gettime_nanoseconds(CLOCK_REALTIME) / 1_000_000 }
}

private func clock_gettime_nanoseconds(_ clock: clockid_t) -> UInt64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

extension LoadPlan {
  /// The most unacknowledged messages a connection.
  var window: Int {
    switch work {
    case .saturate(let window), .pace(_, let window): window
    case .idle: 0
    }
  }
}
