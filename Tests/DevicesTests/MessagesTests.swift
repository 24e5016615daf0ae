import Kernel
import TestSupport
import Testing

@testable import Devices

@Suite("What devices say that someone waits for")
struct MessagesTests {
  @Test("an event becomes a row and a journal entry, once, however often it is sent", .clause("6.1.2d"))
  func once() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    let text = #"{"boot":1,"seq":3,"ts":1,"event":"wrongPassword","values":{"attempts":5}}"#
    for _ in 0..<3 { _ = try await fixture.handle(text, .event, from: lock, sequence: 3) }
    let events = try await fixture.devices.events(DeviceEventQuery(device: lock.id), by: fixture.principal).items
    #expect(events.map(\.event) == ["wrongPassword"])
    #expect(events.first?.values == ["attempts": .integer(5)])
    let entries = try await fixture.fresh.journal.read(after: 0, kinds: [DeviceEventRaised.kind], limit: 10)
    let raised = try #require(try entries.first?.decode(DeviceEventRaised.self))
    #expect(entries.count == 1 && raised.level == .alarm && raised.deviceName.description == "LK-1")
  }

  @Test("a fire is a fire, even with an impossible temperature; the value is told as rejected", .clause("6.2.1"))
  func impossibleValue() async throws {
    let fixture = try await Fixture()
    let smoke = try await fixture.devices.register(
      NewDevice(name: "SM-1", model: "smoke.basic"), by: fixture.principal)
    let values = #"{"smokeDecibelsPerMetre":0.25,"temperatureCelsius":900}"#
    let rejected = try await fixture.handle(
      #"{"boot":1,"seq":0,"ts":1,"event":"smokeAlarm","values":\#(values)}"#, .event, from: smoke)
    #expect(rejected == [RejectedPart(property: "temperatureCelsius", reason: "value.range", given: "900")])
    let events = try await fixture.devices.events(DeviceEventQuery(levels: [.critical]), by: fixture.principal).items
    #expect(events.first?.values == ["smokeDecibelsPerMetre": .decimal(mantissa: 250, scale: 3)])
  }

  @Test("an unknown event, an unreadable message and an unknown device are told as rejected, never thrown")
  func rejected() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    #expect(
      try await fixture.handle(#"{"boot":1,"seq":0,"event":"flood"}"#, .event, from: lock).map(\.reason)
        == ["event.unknown"])
    #expect(try await fixture.handle("hello", .event, from: lock).map(\.reason) == ["message.unreadable"])
    #expect(
      try await fixture.handle(#"{"boot":1,"seq":0,"id":"x","state":"done"}"#, .reply, from: lock).map(\.reason)
        == ["command.unknown"])
    #expect(
      try await fixture.handle(#"{"boot":1,"seq":0,"event":"closed","values":3}"#, .event, from: lock).map(\.reason)
        == ["message.envelope"])
  }

  @Test("a hello tells boot and firmware, makes the device active, and a late one changes nothing")
  func hello() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    _ = try await fixture.handle(
      #"{"boot":7,"seq":0,"ts":1,"model":"lock.basic","modelVersion":1,"firmware":"1.4.2"}"#, .hello, from: lock,
      boot: 7)
    _ = try await fixture.handle(
      #"{"boot":6,"seq":0,"ts":1,"model":"lock.basic","modelVersion":1,"firmware":"1.4.1"}"#, .hello, from: lock,
      boot: 6)
    let detail = try await fixture.devices.device(lock.id, by: fixture.principal)
    #expect(detail.hello?.boot == 7 && detail.hello?.firmware == "1.4.2")
    #expect(detail.device.status == .active)
    let other = try await fixture.handle(
      #"{"boot":8,"seq":0,"ts":1,"model":"gas.basic","modelVersion":2,"firmware":"1"}"#, .hello, from: lock, boot: 8)
    #expect(other.map(\.reason) == ["model.other", "model.otherVersion"])
  }

  @Test("a message in CBOR says the same as one in JSON")
  func cbor() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    // {"boot":1,"seq":0,"ts":1,"event":"tamper"}
    let bytes: [UInt8] =
      [0xa4, 0x64] + Array("boot".utf8) + [0x01, 0x63] + Array("seq".utf8) + [0x00, 0x62] + Array("ts".utf8)
      + [0x01, 0x65] + Array("event".utf8) + [0x66] + Array("tamper".utf8)
    let message = UrgentMessage(
      device: lock.number, channel: .event, boot: 1, sequence: 0, deviceTime: fixture.fresh.clock.now,
      receivedAt: fixture.fresh.clock.now, payload: bytes)
    let messages = DeviceMessages(devices: fixture.devices)
    _ = try await fixture.fresh.work.run(DevicesError.self) { unit in try messages.handle(message, in: unit) }
    let events = try await fixture.devices.events(DeviceEventQuery(), by: fixture.principal).items
    #expect(events.map(\.event) == ["tamper"])
  }

  @Test("numbers that never came are asked for after a while, with growing pauses and a limit", .clause("6.3.2b"))
  func gaps() async throws {
    let fixture = try await Fixture()
    let lock = try await fixture.lock()
    fixture.sessions.connect(lock, at: fixture.fresh.clock.now)
    fixture.archive.set(missing: [SequenceRange(boot: 6, from: 120, to: 131)], of: lock)
    let filler = GapFiller(devices: fixture.devices)
    try await filler.sweep()
    #expect(fixture.sessions.sent.isEmpty)
    for _ in 0..<3_000 {
      fixture.fresh.clock.advance(by: .seconds(10))
      try await filler.sweep()
    }
    #expect(fixture.sessions.texts.first == #"{"ranges":[{"boot":6,"from":120,"to":131}]}"#)
    #expect(fixture.sessions.sent.count == GapFiller.attemptsMax)
    let long = GapFiller.portion([SequenceRange(boot: 1, from: 0, to: 9_999), SequenceRange(boot: 2, from: 0, to: 1)])
    #expect(long == [SequenceRange(boot: 1, from: 0, to: 1_999)])
  }
}
