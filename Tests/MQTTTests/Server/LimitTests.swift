import MQTT
import TestSupport
import Testing

@Suite("Limits and bad peers", .timeLimit(.minutes(10)))
struct LimitTests {
  private func publish(
    _ id: UInt16, _ qos: MQTTQoS = .atLeastOnce, topic: MQTTString = "t", count: Int = 1
  ) -> MQTTPacket {
    .publish(
      PublishPacket(
        topic: topic, payload: Array(repeating: 1, count: count), qos: qos, packetID: qos == .atMostOnce ? 0 : id))
  }

  @Test("a peer that says nothing, or half a CONNECT, is closed in time; others go on")
  func connectTimeout() async throws {
    try await TestServer.run { test in
      let (good, _) = try await RawClient.connect(test.port, "good")
      let silent = try await RawClient.open(test.port)
      let slow = try await RawClient.open(test.port)
      let connect = MQTTPacket.connect(ConnectPacket(version: .v5, clientID: "slow")).encoded(version: .v5)
      try await slow.send(bytes: Array(connect.prefix(9)))
      try await until { test.server.connectionCount == 3 }
      await test.pass(seconds: 9)
      #expect(test.server.connectionCount == 3)
      await test.pass(seconds: 2)
      try await silent.closed()
      try await slow.closed()
      #expect(try await good.nothingWaits())
    }
  }

  @Test("a stranger may not make the server keep more than a CONNECT's worth")
  func largeConnect() async throws {
    try await TestServer.run({ $0.connectBytesMax = 1_000 }) { test in
      let client = try await RawClient.open(test.port)
      // CONNECT with a remaining length of 2,000; its body is not waited for.
      try await client.send(bytes: [0x10, 0xD0, 0x0F])
      guard case .connack(let connack) = try await client.next() else {
        Issue.record("no CONNACK")
        return
      }
      #expect(connack.reason == .packetTooLarge)
      try await client.closed()
    }
  }

  @Test("a client sending one byte at a time is understood")
  func byteByByte() async throws {
    try await TestServer.run { test in
      let client = try await RawClient.open(test.port)
      let bytes =
        MQTTPacket.connect(ConnectPacket(version: .v5, clientID: "slow")).encoded(version: .v5)
        + publish(1, count: 200).encoded(version: .v5) + publish(2).encoded(version: .v5)
      for byte in bytes { try await client.send(bytes: [byte]) }
      guard case .connack(let connack) = try await client.next() else {
        Issue.record("no CONNACK")
        return
      }
      #expect(connack.reason == .success)
      #expect(try await client.next() == .puback(.init(packetID: 1, reason: .noMatchingSubscribers)))
      #expect(try await client.next() == .puback(.init(packetID: 2, reason: .noMatchingSubscribers)))
    }
  }

  @Test("a half-open client ends after one and a half keep-alives, one that pings does not")
  func keepAlive() async throws {
    try await TestServer.run { test in
      let (dead, _) = try await RawClient.connect(test.port, "dead", keepAlive: 10)
      let (alive, _) = try await RawClient.connect(test.port, "alive", keepAlive: 10)
      let (free, _) = try await RawClient.connect(test.port, "free", keepAlive: 0)
      for _ in 0..<3 {
        await test.pass(seconds: 4.9)
        #expect(try await alive.nothingWaits())
      }
      #expect(test.delegate.read { $0.ends.isEmpty })
      await test.pass(seconds: 1)
      #expect(try await dead.next() == .disconnect(.init(reason: .keepAliveTimeout)))
      try await dead.closed()
      #expect(test.delegate.read { $0.ends } == [.keepAliveTimeout])
      #expect(try await alive.nothingWaits())
      #expect(try await free.nothingWaits())
    }
  }

  @Test("the server imposes its keep-alive and its expiry and says so")
  func imposed() async throws {
    try await TestServer.run {
      $0.keepAliveSecondsMax = 30
      $0.sessionExpirySecondsMax = 100
    } _: { test in
      let (_, connack) = try await RawClient.connect(
        test.port, "a", keepAlive: 60, properties: [.sessionExpiryInterval(1_000)])
      #expect(connack.properties.serverKeepAlive == 30)
      #expect(connack.properties.sessionExpiryInterval == 100)
      let (_, plain) = try await RawClient.connect(
        test.port, "b", keepAlive: 20, properties: [.sessionExpiryInterval(50)])
      #expect(plain.properties.serverKeepAlive == nil)
      #expect(plain.properties.sessionExpiryInterval == nil)
      let (_, unnamed) = try await RawClient.connect(test.port, "", keepAlive: 20)
      #expect(unnamed.properties.assignedClientIdentifier == "given-1")
    }
  }

