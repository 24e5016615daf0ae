import MQTT
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@Suite("The delegate decides", .timeLimit(.minutes(10)))
struct DelegateTests {
  private func publish(_ id: UInt16, _ qos: MQTTQoS = .atLeastOnce, topic: MQTTString = "t") -> MQTTPacket {
    .publish(PublishPacket(topic: topic, payload: [1], qos: qos, packetID: qos == .atMostOnce ? 0 : id))
  }

  @Test("a message answered later is acknowledged when the delegate says so, all in the order it says")
  func later() async throws {
    try await TestServer.run { test in
      test.delegate.set { $0.publishAnswer = { _ in .later } }
      let (client, _) = try await RawClient.connect(test.port, "a")
      try await client.send(publish(1), publish(2), publish(3, .exactlyOnce), publish(4))
      try await until { test.delegate.read { $0.published.count } == 4 }
      #expect(try await client.nothingWaits())
      let session = try #require(test.delegate.read { $0.sessions.first })
      session.eventLoop.execute { session.acknowledge(packetIDs: [2, 1, 3]) }
      #expect(try await client.next() == .puback(.init(packetID: 2)))
      #expect(try await client.next() == .puback(.init(packetID: 1)))
      #expect(try await client.next() == .pubrec(.init(packetID: 3)))
      session.eventLoop.execute { session.acknowledge(packetIDs: [4], reason: .quotaExceeded) }
      #expect(try await client.next() == .puback(.init(packetID: 4, reason: .quotaExceeded)))
      #expect(test.delegate.read { $0.ticks } > 0)
    }
  }

  @Test("the delegate is told the end of a tick after the messages of that tick")
  func ticks() async throws {
    try await TestServer.run { test in
      let batches = Mutex<[Int]>([])
      let delegate = test.delegate
      delegate.set {
        $0.publishAnswer = { _ in .later }
        $0.atTick = {
          let (count, session) = delegate.read { ($0.published.count, $0.sessions.first) }
          batches.withLock { $0.append(count) }
          let ids = delegate.read { $0.published.map(\.packetID) }
          delegate.set { $0.published = [] }
          session?.acknowledge(packetIDs: ids)
        }
      }
      let (client, _) = try await RawClient.connect(test.port, "a")
      try await client.send(publish(1), publish(2), publish(3))
      for id in UInt16(1)...3 { #expect(try await client.next() == .puback(.init(packetID: id))) }
      #expect(batches.withLock { $0.contains { $0 > 1 } })
    }
  }

  @Test("an accepted message goes to nobody, a refused one is told its reason, in 3.1.1 by a plain PUBACK")
  func acceptedAndRefused() async throws {
    try await TestServer.run { test in
      test.delegate.set {
        $0.publishAnswer = { $0.topic == "no" ? .refused(.notAuthorized) : .accepted }
      }
      let (client, _) = try await RawClient.connect(test.port, "a")
      #expect(try await client.subscribe("#") == .grantedQoS2)
      try await client.send(publish(1), publish(2, topic: "no"), publish(3, .exactlyOnce, topic: "no"))
      #expect(try await client.next() == .puback(.init(packetID: 1)))
      #expect(try await client.next() == .puback(.init(packetID: 2, reason: .notAuthorized)))
      #expect(try await client.next() == .pubrec(.init(packetID: 3, reason: .notAuthorized)))
      let (old, _) = try await RawClient.connect(test.port, "b", version: .v311)
      try await old.send(publish(1, topic: "no"))
      #expect(try await old.next() == .puback(.init(packetID: 1)))
      #expect(try await client.nothingWaits())
    }
  }

  @Test("a client is refused with the reason, in 3.1.1 with the nearest return code")
  func refusedClients() async throws {
    try await TestServer.run { test in
      test.delegate.set { $0.connectAnswer = { _ in .refuse(.badUserNameOrPassword, [.reasonString("no")]) } }
      let (new, connack) = try await RawClient.connect(test.port, "a")
      #expect(connack.reason == .badUserNameOrPassword)
      #expect(connack.properties.reasonString == "no")
      try await new.closed()
      let (quiet, bare) = try await RawClient.connect(test.port, "a", properties: [.requestProblemInformation(0)])
      #expect(bare.properties.isEmpty)
      try await quiet.closed()
      let (old, answer) = try await RawClient.connect(test.port, "a", version: .v311)
      #expect(answer.reason.rawValue == 4)
      try await old.closed()
      #expect(test.server.sessionCount == 0)
    }
  }

  @Test("the decision may come later; nothing is lost that the client sent in the meantime")
  func lateDecision() async throws {
    try await TestServer.run { test in
      let promises = Mutex<[EventLoopPromise<MQTTConnectAnswer>]>([])
      test.delegate.set {
        $0.connectAnswer = { request in
          let promise = request.eventLoop.makePromise(of: MQTTConnectAnswer.self)
          promises.withLock { $0.append(promise) }
          return .later(promise.futureResult)
        }
      }
      let client = try await RawClient.open(test.port)
      try await client.send(.connect(ConnectPacket(version: .v5, clientID: "a")), publish(1), publish(2))
      try await until { promises.withLock { $0.count } == 1 }
      promises.withLock { $0[0].succeed(.accept) }
      guard case .connack = try await client.next() else {
        Issue.record("no CONNACK")
        return
      }
      #expect(try await client.next() == .puback(.init(packetID: 1, reason: .noMatchingSubscribers)))
      #expect(try await client.next() == .puback(.init(packetID: 2, reason: .noMatchingSubscribers)))
    }
  }

  @Test("an enhanced authentication goes its steps, also later in the session")
  func enhancedAuthentication() async throws {
    try await TestServer.run { test in
      test.delegate.set {
        $0.connectAnswer = { _ in .challenge([1]) }
        $0.authenticateAnswer = { step in
          step.properties.authenticationData == [2]
            ? .accept(MQTTAcceptance(authenticationData: [3])) : .refuse(.notAuthorized)
        }
      }
      let client = try await RawClient.open(test.port)
      let method = MQTTProperty.authenticationMethod("m")
      try await client.send(.connect(ConnectPacket(version: .v5, clientID: "a", properties: [method])))
      #expect(
        try await client.next()
          == .auth(.init(reason: .continueAuthentication, properties: [method, .authenticationData([1])])))
      try await client.send(
        .auth(.init(reason: .continueAuthentication, properties: [method, .authenticationData([2])])))
      guard case .connack(let connack) = try await client.next() else {
        Issue.record("no CONNACK")
        return
      }
      #expect(connack.reason == .success)
      #expect(connack.properties.authenticationMethod == "m")
      #expect(connack.properties.authenticationData == [3])
      try await client.send(.auth(.init(reason: .reAuthenticate, properties: [method, .authenticationData([2])])))
      #expect(try await client.next() == .auth(.init(properties: [method, .authenticationData([3])])))
      try await client.send(.auth(.init(reason: .reAuthenticate, properties: [method, .authenticationData([9])])))
      #expect(try await client.next() == .disconnect(.init(reason: .notAuthorized)))
      try await client.closed()
    }
  }

