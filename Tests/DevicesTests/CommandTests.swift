import Kernel
import TestSupport
import Testing

@testable import Devices

@Suite("Commands", .clause("7.1.2c"))
struct CommandTests {
  private func reply(_ command: Command, _ state: String, _ rest: String = "") -> String {
    #"{"boot":1,"seq":1,"ts":1,"id":"\#(command.id)","state":"\#(state)"\#(rest)}"#
  }

  private func issued(_ fixture: Fixture, service: String = "unlock") async throws -> (Device, Command) {
    let lock = try await fixture.lock()
    fixture.sessions.connect(lock, at: fixture.fresh.clock.now)
    return (lock, try await fixture.devices.issue(NewCommand(device: lock.id, service: service), by: fixture.principal))
  }

  private func state(_ command: Command, _ fixture: Fixture) async throws -> Command.State {
    try await fixture.devices.command(command.id, by: fixture.principal).state
  }

  @Test("a command goes from queued to sent, received, done and verified, each step in the journal")
  func life() async throws {
    let fixture = try await Fixture()
    let dispatcher = CommandDispatcher(devices: fixture.devices)
    let (lock, command) = try await issued(fixture)
    #expect(command.state == .queued)
    try await dispatcher.dispatch(lock.number)
    #expect(try await state(command, fixture) == .sent)
    let text = try #require(fixture.sessions.texts.first)
    #expect(text.hasPrefix(#"{"id":"\#(command.id)","service":"unlock","arguments":{},"issued":"#))
    _ = try await fixture.handle(reply(command, "received"), .reply, from: lock)
    #expect(try await state(command, fixture) == .received)
    _ = try await fixture.handle(reply(command, "done"), .reply, from: lock, sequence: 2)
    #expect(try await state(command, fixture) == .done)
    try await dispatcher.verifyDone()
    #expect(try await state(command, fixture) == .done)
    let now = fixture.fresh.clock.now
    fixture.archive.set(
      [LatestValue(property: "locked", value: .bool(false), deviceTime: now, receivedAt: now)], of: lock)
    try await dispatcher.verifyDone()
    let ended = try await fixture.devices.command(command.id, by: fixture.principal)
    #expect(ended.state == .verified && ended.ended)
    let changes = try await fixture.fresh.journal.read(after: 0, kinds: [CommandChanged.kind], limit: 100)
    let states = try changes.map { try $0.decode(CommandChanged.self).state }
    #expect(states == [.queued, .sent, .received, .done, .verified])
  }

  @Test("an old value does not prove a command's effect; without proof the command failed")
  func notVerified() async throws {
    let fixture = try await Fixture()
    let dispatcher = CommandDispatcher(devices: fixture.devices)
    let before = fixture.fresh.clock.now
    fixture.fresh.clock.advance(by: .seconds(5))
    let (lock, command) = try await issued(fixture)
    fixture.archive.set(
      [LatestValue(property: "locked", value: .bool(false), deviceTime: before, receivedAt: before)], of: lock)
    try await dispatcher.dispatch(lock.number)
    _ = try await fixture.handle(reply(command, "done"), .reply, from: lock)
    fixture.fresh.clock.advance(by: .seconds(11))
    try await dispatcher.endOverdue()
    let ended = try await fixture.devices.command(command.id, by: fixture.principal)
    #expect(ended.state == .failed && ended.failure?.code == "readBack.notSeen")
  }

