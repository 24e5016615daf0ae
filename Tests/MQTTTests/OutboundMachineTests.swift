import Testing

@testable import MQTT

@Suite("The sending half of a session")
struct OutboundMachineTests {
  private func delivery(_ text: String, _ qos: MQTTQoS, expiresAt: UInt64? = nil) -> Delivery {
    Delivery(
      message: Message(
        topic: "t", payload: Array(text.utf8), qos: qos, passedProperties: [], expiresAt: expiresAt, publisher: nil),
      qos: qos)
  }

  private func machine(messagesMax: Int = 100, window: Int = 10, version: MQTTVersion = .v5) -> OutboundMachine {
    var machine = OutboundMachine(limits: .init(messagesMax: messagesMax, bytesMax: 10_000, queuesQoS0Offline: false))
    machine.resume(.init(version: version, window: window))
    return machine
  }

  private func text(_ send: OutboundMachine.Send?) -> String? {
    switch send {
    case .publish(let publish):
      "\(publish.isDuplicate ? "DUP " : "")\(String(decoding: publish.delivery.message.payload, as: UTF8.self))"
        + " \(publish.packetID)"
    case .pubrel(let packetID): "REL \(packetID)"
    case nil: nil
    }
  }

  @Test("messages go out in order, with identifiers of their own")
  func order() {
    var machine = machine()
    for (text, qos) in [("a", MQTTQoS.atLeastOnce), ("b", .atMostOnce), ("c", .exactlyOnce)] {
      let isTaken = machine.enqueue(delivery(text, qos))
      #expect(isTaken)
    }
    let sent = [machine.next(now: 0), machine.next(now: 0), machine.next(now: 0), machine.next(now: 0)].map(text)
    #expect(sent == ["a 1", "b 0", "c 2", nil])
    check(machine.count, 2)
  }

  @Test("no more than the window is in flight, and an acknowledgement lets the next one go")
  func window() {
    var machine = machine(window: 2)
    for number in 0..<4 { _ = machine.enqueue(delivery("\(number)", .atLeastOnce)) }
    check(text(machine.next(now: 0)), "0 1")
    check(text(machine.next(now: 0)), "1 2")
    check(text(machine.next(now: 0)), nil)
    check(machine.puback(2), .done)
    check(text(machine.next(now: 0)), "2 3")
    check(text(machine.next(now: 0)), nil)
    // An identifier that is not in flight gives no more room.
    check(machine.puback(99), .done)
    check(text(machine.next(now: 0)), nil)
  }

  @Test("a reconnect repeats what is in flight with DUP, in its first order, PUBREL where PUBREC came")
  func repetition() {
    var machine = machine(window: 3)
    for (text, qos) in [("a", MQTTQoS.atLeastOnce), ("b", .exactlyOnce), ("c", .exactlyOnce), ("d", .atLeastOnce)] {
      _ = machine.enqueue(delivery(text, qos))
    }
    for _ in 0..<3 { _ = machine.next(now: 0) }
    check(machine.pubrec(2, reason: .success), .sendPubrel)
    machine.suspend()
    check(text(machine.next(now: 0)), nil)
    machine.resume(.init(version: .v5, window: 3))
    let sent = (0..<5).map { _ in text(machine.next(now: 0)) }
    #expect(sent == ["DUP a 1", "REL 2", "DUP c 3", nil, nil])
    check(machine.puback(1), .done)
    check(text(machine.next(now: 0)), "d 4")
    check(machine.pubcomp(2), .done)
    check(machine.pubrec(3, reason: .success), .sendPubrel)
    check(machine.pubcomp(3), .done)
    check(machine.puback(4), .done)
    check(machine.count, 0)
  }

  @Test("acknowledgements that do not belong are violations")
  func violations() {
    var machine = machine()
    _ = machine.enqueue(delivery("a", .atLeastOnce))
    _ = machine.enqueue(delivery("b", .exactlyOnce))
    _ = machine.next(now: 0)
    _ = machine.next(now: 0)
    check(machine.pubrec(1, reason: .success), .violation)
    check(machine.pubcomp(1), .violation)
    check(machine.puback(2), .violation)
    check(machine.pubcomp(2), .violation)
    check(machine.pubrec(7, reason: .success), .sendPubrel)
    check(machine.pubrec(7, reason: .unspecifiedError), .done)
    // A refused QoS 2 message is over.
    check(machine.pubrec(2, reason: .quotaExceeded), .done)
    check(machine.count, 1)
  }

  @Test("beyond the limit QoS 0 goes first, then the oldest")
  func overflow() {
    var machine = machine(messagesMax: 3, window: 0)
    check(machine.enqueue(delivery("a", .atLeastOnce)), true)
    check(machine.enqueue(delivery("b", .atMostOnce)), true)
    check(machine.enqueue(delivery("c", .atLeastOnce)), true)
    let isTaken = machine.enqueue(delivery("d", .atMostOnce))
    #expect(!isTaken)
    check(machine.enqueue(delivery("e", .atLeastOnce)), true)
    check(machine.enqueue(delivery("f", .atLeastOnce)), true)
    machine.resume(.init(version: .v5, window: 9))
    check((0..<4).map { _ in text(machine.next(now: 0)) }, ["c 1", "e 2", "f 3", nil])
    let tooLarge = machine.enqueue(delivery(String(repeating: "x", count: 10_001), .atLeastOnce))
    #expect(!tooLarge)
  }

