import Testing
import TestSupport

@testable import DeviceKit

/// Counts what it is told to do.
struct Counter: DeviceProgram {
  let services = ["count": ServiceRule(), "open": ServiceRule(isDangerous: true), "slow": ServiceRule()]
  var settings: DeviceValues { ["interval": .integer(interval)] }
  var counted: Int64 = 0
  var interval: Int64 = 60

  mutating func powerOn(_ desk: inout DeviceDesk) { counted = desk.rememberedNumber("counted") ?? 0 }

  mutating func perform(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome? {
    guard command.service != "slow" else { return nil }
    counted += 1
    desk.remember("counted", number: counted)
    return .done(["counted": .integer(counted)])
  }

  mutating func desire(_ settings: [String: DeviceValue], _ desk: inout DeviceDesk) {
    interval = settings["interval"]?.asInteger ?? interval
  }
}

/// A device on a bench: its machine, its memory, and what it said.
struct Bench {
  var machine: DeviceMachine
  let flash: MemoryFlash
  var uptime: Int64 = 0
  var said: [String] = []

  init(flash: MemoryFlash = MemoryFlash()) throws {
    self.flash = flash
    let identity = try #require(DeviceIdentity(name: "CT-1", model: "counter", modelVersion: 1, firmware: "1"))
    machine = DeviceMachine(
      identity: identity, program: Counter(), cells: flash.load(), random: DeviceRandom(seed: 1))
    machine.powerOn(moment)
    settle()
  }

  var moment: DeviceMoment { DeviceMoment(uptimeMilliseconds: uptime, hardwareMilliseconds: 1_000_000 + uptime) }
  var counted: Int64 { (machine.program as? Counter)?.counted ?? -1 }

  /// Commits what changed, sends and acknowledges what waits.
  mutating func settle() {
    while let commit = machine.takeCommit() {
      flash.commit(commit.changes) { _ in }
      machine.durable(commit.serial, moment)
    }
    while let entry = machine.takeNext() {
      said.append("\(entry.channel.word) \(String(decoding: entry.payload, as: UTF8.self))")
      machine.acknowledged(entry.number)
    }
    if let commit = machine.takeCommit() {
      flash.commit(commit.changes) { _ in }
      machine.durable(commit.serial, moment)
      settle()
    }
  }

  mutating func connect(setsClock: Bool = true) {
    machine.linkUp(moment)
    settle()
    guard setsClock, machine.takeTimeRequest(moment) != nil else { return }
    let now = moment.hardwareMilliseconds
    receive(.time, "{\"t0\":\(now),\"t1\":\(now),\"t2\":\(now)}")
  }

  mutating func receive(_ channel: DownChannel, _ text: String) {
    machine.receive(channel, Array(text.utf8), moment)
    settle()
  }

  mutating func command(_ id: String, _ service: String, deadline: Int64 = 2_000_000) {
    receive(
      .command, "{\"id\":\"\(id)\",\"service\":\"\(service)\",\"arguments\":{},\"issued\":1,\"deadline\":\(deadline)}")
  }

  func replies(_ id: String) -> [String] { said.filter { $0.hasPrefix("reply") && $0.contains("\"id\":\"\(id)\"") } }
}

@Suite("Commands on the device")
struct CommandTests {
  @Test("a command is received, done once, and answered again when it comes again")
  func once() throws {
    var bench = try Bench()
    bench.connect()
    bench.command("a", "count")
    bench.command("a", "count")
    #expect(bench.counted == 1)
    let replies = bench.replies("a")
    #expect(replies.count == 3)
    #expect(replies[0].contains("\"state\":\"received\""))
    #expect(replies[1].contains("\"state\":\"done\",\"values\":{\"counted\":1}"))
    #expect(replies[2].contains("\"state\":\"done\",\"values\":{\"counted\":1}"))
  }

  @Test("the memory of commands done survives a restart")
  func survives() throws {
    var bench = try Bench()
    bench.connect()
    bench.command("a", "count")
    var restarted = try Bench(flash: bench.flash)
    restarted.connect()
    restarted.command("a", "count")
    #expect(restarted.counted == 1)
    #expect(restarted.replies("a").last?.contains("\"done\"") == true)
  }