  @Test("the device's own answer may carry the proof")
  func verifiedByAnswer() async throws {
    let fixture = try await Fixture()
    let (lock, command) = try await issued(fixture)
    try await CommandDispatcher(devices: fixture.devices).dispatch(lock.number)
    _ = try await fixture.handle(reply(command, "done", #","values":{"locked":false}"#), .reply, from: lock)
    #expect(try await state(command, fixture) == .verified)
  }

  @Test("a command for a device that is away waits, goes out when it connects, and again after a reconnect")
  func reconnect() async throws {
    let fixture = try await Fixture()
    let dispatcher = CommandDispatcher(devices: fixture.devices)
    let lock = try await fixture.lock()
    let command = try await fixture.devices.issue(
      NewCommand(device: lock.id, service: "lock", deadlineSeconds: 600), by: fixture.principal)
    try await dispatcher.dispatch(lock.number)
    #expect(fixture.sessions.sent.isEmpty)
    fixture.sessions.connect(lock, at: fixture.fresh.clock.now)
    try await dispatcher.sweep()
    try await dispatcher.dispatch(lock.number)
    #expect(fixture.sessions.sent.count == 1)
    fixture.fresh.clock.advance(by: .seconds(30))
    fixture.sessions.connect(lock, at: fixture.fresh.clock.now)
    fixture.fresh.clock.advance(by: .seconds(1))
    try await dispatcher.dispatch(lock.number)
    #expect(fixture.sessions.sent.count == 2)
    #expect(try await fixture.devices.command(command.id, by: fixture.principal).attempts == 2)
  }

  @Test("a command whose time is up is never sent, and a restart does not forget its deadline")
  func expiry() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    let command = try await fixture.devices.issue(NewCommand(device: lock.id, service: "unlock"), by: fixture.principal)
    let again = try await Fixture(fresh: fixture.fresh)
    fixture.fresh.clock.advance(by: .seconds(11))
    again.sessions.connect(lock, at: fixture.fresh.clock.now)
    try await CommandDispatcher(devices: again.devices).dispatch(lock.number)
    #expect(again.sessions.sent.isEmpty)
    let ended = try await again.devices.command(command.id, by: fixture.principal)
    #expect(ended.state == .expired && ended.failure?.code == "deadline.passed")
  }

  @Test("no answer by the deadline is told as such; what the device says later corrects it")
  func lateAnswer() async throws {
    let fixture = try await Fixture()
    let dispatcher = CommandDispatcher(devices: fixture.devices)
    let (lock, command) = try await issued(fixture)
    try await dispatcher.dispatch(lock.number)
    fixture.fresh.clock.advance(by: .seconds(21))
    try await dispatcher.endOverdue()
    #expect(try await state(command, fixture) == .expired)
    _ = try await fixture.handle(reply(command, "done", #","values":{"locked":false}"#), .reply, from: lock)
    let ended = try await fixture.devices.command(command.id, by: fixture.principal)
    #expect(ended.state == .verified && ended.failure == nil)
  }

  @Test("a device's refusal and failure are kept with code and message; answers that come twice change nothing")
  func refused() async throws {
    let fixture = try await Fixture()
    let (lock, command) = try await issued(fixture)
    try await CommandDispatcher(devices: fixture.devices).dispatch(lock.number)
    let answer = reply(command, "refused", #","code":"clock.unset","message":"no time""#)
    _ = try await fixture.handle(answer, .reply, from: lock)
    let version = try await fixture.devices.command(command.id, by: fixture.principal).version
    _ = try await fixture.handle(answer, .reply, from: lock, sequence: 2)
    _ = try await fixture.handle(reply(command, "received"), .reply, from: lock, sequence: 3)
    let ended = try await fixture.devices.command(command.id, by: fixture.principal)
    #expect(ended.state == .refused && ended.version == version)
    #expect(ended.failure == Command.Failure(code: "clock.unset", message: "no time"))
  }

  @Test("the same idempotency key is the same command, and another command under it is refused")
  func idempotency() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    let new = NewCommand(device: lock.id, service: "lock", idempotencyKey: "k")
    let first = try await fixture.devices.issue(new, by: fixture.principal)
    #expect(try await fixture.devices.issue(new, by: fixture.principal).id == first.id)
    let other = NewCommand(device: lock.id, service: "unlock", idempotencyKey: "k")
    await #expect(throws: DevicesError.idempotencyKeyReused) {
      try await fixture.devices.issue(other, by: fixture.principal)
    }
  }

  @Test("unknown services, wrong arguments and deadlines are refused before anything is sent")
  func wrong() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    func issue(_ service: String, _ arguments: [String: PropertyValue] = [:], deadline: Int? = nil) async throws {
      _ = try await fixture.devices.issue(
        NewCommand(device: lock.id, service: service, arguments: arguments, deadlineSeconds: deadline),
        by: fixture.principal)
    }
    await #expect(throws: DevicesError.serviceUnknown("fly")) { try await issue("fly") }
    let outOfRange = DevicesError.argumentInvalid(name: "seconds", problem: "must be a whole number from 1 to 60")
    await #expect(throws: outOfRange) {
      try await issue("unlock", ["seconds": .integer(61)])
    }
    await #expect(throws: DevicesError.argumentInvalid(name: "force", problem: "is not an argument of unlock")) {
      try await issue("unlock", ["force": .bool(true)])
    }
    await #expect(throws: DevicesError.argumentInvalid(name: "credential", problem: "is missing")) {
      try await issue("revokeCredential")
    }
    await #expect(throws: DevicesError.deadlineInvalid) { try await issue("unlock", deadline: 0) }
    let reader = fixture.fresh.principal([.devicesRead, .devicesWrite])
    await #expect(throws: DevicesError.denied(.devicesCommand)) {
      try await fixture.devices.issue(NewCommand(device: lock.id, service: "lock"), by: reader)
    }
  }

  @Test("a device's open commands have a limit")
  func limit() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    for _ in 0..<64 {
      _ = try await fixture.devices.issue(NewCommand(device: lock.id, service: "lock"), by: fixture.principal)
    }
    await #expect(throws: DevicesError.tooManyCommands(limit: 64)) {
      try await fixture.devices.issue(NewCommand(device: lock.id, service: "lock"), by: fixture.principal)
    }
  }

  @Test("a connection that does not take a command leaves it queued")
  func notTaken() async throws {
    let fixture = try await Fixture()
    let (lock, command) = try await issued(fixture)
    fixture.sessions.refuseAll()
    try await CommandDispatcher(devices: fixture.devices).dispatch(lock.number)
    #expect(try await state(command, fixture) == .queued)
  }

  @Test("an answer about another device's command is told as rejected and changes nothing")
  func foreignAnswer() async throws {
    let fixture = try await Fixture()
    let (_, command) = try await issued(fixture)
    let other = try await fixture.lock("LK-2")
    let rejected = try await fixture.handle(reply(command, "done"), .reply, from: other)
    #expect(rejected.map(\.reason) == ["command.unknown"])
    #expect(try await state(command, fixture) == .queued)
  }
}
