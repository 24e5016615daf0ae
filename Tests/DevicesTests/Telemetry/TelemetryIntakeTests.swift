import DurableLog
import Foundation
import Kernel
import TestSupport
import Testing
import WireFormats

@testable import Devices

struct TelemetryIntakeTests {
  private func latest(_ fixture: TelemetryFixture, _ device: UInt32 = 1) -> [String: String] {
    guard let entry = fixture.directory[DeviceNumber(device)] else { return [:] }
    return Dictionary(
      uniqueKeysWithValues: fixture.latest.values(entry).map { ($0.property, $0.value.description) })
  }

  @Test("a value can be read the moment its message is durable, before the acknowledgement goes")
  func readableBeforeAcknowledged() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    var batch = fixture.intake.begin(at: TelemetryFixture.now)
    var json = #"{"boot":1,"seq":0,"ts":1795415528000,"values":{"energyWh":42,"voltage":230.5,"closed":true}}"#
    _ = json.withUTF8 { bytes in
      fixture.intake.accept(
        device: DeviceNumber(1), channel: .telemetry, payload: UnsafeRawBufferPointer(bytes),
        receivedAt: TelemetryFixture.now, into: &batch)
    }
    #expect(latest(fixture).isEmpty)
    let (stream, continuation) = AsyncStream.makeStream(of: [String: String].self)
    fixture.intake.commit(batch) { _, _ in continuation.yield(self.latest(fixture)) }
    var iterator = stream.makeAsyncIterator()
    #expect(await iterator.next() == ["energyWh": "42", "voltage": "230.5", "closed": "true"])
  }

  @Test("JSON and CBOR say the same, escapes and key order do not matter")
  func bothFormats() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let json =
      #"{"values":{"mo\u0064e":"man\u0075al","note":"h\u00e9","x":[{}]},"ts":1795415528000,"seq":0,"boot":1,"y":{}}"#
    try await fixture.send([(1, .telemetry, json)])
    #expect(latest(fixture) == ["mode": "manual", "note": "hé"])
    let value = try WireValue(parsing: Array(json.utf8))
    var batch = fixture.intake.begin(at: TelemetryFixture.now)
    let accepted = CBORWriter.bytes(value).withUnsafeBytes {
      fixture.intake.accept(
        device: DeviceNumber(2), channel: .telemetry, payload: $0, receivedAt: TelemetryFixture.now, into: &batch)
    }
    #expect(accepted == Acceptance(lane: .bulk))
    try await fixture.commit(batch, lanes: 1)
    #expect(latest(fixture, 2) == ["mode": "manual", "note": "hé"])
  }

  @Test("a message that can never be taken is told so and recorded", arguments: [
    ("{", .unreadable), ("[]", .unreadable), ("", .unreadable), ("{}", .envelope),
    ("{\"boot\":1,\"boot\":1}", .unreadable),
    (#"{"boot":1,"seq":0}"#, .envelope), (#"{"boot":-1,"seq":0,"values":{}}"#, .envelope),
    (#"{"boot":1,"seq":1.5,"values":{}}"#, .envelope), (#"{"boot":1,"seq":0,"values":7}"#, .envelope),
    (#"{"boot":1,"seq":0,"points":[{"values":{"closed":true}}]}"#, .envelope),
    (#"{"boot":1,"seq":0,"ts":"x","values":{"closed":true}}"#, .envelope),
    (#"{"boot":1,"seq":99999999999999999999,"values":{}}"#, .envelope),
    (#"{"boot":1,"seq":0,"values":{"closed":true}} x"#, .unreadable),
  ] as [(String, Acceptance.Refusal)])
  func refused(json: String, refusal: Acceptance.Refusal) async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let accepted = try await fixture.send([(1, .telemetry, json)])
    #expect(accepted == [Acceptance(lane: .bulk, refusal: refusal)])
    #expect(latest(fixture).isEmpty)
    let history = try await fixture.history()
    try await history.foldAll()
    let page = try await history.rejectedReadings(nil, organisation: fixture.organisation, PageRequest())
    #expect(page.items.map(\.reason) == [refusal.rawValue])
    #expect(page.items.first?.given == json)
  }

  @Test("too large and unknown devices are refused; the others of the tick are taken")
  func largeAndUnknown() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let large = #"{"boot":1,"seq":0,"values":{"note":"\#(String(repeating: "x", count: 70_000))"}}"#
    let good = #"{"boot":1,"seq":1,"values":{"closed":false}}"#
    let accepted = try await fixture.send([(1, .telemetry, large), (99, .telemetry, good), (1, .telemetry, good)])
    #expect(accepted.map(\.refusal) == [.tooLarge, .unknownDevice, nil])
    #expect(latest(fixture) == ["closed": "false"])
  }

  @Test("each channel's own keys are required, and decide the lane")
  func channels() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let accepted = try await fixture.send([
      (1, .event, #"{"boot":1,"seq":0,"ts":1,"event":"tamper","values":{"attempts":5}}"#),
      (1, .event, #"{"boot":1,"seq":1}"#), (1, .hello, #"{"boot":1,"seq":2,"model":"x"}"#),
      (1, .reported, #"{"boot":1,"seq":3,"reported":{"a":1}}"#), (1, .reported, #"{"boot":1,"seq":4,"reported":1}"#),
      (1, .reply, #"{"boot":1,"seq":5,"id":"x","state":"done","values":{"closed":true}}"#),
      (1, .reply, #"{"boot":1,"seq":6,"id":"x"}"#), (1, .telemetry, #"{"boot":1,"seq":7,"values":{}}"#),
    ])
    #expect(accepted.map(\.refusal) == [nil, .envelope, nil, nil, .envelope, nil, .envelope, nil])
    #expect(accepted.map(\.lane) == [.urgent, .urgent, .urgent, .urgent, .urgent, .urgent, .urgent, .bulk])
    // A reply's values are properties; an event's belong to the event.
    #expect(latest(fixture) == ["closed": "true"])
  }

  @Test("values that break their rule leave the others of the message standing")
  func partlyWrong() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let values =
      #""energyWh":1.5,"voltage":230.55,"closed":1,"mode":"x","note":"much too long for this property","zz":1"#
    try await fixture.telemetry(1, seq: 0, values)
    #expect(latest(fixture).isEmpty)
    try await fixture.telemetry(1, seq: 1, #""energyWh":-1,"voltage":230.5,"closed":null,"mode":7"#)
    #expect(latest(fixture) == ["voltage": "230.5"])
    let history = try await fixture.history()
    try await history.foldAll()
    let page = try await history.rejectedReadings([DeviceNumber(1)], organisation: fixture.organisation, PageRequest())
    let reasons = page.items.reversed().map { "\($0.property ?? "-") \($0.reason) \($0.given)" }
    #expect(
      reasons == [
        "energyWh value.type 1.5", "voltage value.precision 230.55", "closed value.type 1", "mode value.range x",
        "note value.range much too long for this property", "zz property.unknown 1", "energyWh value.range -1",
        "closed value.type null", "mode value.type 7",
      ])
    let others = try await history.rejectedReadings(nil, organisation: ID(high: 9, low: 9), PageRequest())
    #expect(others.items.isEmpty)
  }

  @Test("an older value does not replace a newer one; a clock years off is shown at its receipt", .clause("7.1.2d"))
  func order() async throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    try await fixture.telemetry(1, seq: 0, at: .at(-10), #""energyWh":100"#)
    try await fixture.telemetry(1, seq: 1, at: .at(-60), #""energyWh":90"#)
    #expect(latest(fixture) == ["energyWh": "100"])
    try await fixture.telemetry(1, seq: 2, at: Instant(milliseconds: 1_000), #""energyWh":110"#)
    #expect(latest(fixture) == ["energyWh": "110"])
    try await fixture.telemetry(1, seq: 3, at: .at(86_400 * 365), received: .at(1), #""energyWh":120"#)
    #expect(latest(fixture) == ["energyWh": "120"])
    try await fixture.telemetry(1, seq: 4, at: .at(2), #""energyWh":130"#)
    #expect(latest(fixture) == ["energyWh": "130"])
    let history = try await fixture.history()
    try await history.foldAll()
    #expect(try await history.samples(1, "energyWh") == [Sampled(-60, "90"), Sampled(-10, "100"), Sampled(2, "130")])
    let page = try await history.rejectedReadings(nil, organisation: fixture.organisation, PageRequest())
    #expect(page.items.map(\.reason) == ["time.implausible", "time.implausible"])
    #expect(page.items.map(\.given) == ["120", "110"])
  }

  @Test("mutated messages never trap, and what is refused leaves no values behind")
  func fuzz() throws {
    let fixture = try TelemetryFixture()
    defer { fixture.log.close() }
    let seeds = [
      #"{"boot":7,"seq":1,"ts":1795415528000,"values":{"energyWh":87,"closed":true,"voltage":230.5,"mode":"auto"}}"#,
      #"{"boot":7,"seq":2,"points":[{"ts":1795415528000,"values":{"energyWh":1}},{"ts":1795415529000,"values":{}}]}"#,
    ].map { Array($0.utf8) }
    var random = SeededRandom(seed: 3)
    var batch = fixture.intake.begin(at: TelemetryFixture.now)
    var refused = 0
    for round in 0..<20_000 {
      var bytes = seeds[round % 2]
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let before = batch.bulk.updates.updates.count
      let accepted = bytes.withUnsafeBytes {
        fixture.intake.accept(
          device: DeviceNumber(1), channel: .telemetry, payload: $0, receivedAt: TelemetryFixture.now, into: &batch)
      }
      if accepted.refusal != nil {
        refused += 1
        #expect(batch.bulk.updates.updates.count == before)
      }
    }
    #expect(refused > 1_000 && refused < 19_000)
    let records = batch.bulk.bytes.withUnsafeBytes { bytes in IntakeRecords(bytes).reduce(0) { count, _ in count + 1 } }
    #expect(records == 20_000)
  }
}
