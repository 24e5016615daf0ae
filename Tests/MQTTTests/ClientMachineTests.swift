import Testing

import MQTT

@Suite("The client's state machine")
struct ClientMachineTests {
  private func connected(
    _ change: (inout MQTTClientOptions) -> Void = { _ in }, isSessionPresent: Bool = false,
    properties: MQTTProperties = []
  ) -> MQTTClientMachine {
    var options = MQTTClientOptions(clientID: "c")
    change(&options)
    var machine = MQTTClientMachine(options: options)
    _ = machine.connectionOpened(now: 0)
    _ = machine.received(.connack(.init(isSessionPresent: isSessionPresent, properties: properties)), now: 0)
    return machine
  }

  @Test("CONNECT goes out first, and nothing else before CONNACK")
  func connecting() {
    var machine = MQTTClientMachine(options: MQTTClientOptions(version: .v311, clientID: "c", isClean: true))
    let (token, early) = machine.publish(topic: "t", payload: [1], qos: .atLeastOnce, now: 0)
    #expect(token == 1)
    #expect(early.isEmpty)
    let opened = machine.connectionOpened(now: 0)
    #expect(opened == [.send(.connect(ConnectPacket(version: .v311, clientID: "c", isClean: true)))])
    let connack = ConnackPacket(isSessionPresent: false)
    let actions = machine.received(.connack(connack), now: 0)
    let publish = PublishPacket(topic: "t", payload: [1], qos: .atLeastOnce, packetID: 1)
    #expect(actions == [.connected(connack), .send(.publish(publish))])
    check(machine.received(.puback(.init(packetID: 1)), now: 0), [.completed(1, .success)])
    check(machine.pendingCount, 0)
  }

  @Test("a refusal is told")
  func refused() {
    var machine = MQTTClientMachine(options: MQTTClientOptions(clientID: "c"))
    _ = machine.connectionOpened(now: 0)
    let connack = ConnackPacket(isSessionPresent: false, reason: .notAuthorized)
    check(machine.received(.connack(connack), now: 0), [.refused(connack)])
    check(machine.isConnected, false)
  }

  @Test("QoS 2 goes through its four steps in both directions")
  func exactlyOnce() {
    var machine = connected()
    let (token, _) = machine.publish(topic: "t", payload: [1], qos: .exactlyOnce, now: 0)
    check(machine.received(.pubrec(.init(packetID: 1)), now: 0), [.send(.pubrel(.init(packetID: 1)))])
    check(machine.received(.pubcomp(.init(packetID: 1)), now: 0), [.completed(token ?? 0, .success)])
    let message = PublishPacket(topic: "d", payload: [2], qos: .exactlyOnce, packetID: 9)
    check(machine.received(.publish(message), now: 0), [.message(message), .send(.pubrec(.init(packetID: 9)))])
    check(machine.received(.publish(message), now: 0), [.send(.pubrec(.init(packetID: 9)))])
    check(machine.received(.pubrel(.init(packetID: 9)), now: 0), [.send(.pubcomp(.init(packetID: 9)))])
  }

  @Test("the server's Receive Maximum bounds what is in flight")
  func window() {
    var machine = connected(properties: [.receiveMaximum(1)])
    let first = machine.publish(topic: "t", payload: [1], qos: .atLeastOnce, now: 0)
    let second = machine.publish(topic: "t", payload: [2], qos: .atLeastOnce, now: 0)
    #expect(first.actions.count == 1)
    #expect(second.actions.isEmpty)
    let actions = machine.received(.puback(.init(packetID: 1)), now: 0)
    #expect(actions.count == 2)
    #expect(actions.first == .completed(1, .success))
  }