  @Test("a client that is away gets no QoS 0, unless the limit's policy says so")
  func offline() {
    var machine = machine()
    _ = machine.enqueue(delivery("a", .atMostOnce))
    _ = machine.enqueue(delivery("b", .atLeastOnce))
    machine.suspend()
    check(machine.count, 1)
    let isTaken = machine.enqueue(delivery("c", .atMostOnce))
    #expect(!isTaken)
    machine.resume(.init(version: .v5, window: 9))
    check(text(machine.next(now: 0)), "b 1")

    var keeping = OutboundMachine(limits: .init(messagesMax: 9, bytesMax: 99, queuesQoS0Offline: true))
    check(keeping.enqueue(delivery("a", .atMostOnce)), true)
  }

  @Test("messages expire in the queue, and what is left of their time is told")
  func expiry() {
    var machine = machine(window: 0)
    _ = machine.enqueue(delivery("old", .atLeastOnce, expiresAt: 5_000))
    _ = machine.enqueue(delivery("young", .atLeastOnce, expiresAt: 9_000))
    machine.resume(.init(version: .v5, window: 9))
    guard case .publish(let publish) = machine.next(now: 5_000) else {
      Issue.record("nothing to send")
      return
    }
    #expect(publish.delivery.message.payload == Array("young".utf8))
    var bytes: [UInt8] = []
    publish.write(to: &bytes)
    #expect(bytes.count == publish.packetLength)
    guard case .publish(let packet) = try? MQTTPacket.decode(bytes, version: .v5)?.packet else {
      Issue.record("not a PUBLISH")
      return
    }
    #expect(packet.properties.messageExpiryInterval == 4)
  }

  @Test("a message larger than the client takes is dropped as though sent")
  func packetSize() {
    var machine = machine()
    machine.resume(.init(version: .v5, window: 1, packetBytesMax: 12))
    _ = machine.enqueue(delivery("this one is too large", .atLeastOnce))
    _ = machine.enqueue(delivery("fits", .atLeastOnce))
    check(text(machine.next(now: 0)), "fits 1")
    check(machine.count, 1)
  }

  @Test("topics get aliases up to the client's limit, and new ones after a reconnect")
  func aliases() {
    func sent(_ machine: inout OutboundMachine, _ topic: MQTTString) -> PublishPacket? {
      let message = Message(
        topic: topic, payload: [1], qos: .atMostOnce, passedProperties: [], expiresAt: nil, publisher: nil)
      _ = machine.enqueue(Delivery(message: message, qos: .atMostOnce))
      guard case .publish(let publish) = machine.next(now: 0) else { return nil }
      var bytes: [UInt8] = []
      publish.write(to: &bytes)
      guard case .publish(let packet) = try? MQTTPacket.decode(bytes, version: .v5)?.packet else { return nil }
      return packet
    }
    var machine = machine()
    machine.resume(.init(version: .v5, window: 1, topicAliasMaximum: 2))
    check(sent(&machine, "a")?.properties, [.topicAlias(1)])
    check(sent(&machine, "b")?.properties, [.topicAlias(2)])
    check(sent(&machine, "c")?.properties, [])
    let again = sent(&machine, "a")
    #expect(again?.topic == "")
    #expect(again?.properties == [.topicAlias(1)])
    machine.suspend()
    machine.resume(.init(version: .v5, window: 1, topicAliasMaximum: 2))
    check(sent(&machine, "a")?.topic, "a")
  }

  @Test("random events keep the window, the identifiers and the count right")
  func properties() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<50 {
      let window = Int.random(in: 1...5, using: &random)
      var machine = machine(messagesMax: 1_000, window: window)
      var expected = 0
      var open: [UInt16: MQTTQoS] = [:]
      var released: Set<UInt16> = []
      for step in 0..<400 {
        switch Int.random(in: 0...9, using: &random) {
        case 0...3:
          let qos: MQTTQoS = Bool.random(using: &random) ? .atLeastOnce : .exactlyOnce
          _ = machine.enqueue(delivery("\(step)", qos))
          expected += 1
        case 4...6:
          guard case .publish(let publish) = machine.next(now: 0) else { continue }
          #expect(open[publish.packetID] == nil || publish.isDuplicate)
          open[publish.packetID] = publish.delivery.qos
          #expect(open.count <= window)
        case 7, 8:
          guard let (packetID, qos) = open.randomElement(using: &random) else { continue }
          if qos == .atLeastOnce {
            check(machine.puback(packetID), .done)
          } else if released.contains(packetID) {
            check(machine.pubcomp(packetID), .done)
          } else {
            check(machine.pubrec(packetID, reason: .success), .sendPubrel)
            released.insert(packetID)
            continue
          }
          open[packetID] = nil
          released.remove(packetID)
          expected -= 1
        default:
          machine.suspend()
          machine.resume(.init(version: .v5, window: window))
          // Everything in flight is repeated before anything new.
          for _ in 0..<open.count {
            switch machine.next(now: 0) {
            case .publish(let publish): #expect(publish.isDuplicate && open[publish.packetID] != nil)
            case .pubrel(let packetID): #expect(released.contains(packetID))
            case nil: Issue.record("a message in flight was not repeated")
            }
          }
        }
        check(machine.count, expected)
      }
    }
  }
}
