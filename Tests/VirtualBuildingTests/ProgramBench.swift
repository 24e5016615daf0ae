import DeviceKit
import Foundation
import Testing

@testable import VirtualBuilding

/// One virtual device under a clock that the test moves, connected to nobody: what it says is taken and acknowledged.
struct ProgramBench<Program: VirtualProgram> {
  struct Said {
    let channel: UpChannel
    let time: Int64
    let event: String
    let values: [String: any Sendable]
    let text: String
  }

  var machine: DeviceMachine
  let flash: MemoryFlash
  var uptime: Int64
  var clockError: Int64 = 0
  var said: [Said] = []
  private var commands = 0

  /// 2026-11-23 08:00 local time.
  static var start: Int64 { 1_795_392_000_000 }

  init(
    _ program: Program, model: String = "test.basic", flash: MemoryFlash = MemoryFlash(), uptime: Int64 = 0,
    isOnline: Bool = true
  ) throws {
    self.flash = flash
    self.uptime = uptime
    let identity = try #require(DeviceIdentity(name: "T-1", model: model, modelVersion: 1, firmware: "1"))
    machine = DeviceMachine(
      identity: identity, program: program, cells: flash.load(), random: DeviceRandom(seed: 42))
    machine.powerOn(moment)
    settle()
    if isOnline { connect() }
  }

  var moment: DeviceMoment {
    DeviceMoment(uptimeMilliseconds: uptime, hardwareMilliseconds: Self.start + uptime + clockError)
  }
  var now: Int64 { Self.start + uptime }
  var program: Program {
    get throws { try #require(machine.program as? Program) }
  }

  mutating func connect() {
    machine.linkUp(moment)
    settle()
    setClock()
  }

  mutating func disconnect() {
    machine.linkDown(moment)
    settle()
  }

  /// The platform answers a clock request.
  mutating func setClock() {
    var ask = machine.takeTimeRequest(moment)
    if ask == nil {
      uptime += DeviceClock.retryMilliseconds
      ask = machine.takeTimeRequest(moment)
    }
    let text = ask.map { String(decoding: $0, as: UTF8.self) } ?? ""
    let t0 = text.dropFirst(6).dropLast()
    machine.receive(.time, Array("{\"t0\":\(t0),\"t1\":\(now),\"t2\":\(now)}".utf8), moment)
    settle()
  }

  mutating func advance(seconds: Int64) { advance(to: uptime + seconds * 1_000) }

  mutating func advance(to target: Int64) {
    while let wake = machine.wakeAtUptimeMilliseconds, wake <= target {
      uptime = max(uptime, wake)
      machine.tick(moment)
      settle()
    }
    uptime = target
  }

  @discardableResult
  mutating func suffer(_ mischief: Mischief) -> Bool {
    let isDone = machine.operate(moment, as: Program.self) { $0.suffer(mischief, &$1) } ?? false
    settle()
    return isDone
  }

  /// Sends a command and returns its last reply.
  @discardableResult
  mutating func command(
    _ service: String, _ arguments: String = "{}", id: String? = nil
  ) throws -> [String: any Sendable] {
    commands += 1
    let id = id ?? "c\(commands)-\(machine.outbox.boot)"
    let text = "{\"id\":\"\(id)\",\"service\":\"\(service)\",\"arguments\":\(arguments),\"issued\":\(now),"
      + "\"deadline\":\(now + 60_000)}"
    machine.receive(.command, Array(text.utf8), moment)
    settle()
    let reply = try #require(said.last { $0.channel == .reply && $0.text.contains("\"id\":\"\(id)\"") })
    return reply.values
  }

  mutating func desire(_ settings: String) {
    machine.receive(.desired, Array("{\"version\":1,\"desired\":\(settings)}".utf8), moment)
    settle()
  }

  func events(_ name: String) -> [Said] { said.filter { $0.channel == .event && $0.event == name } }

  /// The last reported value of a property.
  func last(_ property: String) -> (any Sendable)? {
    said.last { $0.channel == .telemetry && $0.values[property] != nil }?.values[property]
  }

  private mutating func settle() {
    while true {
      while let commit = machine.takeCommit() {
        flash.commit(commit.changes) { _ in }
        machine.durable(commit.serial, moment)
      }
      var isQuiet = true
      while let entry = machine.takeNext() {
        isQuiet = false
        said += Self.read(entry)
        machine.acknowledged(entry.number)
      }
      if isQuiet { return }
    }
  }

  private static func read(_ entry: OutboxEntry) -> [Said] {
    let text = String(decoding: entry.payload, as: UTF8.self)
    guard let body = (try? JSONSerialization.jsonObject(with: Data(entry.payload))) as? [String: Any] else {
      return [Said(channel: entry.channel, time: 0, event: "unreadable", values: [:], text: text)]
    }
    func values(_ any: Any?) -> [String: any Sendable] {
      (any as? [String: Any])?.compactMapValues { value -> (any Sendable)? in
        if let text = value as? String { return text }
        guard let number = value as? NSNumber else { return nil }
        return number.doubleValue
      } ?? [:]
    }
    if let points = body["points"] as? [[String: Any]] {
      return points.map {
        Said(
          channel: entry.channel, time: ($0["ts"] as? NSNumber)?.int64Value ?? 0, event: "",
          values: values($0["values"]), text: text)
      }
    }
    var found = values(body["values"])
    for key in ["state", "code"] { if let word = body[key] as? String { found[key] = word } }
    return [
      Said(
        channel: entry.channel, time: (body["ts"] as? NSNumber)?.int64Value ?? 0, event: body["event"] as? String ?? "",
        values: found, text: text)
    ]
  }
}

extension [String: any Sendable] {
  func number(_ key: String) -> Double? { self[key] as? Double }
  func text(_ key: String) -> String? { self[key] as? String }
}
