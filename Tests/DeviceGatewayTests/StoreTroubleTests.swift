import Devices
import Kernel
import MQTT
import SQLStore
import Synchronization
import TestSupport
import Testing

@testable import DeviceGateway
@testable import DurableLog

@Suite("When a store cannot", .serialized)
struct StoreTroubleTests {
  @Test("a full disk acknowledges nothing it does not hold, and devices go on when there is room")
  func fullDisk() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let first = try await fixture.connected(lock)
    try fixture.log.writer.withLock { try $0.file.execute("PRAGMA max_page_count=20") }
    // The log's file may take a few more; then one is refused.
    let note = String(repeating: "x", count: 30_000)
    var acknowledged = 0
    do {
      for number in 0..<20 {
        let payload = #"{"boot":1,"seq":\#(number),"values":{"batteryPercent":\#(number)},"note":"\#(note)"}"#
        #expect(try await first.publish("anju/1/LK-1/telemetry", payload) == .success)
        acknowledged += 1
      }
      Issue.record("a full disk took everything")
    } catch {}
    try await first.closed()
    #expect(try fixture.log.read(.bulk, after: .start, bytesMax: .max).count == acknowledged)
    try fixture.log.writer.withLock { try $0.file.execute("PRAGMA max_page_count=1000000") }
    let again = try await fixture.connected(lock)
    fixture.fresh.clock.advance(by: .seconds(1))
    let payload = #"{"boot":1,"seq":21,"values":{"batteryPercent":42}}"#
    #expect(try await again.publish("anju/1/LK-1/telemetry", payload) == .success)
    #expect(try await fixture.devices.latest(lock.id, by: fixture.principal).map(\.value) == [.integer(42)])
    await again.close()
    await fixture.close()
  }

  @Test("while another holds the business store, messages are acknowledged, and events are acted on afterwards")
  func locked() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let raw = try await fixture.connected(lock)
    let (gate, held) = (Gate(), AsyncStream<Void>.makeStream())
    let store = fixture.fresh.store
    let holder = Task {
      try await store.write { _ in
        held.continuation.yield()
        gate.wait()
      }
    }
    var holding = held.stream.makeAsyncIterator()
    await holding.next()
    #expect(try await raw.publish("anju/1/LK-1/telemetry", Payload.battery(1)) == .success)
    let event = #"{"boot":1,"seq":2,"ts":1764000000000,"event":"tamper","values":{}}"#
    #expect(try await raw.publish("anju/1/LK-1/event", event) == .success)
    gate.open()
    try await holder.value
    try await fixture.urgent.catchUp()
    let events = try await fixture.devices.events(DeviceEventQuery(device: lock.id), by: fixture.principal)
    #expect(events.items.map(\.event) == ["tamper"])
    await raw.close()
    await fixture.close()
  }
}
