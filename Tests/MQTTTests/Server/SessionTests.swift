import MQTT
import TestSupport
import Testing

@Suite("Sessions, wills and kept messages", .timeLimit(.minutes(10)))
struct SessionTests {
  private let expires: MQTTProperties = [.sessionExpiryInterval(60)]

  private func publish(
    _ topic: MQTTString, _ payload: String, _ qos: MQTTQoS = .atLeastOnce, id: UInt16 = 1, isRetained: Bool = false,
    properties: MQTTProperties = []
  ) -> MQTTPacket {
    .publish(
      PublishPacket(
        topic: topic, payload: Array(payload.utf8), qos: qos, isRetained: isRetained,
        packetID: qos == .atMostOnce ? 0 : id, properties: properties))
  }

  @Test("a session goes on within its expiry and is forgotten after it")
  func expiry() async throws {
    try await TestServer.run { test in
      let (first, connack) = try await RawClient.connect(test.port, "a", properties: expires)
      #expect(!connack.isSessionPresent)
      _ = try await first.subscribe("t")
      await first.drop()
      try await until { test.delegate.read { $0.ends.count } == 1 }
      await test.pass(seconds: 59)
      let (second, again) = try await RawClient.connect(test.port, "a", isClean: false, properties: expires)
      #expect(again.isSessionPresent)
      try await second.send(.disconnect(.init(properties: [.sessionExpiryInterval(5)])))
      try await second.closed()
      try await until { test.delegate.read { $0.ends.count } == 2 }
      await test.pass(seconds: 6)
      #expect(test.server.sessionCount == 0)
      #expect(test.server.subscriptionCount == 0)
      let (_, third) = try await RawClient.connect(test.port, "a", isClean: false, properties: expires)
      #expect(!third.isSessionPresent)
    }
  }

  @Test("3.1.1's lasting session keeps subscriptions and messages; a clean one ends it")
  func lasting() async throws {
    try await TestServer.run { test in
      let (first, _) = try await RawClient.connect(test.port, "a", version: .v311, isClean: false)
      _ = try await first.subscribe("t")
      try await first.send(.disconnect(.init()))
      try await first.closed()
      let (other, _) = try await RawClient.connect(test.port, "b", version: .v311)
      try await other.send(publish("t", "1"), publish("t", "2", .exactlyOnce, id: 2))
      #expect(try await other.next() == .puback(.init(packetID: 1)))
      #expect(try await other.next() == .pubrec(.init(packetID: 2)))
      let (second, connack) = try await RawClient.connect(test.port, "a", version: .v311, isClean: false)
      #expect(connack.isSessionPresent)
      #expect(try await second.message().payload == Array("1".utf8))
      #expect(try await second.message().qos == .exactlyOnce)
      let (third, clean) = try await RawClient.connect(test.port, "a", version: .v311)
      #expect(!clean.isSessionPresent)
      #expect(try await third.nothingWaits())
      #expect(test.server.subscriptionCount == 0)
    }
  }

  @Test("a message in flight is repeated with DUP and its identifier after a reconnect")
  func repetition() async throws {
    try await TestServer.run { test in
      let (first, _) = try await RawClient.connect(test.port, "a", properties: expires)
      let session = try #require(test.delegate.read { $0.sessions.first })
      session.publish(topic: "x", payload: [1], qos: .atLeastOnce)
      session.publish(topic: "y", payload: [2], qos: .exactlyOnce)
      let one = try await first.message()
      let two = try await first.message()
      try await first.send(.pubrec(.init(packetID: two.packetID)))
      #expect(try await first.next() == .pubrel(.init(packetID: two.packetID)))
      await first.drop()
      let (second, _) = try await RawClient.connect(test.port, "a", isClean: false, properties: expires)
      var repeated = one
      repeated.isDuplicate = true
      #expect(try await second.message() == repeated)
      #expect(try await second.next() == .pubrel(.init(packetID: two.packetID)))
    }
  }

  @Test("a QoS 2 message sent again after a reconnect is handed on once")
  func exactlyOnce() async throws {
    try await TestServer.run { test in
      let (first, _) = try await RawClient.connect(test.port, "a", properties: expires)
      try await first.send(publish("t", "1", .exactlyOnce, id: 5))
      #expect(try await first.next() == .pubrec(.init(packetID: 5)))
      await first.drop()
      let (second, _) = try await RawClient.connect(test.port, "a", isClean: false, properties: expires)
      var packet = PublishPacket(topic: "t", payload: Array("1".utf8), qos: .exactlyOnce, packetID: 5)
      packet.isDuplicate = true
      try await second.send(.publish(packet))
      #expect(try await second.next() == .pubrec(.init(packetID: 5)))
      try await second.send(.pubrel(.init(packetID: 5)))
      #expect(try await second.next() == .pubcomp(.init(packetID: 5)))
      #expect(test.delegate.read { $0.published.count } == 1)
    }
  }