  @Test("beyond Receive Maximum, packet size, alias and levels the right reason comes")
  func exceeded() async throws {
    try await TestServer.run {
      $0.packetBytesMax = 300
      $0.receiveMaximum = 2
      $0.topicLevelsMax = 3
    } _: { test in
      test.delegate.set { $0.publishAnswer = { _ in .later } }
      let (greedy, connack) = try await RawClient.connect(test.port, "a")
      #expect(connack.properties.receiveMaximum == 2)
      #expect(connack.properties.maximumPacketSize == 300)
      try await greedy.send(publish(1), publish(2), publish(3))
      #expect(try await greedy.next() == .disconnect(.init(reason: .receiveMaximumExceeded)))
      let (large, _) = try await RawClient.connect(test.port, "b")
      try await large.send(publish(1, count: 400))
      #expect(try await large.next() == .disconnect(.init(reason: .packetTooLarge)))
      let (alias, _) = try await RawClient.connect(test.port, "c")
      try await alias.send(.publish(PublishPacket(topic: "t", payload: [], properties: [.topicAlias(11)])))
      #expect(try await alias.next() == .disconnect(.init(reason: .topicAliasInvalid)))
      let (deep, _) = try await RawClient.connect(test.port, "d")
      try await deep.send(publish(1, topic: "a/b/c/d"))
      #expect(try await deep.next() == .puback(.init(packetID: 1, reason: .topicNameInvalid)))
      #expect(try await deep.subscribe("a/b/c/d") == .topicFilterInvalid)
    }
  }

  @Test("sessions, subscriptions and kept messages have their limits")
  func counts() async throws {
    try await TestServer.run {
      $0.sessionsMax = 2
      $0.subscriptionsMax = 2
      $0.retainedMessagesMax = 1
    } _: { test in
      let (first, _) = try await RawClient.connect(test.port, "a")
      let (_, second) = try await RawClient.connect(test.port, "b")
      #expect(second.reason == .success)
      let (_, third) = try await RawClient.connect(test.port, "c")
      #expect(third.reason == .quotaExceeded)
      #expect(try await first.subscribe("1") == .grantedQoS2)
      #expect(try await first.subscribe("2") == .grantedQoS2)
      #expect(try await first.subscribe("2") == .grantedQoS2)
      #expect(try await first.subscribe("3") == .quotaExceeded)
      var packet = PublishPacket(topic: "r1", payload: [1], qos: .atLeastOnce, isRetained: true, packetID: 1)
      try await first.send(.publish(packet))
      #expect(try await first.next() == .puback(.init(packetID: 1, reason: .noMatchingSubscribers)))
      packet.topic = "r2"
      try await first.send(.publish(packet))
      #expect(try await first.next() == .puback(.init(packetID: 1, reason: .quotaExceeded)))
      packet.qos = .exactlyOnce
      try await first.send(.publish(packet))
      #expect(try await first.next() == .pubrec(.init(packetID: 1, reason: .quotaExceeded)))
    }
  }

  @Test("a CONNACK larger than the client takes is not sent")
  func tinyClient() async throws {
    try await TestServer.run { test in
      let client = try await RawClient.open(test.port)
      try await client.send(.connect(ConnectPacket(version: .v5, clientID: "a", properties: [.maximumPacketSize(3)])))
      try await client.closed()
      await #expect(throws: RawClient.Closed.self) { try await client.next() }
    }
  }

  @Test("garbage before CONNECT and noise after it close only their own connection", arguments: 0..<30)
  func garbage(seed: Int) async throws {
    try await TestServer.run { test in
      let (good, _) = try await RawClient.connect(test.port, "good")
      var random = SeededRandom(seed: UInt64(seed))
      for isConnected in [false, true] {
        let client = isConnected
          ? try await RawClient.connect(test.port, "bad").0 : try await RawClient.open(test.port)
        // A reserved packet type first, so that it is wrong for certain.
        let noise = [0x00] + (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
        try await client.send(bytes: noise)
        try await client.closed()
      }
      #expect(try await good.nothingWaits())
    }
  }

  @Test("closing tells every client that the server goes")
  func shutDown() async throws {
    try await TestServer.run { test in
      let (client, _) = try await RawClient.connect(test.port, "a")
      await test.server.close()
      #expect(try await client.next() == .disconnect(.init(reason: .serverShuttingDown)))
      try await client.closed()
      #expect(test.delegate.read { $0.ends } == [.shutDown])
      await #expect(throws: (any Error).self) { _ = try await RawClient.open(test.port) }
    }
  }

  @Test("a thousand clients at once publish and are acknowledged")
  func thousand() async throws {
    try await TestServer.run(loops: 2) { test in
      test.delegate.set { $0.publishAnswer = { _ in .accepted } }
      var clients: [RawClient] = []
      for number in 0..<1_000 {
        clients.append(try await RawClient.connect(test.port, MQTTString("c\(number)")).0)
      }
      #expect(test.server.sessionCount == 1_000)
      for client in clients { try await client.send(publish(1), publish(2), publish(3)) }
      for client in clients {
        for id in UInt16(1)...3 { #expect(try await client.next() == .puback(.init(packetID: id))) }
      }
      for client in clients { await client.drop() }
      try await until { test.server.connectionCount == 0 }
      #expect(test.server.sessionCount == 0)
    }
  }
}
