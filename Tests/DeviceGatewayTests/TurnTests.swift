import Devices
import MQTT
import TestSupport
import Testing

@testable import DeviceGateway

@Suite("Busy devices", .serialized)
struct TurnTests {
  @Test("take turns where there is room for few; each gets through completely, and quiet ones do not wait in line")
  func turns() async throws {
    // Room for two readings: nearly everybody always waits.
    let fixture = try await GatewayFixture {
      $0.turnBytesOfLoop = 200
      $0.turnBytesOfConnection = 100
    }
    var busy: [(name: String, raw: RawDevice)] = []
    for number in 1...8 {
      let lock = try await fixture.register("LK-\(number)")
      busy.append((lock.name.description, try await fixture.connected(lock, version: .v311)))
    }
    let quiet = try await fixture.connected(try await fixture.register("SM-1", model: "smoke.basic"))
    let count = 200
    try await withThrowingTaskGroup(of: Int.self) { group in
      for (name, raw) in busy {
        group.addTask {
          try await raw.send(bytes: Self.readings(of: name, count))
          var acknowledged: Set<UInt16> = []
          while acknowledged.count < count {
            guard case .puback(let puback) = try await raw.next() else { continue }
            acknowledged.insert(puback.packetID)
          }
          return acknowledged.count
        }
      }
      let alarm = #"{"boot":1,"seq":0,"ts":1,"event":"smokeAlarm","values":{"smokeDecibelsPerMetre":1}}"#
      #expect(try await quiet.publish("anju/1/SM-1/event", alarm) == .success)
      for try await acknowledged in group { #expect(acknowledged == count) }
    }
    for (_, raw) in busy { await raw.close() }
    await quiet.close()
    await fixture.close()
  }

  @Test("who leaves while waiting for a turn takes nobody else's")
  func leaving() async throws {
    let fixture = try await GatewayFixture {
      $0.turnBytesOfLoop = 200
      $0.turnBytesOfConnection = 100
    }
    let locks = [try await fixture.register("LK-1"), try await fixture.register("LK-2")]
    let leaver = try await fixture.connected(locks[0], version: .v311)
    let stayer = try await fixture.connected(locks[1], version: .v311)
    try await leaver.send(bytes: Self.readings(of: "LK-1", 200))
    await leaver.close()
    try await stayer.send(bytes: Self.readings(of: "LK-2", 200))
    var acknowledged = 0
    while acknowledged < 200 {
      if case .puback = try await stayer.next() { acknowledged += 1 }
    }
    await stayer.close()
    await fixture.close()
  }

  private static func readings(of device: String, _ count: Int) -> [UInt8] {
    (1...count).reduce(into: []) { bytes, index in
      let packet = PublishPacket(
        topic: MQTTString("anju/1/\(device)/telemetry"), payload: Array(Payload.battery(index).utf8),
        qos: .atLeastOnce, packetID: UInt16(index))
      bytes += MQTTPacket.publish(packet).encoded(version: .v311)
    }
  }
}