  @Test("another connection of the same client takes over, on whichever loop", arguments: [1, 3])
  func takeOver(loops: Int) async throws {
    try await TestServer.run(loops: loops) { test in
      var (last, _) = try await RawClient.connect(test.port, "a", properties: expires)
      for round in 1...6 {
        let (next, connack) = try await RawClient.connect(test.port, "a", isClean: false, properties: expires)
        #expect(connack.isSessionPresent)
        #expect(try await last.next() == .disconnect(.init(reason: .sessionTakenOver)))
        try await last.closed()
        try await until { test.delegate.read { $0.ends.count } == round }
        #expect(test.delegate.read { $0.ends.last } == .takenOver)
        last = next
      }
      #expect(try await last.nothingWaits())
      #expect(test.server.sessionCount == 1)
    }
  }

  @Test("a will is published when the connection breaks, not after a good-bye, and after DISCONNECT 0x04")
  func wills() async throws {
    try await TestServer.run { test in
      let (watcher, _) = try await RawClient.connect(test.port, "w")
      _ = try await watcher.subscribe("will/#")
      let will = MQTTWill(topic: "will/a", payload: [9], qos: .atLeastOnce, properties: [.contentType("c")])
      let (first, _) = try await RawClient.connect(test.port, "a", will: will)
      try await first.send(.disconnect(.init()))
      try await first.closed()
      #expect(try await watcher.nothingWaits())
      let (second, _) = try await RawClient.connect(test.port, "a", will: will)
      await second.drop()
      let message = try await watcher.message()
      #expect(message.topic == "will/a")
      #expect(message.properties == [.contentType("c")])
      let (third, _) = try await RawClient.connect(test.port, "a", will: will)
      try await third.send(.disconnect(.init(reason: .disconnectWithWill)))
      #expect(try await watcher.message().payload == [9])
      // A malformed packet is no good-bye.
      let (fourth, _) = try await RawClient.connect(test.port, "a", will: will)
      try await fourth.send(bytes: [0x36, 0])
      #expect(try await watcher.message().payload == [9])
    }
  }

  @Test("a delayed will waits, is dropped when the client comes back, and goes at the session's end at the latest")
  func delayedWills() async throws {
    try await TestServer.run { test in
      let (watcher, _) = try await RawClient.connect(test.port, "w")
      _ = try await watcher.subscribe("will/#")
      let will = MQTTWill(topic: "will/a", payload: [9], properties: [.willDelayInterval(10)])
      func leave(_ properties: MQTTProperties, isClean: Bool = true) async throws {
        let ends = test.delegate.read { $0.ends.count }
        let (client, _) = try await RawClient.connect(
          test.port, "a", isClean: isClean, properties: properties, will: will)
        await client.drop()
        try await until { test.delegate.read { $0.ends.count } == ends + 1 }
      }
      try await leave(expires)
      await test.pass(seconds: 9)
      #expect(try await watcher.nothingWaits())
      await test.pass(seconds: 2)
      #expect(try await watcher.message().payload == [9])
      // Back in time.
      try await leave(expires)
      let (back, _) = try await RawClient.connect(test.port, "a", isClean: false, properties: expires)
      await test.pass(seconds: 20)
      #expect(try await watcher.nothingWaits())
      try await back.send(.disconnect(.init()))
      try await back.closed()
      // The session ends first.
      try await leave([.sessionExpiryInterval(3)])
      await test.pass(seconds: 4)
      #expect(try await watcher.message().payload == [9])
      // A clean start ends the session, and so publishes.
      try await leave(expires)
      let (clean, _) = try await RawClient.connect(test.port, "a")
      #expect(try await watcher.message().payload == [9])
      _ = clean
    }
  }