  @Test("a kept session repeats with DUP, a forgotten one publishes anew")
  func reconnect() {
    for isKept in [true, false] {
      var machine = connected()
      _ = machine.publish(topic: "t", payload: [1], qos: .atLeastOnce, now: 0)
      _ = machine.publish(topic: "t", payload: [2], qos: .exactlyOnce, now: 0)
      _ = machine.publish(topic: "t", payload: [3], qos: .exactlyOnce, now: 0)
      _ = machine.received(.pubrec(.init(packetID: 3)), now: 0)
      machine.connectionClosed()
      _ = machine.connectionOpened(now: 0)
      let actions = machine.received(.connack(.init(isSessionPresent: isKept)), now: 0)
      let sent = actions.compactMap { action -> String? in
        switch action {
        case .send(.publish(let packet)): "\(packet.payload[0])\(packet.isDuplicate ? " DUP" : "") #\(packet.packetID)"
        case .send(.pubrel(let packet)): "REL #\(packet.packetID)"
        case .completed(let token, _): "done \(token)"
        default: nil
        }
      }
      #expect(sent == (isKept ? ["1 DUP #1", "2 DUP #2", "REL #3"] : ["done 3", "1 #4", "2 #5"]))
    }
  }

  @Test("keep-alive sends a ping, and a missing answer ends the connection")
  func keepAlive() {
    var machine = connected { $0.keepAliveSeconds = 10 }
    check(machine.tick(now: 9_999).isEmpty, true)
    check(machine.tick(now: 10_000), [.send(.pingreq(PingreqPacket()))])
    check(machine.received(.pingresp(PingrespPacket()), now: 10_100).isEmpty, true)
    check(machine.tick(now: 20_000), [.send(.pingreq(PingreqPacket()))])
    check(machine.tick(now: 29_999).isEmpty, true)
    check(machine.tick(now: 30_000), [.close(.keepAliveTimeout)])
    check(machine.tick(now: 40_000).isEmpty, true)
  }

  @Test("a server that does not answer CONNECT is given up")
  func silentServer() {
    var machine = MQTTClientMachine(options: MQTTClientOptions(clientID: "c"))
    _ = machine.connectionOpened(now: 0)
    check(machine.tick(now: 9_999).isEmpty, true)
    check(machine.tick(now: 10_000), [.close(.keepAliveTimeout)])
  }

  @Test("the program acknowledges when it wants to")
  func lateAcknowledgement() {
    var machine = connected { $0.acknowledgesAtOnce = false }
    let message = PublishPacket(topic: "d", payload: [2], qos: .atLeastOnce, packetID: 9)
    check(machine.received(.publish(message), now: 0), [.message(message)])
    check(machine.acknowledge(message, now: 0), [.send(.puback(.init(packetID: 9)))])
  }

  @Test("subscriptions are answered by their identifier")
  func subscribing() {
    var machine = connected()
    let (packetID, actions) = machine.subscribe(
      [.init(filter: "a/#", options: .init(maximumQoS: .atLeastOnce))], now: 0)
    #expect(packetID == 1)
    #expect(actions.count == 1)
    let suback = MQTTPacket.suback(.init(packetID: 1, reasons: [.grantedQoS1]))
    check(machine.received(suback, now: 0), [.answered(packetID: 1, [.grantedQoS1])])
    check(machine.received(suback, now: 0).isEmpty, true)
  }

  @Test("the queue has its limit")
  func limit() {
    var machine = connected {
      $0.queuedMax = 2
      $0.windowMax = 1
    }
    for _ in 0..<2 {
      let token = machine.publish(topic: "t", payload: [], qos: .atLeastOnce, now: 0).token
      #expect(token != nil)
    }
    let token = machine.publish(topic: "t", payload: [], qos: .atLeastOnce, now: 0).token
    #expect(token == nil)
  }

  @Test("a server that breaks the protocol is told so and left")
  func violations() {
    var machine = connected()
    let actions = machine.received(.pingreq(PingreqPacket()), now: 0)
    #expect(actions == [.send(.disconnect(.init(reason: .protocolError))), .close(.protocolError)])
    var second = connected()
    let alias = PublishPacket(topic: "", payload: [], properties: [.topicAlias(1)])
    check(second.received(.publish(alias), now: 0).last, .close(.topicAliasInvalid))
  }
}
