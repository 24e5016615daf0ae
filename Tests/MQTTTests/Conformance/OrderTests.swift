import NIOCore
import Testing

@Suite("Order across event loops")
struct OrderTests {
  private static let publishers = 4
  private static let messages = 200

  /// [5.0 MQTT-4.6.0-5] [3.1.1 MQTT-4.6.0-6]: vectors run on one event loop; here publishers and subscribers sit on
  /// three.
  @Test("each subscriber gets each publisher's messages complete and in order", arguments: ProtocolVersion.allCases)
  func order(version: ProtocolVersion) async throws {
    let broker = try await ConformanceBroker.start([], loops: 3)
    do {
      try await run(broker, version)
    } catch {
      Issue.record("\(error)")
    }
    try await broker.stop()
  }

  private func run(_ broker: ConformanceBroker, _ version: ProtocolVersion) async throws {
    var subscribers: [Wire] = []
    for number in 0..<3 {
      let wire = try await connect("s\(number)", broker, version)
      await wire.send(try packet("subscribe id=1 filter=t/#@1", version))
      _ = try await wire.readPacket()
      subscribers.append(wire)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<Self.publishers {
        group.addTask { try await publish(number, broker, version) }
      }
      for subscriber in subscribers {
        group.addTask { try await collect(subscriber, version) }
      }
      try await group.waitForAll()
    }
    for subscriber in subscribers { await subscriber.close() }
  }

  private func publish(_ number: Int, _ broker: ConformanceBroker, _ version: ProtocolVersion) async throws {
    let wire = try await connect("p\(number)", broker, version)
    for count in 1...Self.messages {
      await wire.send(try packet("publish topic=t/\(number) qos=1 id=\(count) payload=\(count)", version))
      if count.isMultiple(of: 50) {
        for _ in 0..<50 { _ = try await wire.readPacket() }
      }
    }
    await wire.close()
  }

  private func collect(_ wire: Wire, _ version: ProtocolVersion) async throws {
    var last: [String: Int] = [:]
    for _ in 0..<Self.publishers * Self.messages {
      let got = try NamedPacket(decoding: try await wire.readPacket(), version)
      let topic = try #require(got.value("topic"))
      #expect(try got.number("payload", else: 0) == last[topic, default: 0] + 1, "\(topic)")
      last[topic, default: 0] += 1
      await wire.send(try packet("puback id=\(got.value("id") ?? "0")", version))
    }
    #expect(last.count == Self.publishers && last.values.allSatisfy { $0 == Self.messages })
  }

  private func connect(_ id: String, _ broker: ConformanceBroker, _ version: ProtocolVersion) async throws -> Wire {
    let wire = try await Wire.connect(port: broker.port, on: broker.clients, pieces: .whole)
    await wire.send(try packet("connect id=\(id)", version))
    _ = try await wire.readPacket()
    return wire
  }

  private func packet(_ text: String, _ version: ProtocolVersion) throws -> [UInt8] {
    guard case .sendPacket(let packet) = try VectorLine.step("a> " + text, line: 0).action else {
      throw VectorFault("no packet: \(text)")
    }
    return try packet.encoded(version)
  }
}