  @Test("whenever the power is cut, a command is done at most once, and what was done is answered as done")
  func powerCuts() throws {
    var bench = try Bench()
    bench.connect()
    bench.command("a", "count")
    // From the commit that takes the command on, it may have been done: the door may have opened.
    let taken = try #require(bench.flash.commits.firstIndex { $0.contains { Self.saysReceived($0) } })
    for kept in 0...bench.flash.commits.count {
      var restarted = try Bench(flash: bench.flash.cut(keeping: kept))
      restarted.connect()
      let before = restarted.counted
      restarted.command("a", "count")
      #expect(restarted.counted <= 1)
      let last = try #require(restarted.replies("a").last)
      #expect(last.contains(restarted.counted == 1 ? "\"done\"" : "\"interrupted\""))
      if before == 1 { #expect(!last.contains("interrupted")) }
      if kept > taken { #expect(restarted.counted == before, "done a second time") }
    }
  }

  private static func saysReceived(_ change: FlashChange) -> Bool {
    guard case .put(_, let value) = change else { return false }
    return String(decoding: value, as: UTF8.self).contains("\"state\":\"received\"")
  }

  @Test("a dangerous command is refused while the clock is not set; a harmless one is done", .clause("6.1.1"))
  func clockNotSet() throws {
    var bench = try Bench()
    bench.connect(setsClock: false)
    bench.command("a", "open")
    bench.command("b", "count")
    #expect(bench.replies("a").last?.contains("\"refused\",\"code\":\"clockNotSet\"") == true)
    #expect(bench.replies("b").last?.contains("\"done\"") == true)
    #expect(bench.counted == 1)
  }

  @Test("a command past its deadline is refused and stays refused")
  func late() throws {
    var bench = try Bench()
    bench.connect()
    bench.uptime = 500
    bench.command("a", "open", deadline: 1_000_499)
    bench.command("a", "open", deadline: 1_000_499)
    #expect(bench.replies("a").count == 2)
    #expect(bench.replies("a").allSatisfy { $0.contains("\"refused\",\"code\":\"late\"") })
    #expect(bench.counted == 0)
  }

  @Test("a service that the device does not offer is refused")
  func unknown() throws {
    var bench = try Bench()
    bench.connect()
    bench.command("a", "fly")
    #expect(bench.replies("a").last?.contains("\"code\":\"unknownService\"") == true)
  }

  @Test("a command that takes time is answered when the program says so")
  func slow() throws {
    var bench = try Bench()
    bench.connect()
    bench.command("a", "slow")
    #expect(bench.replies("a").count == 1)
    _ = bench.machine.operate(bench.moment, as: Counter.self) { _, desk in
      desk.finish("a", .failed(code: "x", message: "y"))
    }
    bench.settle()
    #expect(bench.replies("a").last?.contains("\"state\":\"failed\",\"code\":\"x\",\"message\":\"y\"") == true)
  }

  @Test("at most 256 commands are remembered; the oldest are forgotten")
  func bounded() throws {
    var bench = try Bench()
    bench.connect()
    for index in 0..<300 { bench.command("c\(index)", "count") }
    let remembered = bench.flash.load().keys.filter { $0.hasPrefix(CommandBook.keyPrefix) }
    #expect(remembered.count == CommandBook.countMax)
    #expect(!remembered.contains("c/c0") && remembered.contains("c/c299"))
  }
}

@Suite("Twin, hello and resend on the device")
struct DeviceMachineTests {
  @Test("hello comes first after each connect and says what is kept")
  func hello() throws {
    var bench = try Bench()
    _ = bench.machine.operate(bench.moment, as: Counter.self) { _, desk in desk.report(["a": 1]) }
    bench.settle()
    #expect(bench.said.isEmpty, "nothing is sent without a connection")
    bench.connect()
    #expect(bench.said.first?.hasPrefix("hello {\"boot\":1,\"seq\":1,\"ts\":1000000,\"model\":\"counter\"") == true)
    #expect(bench.said.first?.contains("\"kept\":[{\"boot\":1,\"from\":0,\"to\":0}]") == true)
    #expect(bench.said.contains { $0.hasPrefix("telemetry {\"boot\":1,\"seq\":0") })
  }

  @Test("nothing is sent before the boot number is durable")
  func bootIsDurableFirst() throws {
    let identity = try #require(DeviceIdentity(name: "CT-1", model: "counter", modelVersion: 1, firmware: "1"))
    var machine = DeviceMachine(identity: identity, program: Counter(), cells: [:], random: DeviceRandom(seed: 1))
    let moment = DeviceMoment(uptimeMilliseconds: 0, hardwareMilliseconds: 0)
    machine.powerOn(moment)
    machine.linkUp(moment)
    #expect(machine.takeNext() == nil)
    let taken = machine.takeCommit()
    let commit = try #require(taken)
    machine.durable(commit.serial, moment)
    #expect(machine.takeNext()?.channel == .hello)
  }

  @Test("a desired setting is taken and reported; an older version changes nothing")
  func twin() throws {
    var bench = try Bench()
    bench.connect()
    bench.receive(.desired, "{\"version\":12,\"desired\":{\"interval\":900,\"unknown\":[1]}}")
    #expect(bench.said.last?.contains("\"version\":12,\"reported\":{\"interval\":900}") == true)
    bench.receive(.desired, "{\"version\":11,\"desired\":{\"interval\":5}}")
    #expect(bench.said.last?.contains("\"version\":12,\"reported\":{\"interval\":900}") == true)
  }

  @Test("numbers that are no longer held are answered with one more hello, at most one a minute")
  func resend() throws {
    var bench = try Bench()
    bench.connect()
    bench.uptime = 61_000
    bench.receive(.resend, "{\"ranges\":[{\"boot\":1,\"from\":0,\"to\":0}]}")
    bench.receive(.resend, "{\"ranges\":[{\"boot\":1,\"from\":0,\"to\":0}]}")
    #expect(bench.said.count { $0.hasPrefix("hello") } == 2)
  }

  @Test(
    "what can not be read is dropped",
    arguments: ["", "{", "[]", "null", "{\"id\":\"\",\"service\":\"x\",\"issued\":1,\"deadline\":2}", "{\"id\":1}"])
  func unreadable(text: String) throws {
    var bench = try Bench()
    bench.connect()
    let before = bench.said.count
    for channel in DownChannel.allCases { bench.receive(channel, text) }
    #expect(bench.said.count == before)
  }
}
