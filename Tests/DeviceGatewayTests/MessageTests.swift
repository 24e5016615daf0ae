import Devices
import Kernel
import MQTT
import TestSupport
import Testing

@testable import DeviceGateway

@Suite("Messages of devices", .serialized)
struct MessageTests {
  @Test("an acknowledgement says that the value is on the disk and can be read now", .clause("5.1b1", "7.1.2d"))
  func promise() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let raw = try await fixture.connected(lock)
    #expect(try await raw.publish("anju/1/LK-1/telemetry", Payload.battery(1)) == .success)
    let latest = try await fixture.devices.latest(lock.id, by: fixture.principal)
    #expect(latest.map(\.property) == ["batteryPercent"] && latest.map(\.value) == [.integer(87)])
    await raw.close()
    await fixture.close()
  }

  @Test("a device publishes and subscribes under its own name only: version 5 is told, 3.1.1 is closed")
  func topics() async throws {
    let fixture = try await GatewayFixture()
    let (lock, other) = (try await fixture.register("LK-1"), try await fixture.register("LK-10"))
    let raw = try await fixture.connected(lock)
    for topic in [
      "anju/1/LK-10/telemetry", "anju/1/LK-1/other", "anju/1/LK-1/sub/LK-10/telemetry", "anju/2/LK-1/telemetry",
      "anju/1/LK-1/telemetry/x", "anju/1/LK-1/down/command",
    ] {
      #expect(try await raw.publish(topic, Payload.battery(1)) == .notAuthorized, "\(topic)")
    }
    #expect(try await raw.subscribe("anju/1/LK-1/down/#") == .grantedQoS1)
    for filter in ["#", "anju/1/+/down/#", "anju/1/LK-10/down/#", "anju/1/LK-1/#", "anju/1/LK-1/sub/+/down/#"] {
      #expect(try await raw.subscribe(filter) == .notAuthorized, "\(filter)")
    }
    #expect(try await raw.publish("anju/1/LK-1/telemetry", Payload.battery(2)) == .success)
    let old = try await fixture.connected(other, version: .v311)
    let packet = PublishPacket(
      topic: "anju/1/LK-1/telemetry", payload: Array(Payload.battery(1).utf8), qos: .atLeastOnce, packetID: 1)
    try await old.send(.publish(packet), version: .v311)
    try await old.closed()
    #expect(try await fixture.devices.latest(other.id, by: fixture.principal).isEmpty)
    await raw.close()
    await fixture.close()
  }

  @Test("a gateway speaks for the devices that the registry gives it, and for no others",
    .clause("6.1.2b", "7.1.2b", "8.8a"))
  func gateways() async throws {
    let fixture = try await GatewayFixture()
    let gateway = try await fixture.register("GW-1", model: "gateway.basic")
    let raw = try await fixture.connected(gateway)
    let meter = try await fixture.register("EM-1", model: "electricity.basic", gateway: "GW-1")
    _ = try await fixture.register("EM-2", model: "electricity.basic")
    fixture.fresh.clock.advance(by: .seconds(2))
    let payload = #"{"boot":1,"seq":0,"ts":1764000000000,"values":{"energyWh":12}}"#
    #expect(try await raw.publish("anju/1/GW-1/sub/EM-1/telemetry", payload) == .success)
    #expect(try await raw.publish("anju/1/GW-1/sub/EM-2/telemetry", payload) == .notAuthorized)
    #expect(try await raw.subscribe("anju/1/GW-1/sub/+/down/#") == .grantedQoS1)
    #expect(try await fixture.devices.latest(meter.id, by: fixture.principal).map(\.value) == [.integer(12)])
    #expect(fixture.gateway.connectedSince(meter.number) != nil)
    #expect(fixture.gateway.deliver(DownMessage(channel: .command, payload: Array("{}".utf8)), to: meter.number))
    guard case .publish(let down) = try await raw.next() else { throw RawDevice.Failure.silent }
    #expect(down.topic == "anju/1/GW-1/sub/EM-1/down/command")
    _ = try await fixture.devices.decommission(meter.id, by: fixture.principal)
    #expect(try await raw.publish("anju/1/GW-1/sub/EM-1/telemetry", payload, packetID: 2) == .notAuthorized)
    await raw.close()
    await fixture.close()
  }

  @Test("a payload that can never be taken is acknowledged as such, recorded, and the connection stays")
  func unreadable() async throws {
    let fixture = try await GatewayFixture()
    let (lock, other) = (try await fixture.register("LK-1"), try await fixture.register("LK-2"))
    let raw = try await fixture.connected(lock)
    for payload in ["", "hello", "[1]", #"{"boot":1}"#, #"{"boot":1,"seq":1,"ts":1,"values":{"batteryPercent":8"#] {
      #expect(try await raw.publish("anju/1/LK-1/telemetry", payload) == .payloadFormatInvalid, "\(payload)")
    }
    #expect(
      try await raw.publish("anju/1/LK-1/telemetry", String(repeating: "x", count: 65_537)) == .quotaExceeded)
    #expect(try await raw.publish("anju/1/LK-1/telemetry", Payload.battery(3)) == .success)
    let old = try await fixture.connected(other, version: .v311)
    #expect(try await old.publish("anju/1/LK-2/telemetry", "hello", version: .v311) == .success)
    await raw.close()
    await old.close()
    await fixture.close()
  }

  @Test("a packet beyond all limits ends its connection and no other")
  func oversized() async throws {
    let fixture = try await GatewayFixture()
    let (lock, other) = (try await fixture.register("LK-1"), try await fixture.register("LK-2"))
    let (raw, calm) = (try await fixture.connected(lock), try await fixture.connected(other))
    try await raw.send(bytes: [0x32, 0xff, 0xff, 0x7f])
    try await raw.closed()
    #expect(try await calm.publish("anju/1/LK-2/telemetry", Payload.battery(1)) == .success)
    await calm.close()
    await fixture.close()
  }

  @Test("an event that is sent again counts once", .clause("6.2.1"))
  func replay() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let raw = try await fixture.connected(lock)
    for _ in 0..<3 {
      #expect(
        try await raw.publish("anju/1/LK-1/event", #"{"boot":1,"seq":5,"ts":1,"event":"tamper"}"#) == .success)
    }
    try await fixture.urgent.catchUp()
    let events = try await fixture.devices.events(DeviceEventQuery(), by: fixture.principal).items
    #expect(events.map(\.event) == ["tamper"])
    // A clock years off: what the device says of the time is not believed.
    #expect(events.first?.deviceTime == events.first?.receivedAt)
    await raw.close()
    await fixture.close()
  }

  @Test("a device asks the time and is told it", .clause("6.3.2e"))
  func time() async throws {
    let fixture = try await GatewayFixture()
    let raw = try await fixture.connected(try await fixture.register("LK-1"))
    let packet = PublishPacket(topic: "anju/1/LK-1/time", payload: Array(#"{"t0":123}"#.utf8))
    try await raw.send(.publish(packet))
    guard case .publish(let answer) = try await raw.next() else { throw RawDevice.Failure.silent }
    let now = fixture.fresh.clock.now.milliseconds
    #expect(answer.topic == "anju/1/LK-1/down/time")
    #expect(String(decoding: answer.payload, as: UTF8.self) == #"{"t0":123,"t1":\#(now),"t2":\#(now)}"#)
    await raw.close()
    await fixture.close()
  }

  @Test("a command reaches the device, its answer comes back, and the read-back proves it",
    .clause("5.1b1", "7.1.1", "7.1.2c"))
  func command() async throws {
    let fixture = try await GatewayFixture()
    let lock = try await fixture.register("LK-1")
    let raw = try await fixture.connected(lock)
    let dispatcher = CommandDispatcher(devices: fixture.devices)
    let command = try await fixture.devices.issue(
      NewCommand(device: lock.id, service: "unlock", arguments: ["seconds": .integer(5)]), by: fixture.principal)
    try await dispatcher.dispatch(lock.number)
    #expect(try await fixture.devices.command(command.id, by: fixture.principal).state == .queued)
    #expect(try await raw.subscribe("anju/1/LK-1/down/#") == .grantedQoS1)
    try await dispatcher.dispatch(lock.number)
    guard case .publish(let down) = try await raw.next() else { throw RawDevice.Failure.silent }
    #expect(down.topic == "anju/1/LK-1/down/command" && down.qos == .atLeastOnce)
    #expect(String(decoding: down.payload, as: UTF8.self).contains(#""arguments":{"seconds":5}"#))
    try await raw.send(.puback(PubackPacket(packetID: down.packetID)))
    let answer = #"{"boot":1,"seq":0,"ts":1,"id":"\#(command.id)","state":"done","values":{"locked":false}}"#
    #expect(try await raw.publish("anju/1/LK-1/reply", answer) == .success)
    try await fixture.urgent.catchUp()
    #expect(try await fixture.devices.command(command.id, by: fixture.principal).state == .verified)
    await raw.close()
    await fixture.close()
  }

  @Test("a device that floods is slowed down, loses nothing, and does not hold up another's alarm")
  func flood() async throws {
    let fixture = try await GatewayFixture { $0.waitingBytesOfConnectionMax = 64 << 10 }
    let (lock, smoke) = (try await fixture.register("LK-1"), try await fixture.register("SM-1", model: "smoke.basic"))
    let flooding = try await fixture.connected(lock, version: .v311)
    let calm = try await fixture.connected(smoke)
    let filler = String(repeating: " ", count: 20_000)
    let count = 400
    var bytes: [UInt8] = []
    for index in 1...count {
      let packet = PublishPacket(
        topic: "anju/1/LK-1/telemetry", payload: Array((Payload.battery(index) + filler).utf8), qos: .atLeastOnce,
        packetID: UInt16(index))
      bytes += MQTTPacket.publish(packet).encoded(version: .v311)
    }
    let flood = bytes
    async let sent: Void = flooding.send(bytes: flood)
    let alarm = #"{"boot":1,"seq":0,"ts":1,"event":"smokeAlarm","values":{"smokeDecibelsPerMetre":1}}"#
    #expect(try await calm.publish("anju/1/SM-1/event", alarm) == .success)
    var acknowledged: Set<UInt16> = []
    while acknowledged.count < count {
      guard case .puback(let puback) = try await flooding.next() else { continue }
      acknowledged.insert(puback.packetID)
    }
    try await sent
    await flooding.close()
    await calm.close()
    await fixture.close()
  }
}