  @Test("kept messages come at subscribing by the handling asked for, and count their expiry down")
  func retained() async throws {
    try await TestServer.run { test in
      let (client, _) = try await RawClient.connect(test.port, "a")
      try await client.send(publish("r/1", "x", isRetained: true, properties: [.messageExpiryInterval(100)]))
      #expect(try await client.next() == .puback(.init(packetID: 1, reason: .noMatchingSubscribers)))
      await test.pass(seconds: 30)
      _ = try await client.subscribe("r/#", .atMostOnce, properties: [.subscriptionIdentifier(77)])
      #expect(
        try await client.message()
          == PublishPacket(
            topic: "r/1", payload: Array("x".utf8), isRetained: true,
            properties: [.messageExpiryInterval(70), .subscriptionIdentifier(77)]))
      _ = try await client.subscribe("r/#", .atMostOnce) { $0.retainHandling = .whenNew }
      #expect(try await client.nothingWaits())
      _ = try await client.subscribe("r/+", .atMostOnce) { $0.retainHandling = .never }
      #expect(try await client.nothingWaits())
      _ = try await client.subscribe("$share/g/r/+", .atMostOnce)
      #expect(try await client.nothingWaits())
      await test.pass(seconds: 71)
      _ = try await client.subscribe("r/#", .atMostOnce)
      #expect(try await client.nothingWaits())
      #expect(test.server.publish(topic: "r/2", payload: [1], qos: .atMostOnce, isRetained: true))
      #expect(test.server.retainedCount >= 1)
    }
  }

  @Test("retain as published, no local, identifiers and the highest QoS of overlapping subscriptions")
  func options() async throws {
    try await TestServer.run { test in
      let (client, _) = try await RawClient.connect(test.port, "a")
      _ = try await client.subscribe("o/#", .atMostOnce, properties: [.subscriptionIdentifier(1)]) {
        $0.isRetainAsPublished = true
      }
      _ = try await client.subscribe("o/+", .atLeastOnce, properties: [.subscriptionIdentifier(2)])
      _ = try await client.subscribe("own", .atLeastOnce) { $0.isNoLocal = true }
      try await client.send(publish("o/1", "x", .exactlyOnce, isRetained: true))
      #expect(try await client.next() == .pubrec(.init(packetID: 1)))
      let message = try await client.message()
      #expect(message.qos == .atLeastOnce)
      #expect(message.isRetained)
      #expect(Set(message.properties.subscriptionIdentifiers) == [1, 2])
      try await client.send(publish("own", "x", id: 2))
      #expect(try await client.next() == .puback(.init(packetID: 2)))
      #expect(try await client.nothingWaits())
    }
  }

  @Test("a sharing group takes turns, prefers who is there, and keeps for who is away")
  func shared() async throws {
    try await TestServer.run { test in
      let (one, _) = try await RawClient.connect(test.port, "1", properties: expires)
      let (two, _) = try await RawClient.connect(test.port, "2", properties: expires)
      _ = try await one.subscribe("$share/g/s", .atLeastOnce)
      _ = try await two.subscribe("$share/g/s", .atLeastOnce)
      for number in 0..<4 { test.server.publish(topic: "s", payload: [UInt8(number)], qos: .atLeastOnce) }
      #expect(try await [one.message().payload, one.message().payload] == [[0], [2]])
      #expect(try await [two.message().payload, two.message().payload] == [[1], [3]])
      await one.drop()
      try await until { test.delegate.read { $0.ends.count } == 1 }
      for number in 4..<6 { test.server.publish(topic: "s", payload: [UInt8(number)], qos: .atLeastOnce) }
      #expect(try await [two.message().payload, two.message().payload] == [[4], [5]])
      await two.drop()
      try await until { test.delegate.read { $0.ends.count } == 2 }
      test.server.publish(topic: "s", payload: [6], qos: .atLeastOnce)
      let (back, _) = try await RawClient.connect(test.port, "1", isClean: false, properties: expires)
      var payloads: [[UInt8]] = []
      for _ in 0..<2 { payloads.append(try await back.message().payload) }
      #expect(payloads == [[0], [2]])
      let (other, _) = try await RawClient.connect(test.port, "2", isClean: false, properties: expires)
      var rest: [[UInt8]] = []
      for _ in 0..<4 { rest.append(try await other.message().payload) }
      #expect(rest == [[1], [3], [4], [5]])
      // The one that nobody was there for waits with one of the two.
      let lefts = [try await back.nothingWaits(), try await other.nothingWaits()]
      #expect(lefts.filter { !$0 }.count == 1)
    }
  }

  @Test("a topic's bytes are its name: composed and decomposed letters are two topics")
  func bytesAreNames() async throws {
    try await TestServer.run { test in
      let (client, _) = try await RawClient.connect(test.port, "a")
      _ = try await client.subscribe("\u{E9}")
      test.server.publish(topic: "e\u{301}", payload: [1], qos: .atMostOnce)
      #expect(try await client.nothingWaits())
      test.server.publish(topic: "\u{E9}", payload: [2], qos: .atMostOnce)
      #expect(try await client.message().payload == [2])
    }
  }
}