  @Test("subscriptions are granted, lowered or refused one by one")
  func subscriptions() async throws {
    try await TestServer.run { test in
      test.delegate.set {
        $0.subscribeAnswer = { filter, qos in filter == "no" ? .notAuthorized : .granted(min(qos, .atLeastOnce)) }
      }
      for (version, failure) in [(MQTTVersion.v5, MQTTReasonCode.notAuthorized), (.v311, .unspecifiedError)] {
        let (client, _) = try await RawClient.connect(test.port, "a", version: version)
        let entries = ["a", "no", "b"].map {
          SubscribePacket.Entry(filter: MQTTString($0), options: .init(maximumQoS: .exactlyOnce))
        }
        try await client.send(.subscribe(.init(packetID: 7, entries: entries)))
        #expect(try await client.next() == .suback(.init(packetID: 7, reasons: [.grantedQoS1, failure, .grantedQoS1])))
      }
    }
  }

  @Test("the program publishes to a session and to all, from any thread, and ends a session with a reason")
  func fromTheProgram() async throws {
    try await TestServer.run { test in
      let (client, _) = try await RawClient.connect(test.port, "a")
      #expect(try await client.subscribe("all/#") == .grantedQoS2)
      let session = try #require(test.delegate.read { $0.sessions.first })
      #expect(session.publish(topic: "own", payload: [1], qos: .atLeastOnce, properties: [.contentType("x")]))
      #expect(try await client.message() == PublishPacket(
        topic: "own", payload: [1], qos: .atLeastOnce, packetID: 1, properties: [.contentType("x")]))
      #expect(session.queuedCount == 1)
      #expect(test.server.publish(topic: "all/x", payload: [2], qos: .atMostOnce))
      #expect(try await client.message().topic == "all/x")
      #expect(!test.server.publish(topic: "none", payload: [2], qos: .atMostOnce))
      #expect(test.server.disconnect("a", reason: .administrativeAction))
      #expect(!test.server.disconnect("nobody"))
      #expect(try await client.next() == .disconnect(.init(reason: .administrativeAction)))
      try await client.closed()
      #expect(test.delegate.read { $0.ends } == [.closed(.administrativeAction)])
      // The ended handle does nothing any more.
      session.close()
      #expect(!session.publish(topic: "own", payload: [1], qos: .atMostOnce))
    }
  }

  @Test("a session that is paused is not read, and loses nothing when it goes on")
  func backPressure() async throws {
    try await TestServer.run { test in
      test.delegate.set { $0.publishAnswer = { _ in .accepted } }
      let (client, _) = try await RawClient.connect(test.port, "a")
      let session = try #require(test.delegate.read { $0.sessions.first })
      session.pauseReading()
      try await session.eventLoop.submit {}.get()
      // One read may be on its way already; after it no more are made.
      try await client.send(publish(1))
      for id in UInt16(2)...15 { try await client.send(publish(id)) }
      try await session.eventLoop.submit {}.get()
      #expect(test.delegate.read { $0.published.count } < 15)
      session.resumeReading()
      for id in UInt16(1)...15 { #expect(try await client.next() == .puback(.init(packetID: id))) }
    }
  }

  @Test("a client that does not read is not served beyond its buffer, and gets all when it reads again")
  func slowReader() async throws {
    try await TestServer.run({ $0.queuedBytesMax = 1 << 30 }) { test in
      let (client, _) = try await RawClient.connect(test.port, "a")
      let session = try #require(test.delegate.read { $0.sessions.first })
      try await client.setReading(false)
      let payload = [UInt8](repeating: 7, count: 10_000)
      let count = 2_000
      for _ in 0..<count { session.publish(topic: "t", payload: payload, qos: .atMostOnce) }
      try await until { session.queuedCount > 0 }
      try await client.setReading(true)
      var received = 0
      while received < count {
        let message = try await client.message()
        #expect(message.payload.count == 10_000)
        received += 1
      }
      #expect(session.queuedCount == 0)
    }
  }
}
