import MQTT

/// Plays one vector with the client machine: the lines are the server's and the program's.
final class ClientRun {
  private let vector: Vector
  private var machine: MQTTClientMachine
  private var now: UInt64 = 1_000_000
  private var sent: [[UInt8]] = []
  private var told: [NamedPacket.Field] = []
  private var toldFields: [[NamedPacket.Field]] = []
  private var messages: [PublishPacket] = []
  private var isClosing = false
  private var caught: [String: String] = [:]

  init(_ vector: Vector) throws(VectorFault) {
    self.vector = vector
    machine = MQTTClientMachine(options: try ClientRun.options(vector))
  }

  /// - Throws: the first departure, with file and line.
  func play() throws {
    for step in vector.steps {
      do throws(VectorFault) {
        try perform(step.action)
      } catch {
        throw VectorFault("ClientVectors/\(vector.file).txt:\(step.line): \(step.text)\n  \(error)")
      }
    }
  }

  private func perform(_ action: Vector.Action) throws(VectorFault) {
    switch action {
    case .sendPacket(let packet): try receive(try filled(packet).encoded(vector.version))
    case .sendBytes(let terms):
      try receive(terms.flatMap { term in if case .bytes(let bytes) = term { bytes } else { [UInt8]() } })
    case .expectPacket(let pattern, _): try expect(pattern)
    case .advance(let milliseconds):
      now += UInt64(milliseconds)
      take(machine.tick(now: now))
    case .quiet:
      if let packet = sent.first { throw VectorFault("sent \(try NamedPacket(decoding: packet, vector.version))") }
      if isClosing { throw VectorFault("closes") }
    case .closed:
      if let packet = sent.first { throw VectorFault("sent \(try NamedPacket(decoding: packet, vector.version))") }
      guard isClosing else { throw VectorFault("does not close") }
      machine.connectionClosed()
    case .does(let verb, let fields): try does(verb, NamedPacket(kind: .publish, fields: fields))
    case .told(let kind, let fields): try expectTold(kind, fields)
    case .distinct(let names):
      guard Set(names.map { caught[String($0.dropFirst())] }).count == names.count else {
        throw VectorFault("not all different: \(caught)")
      }
    default: throw VectorFault("not a line for client vectors")
    }
  }

  // MARK: The server's part

  private func filled(_ packet: NamedPacket) -> NamedPacket {
    var packet = packet
    for index in packet.fields.indices where packet.fields[index].value.hasPrefix("%") {
      packet.fields[index].value = caught[String(packet.fields[index].value.dropFirst())] ?? "0"
    }
    return packet
  }

  private func receive(_ bytes: [UInt8]) throws(VectorFault) {
    let packet: MQTTPacket?
    do throws(MQTTDecodeError) {
      packet = try MQTTPacket.decode(bytes, version: vector.version == .v5 ? .v5 : .v311)?.packet
    } catch {
      throw VectorFault("the client's codec refuses the packet: \(error.detail)")
    }
    guard let packet else { throw VectorFault("not a whole packet") }
    take(machine.received(packet, now: now))
  }

  private func expect(_ pattern: NamedPacket) throws(VectorFault) {
    guard !sent.isEmpty else { throw VectorFault("nothing was sent") }
    var pattern = pattern
    let got = try NamedPacket(decoding: sent.removeFirst(), vector.version)
    caught = try PacketMatch(caught: caught).match(&pattern, got)
  }

  // MARK: The program's part

  private func does(_ verb: String, _ wish: NamedPacket) throws(VectorFault) {
    switch verb {
    case "open":
      isClosing = false
      take(machine.connectionOpened(now: now))
    case "lose": machine.connectionClosed()
    case "disconnect": take(machine.disconnect(now: now))
    case "publish":
      let (token, actions) = machine.publish(
        topic: MQTTString(wish.value("topic") ?? ""), payload: try NamedPacket.bytes(wish.value("payload") ?? ""),
        qos: MQTTQoS(rawValue: UInt8(try wish.number("qos", else: 0))) ?? .atMostOnce,
        isRetained: try wish.number("retain", else: 0) == 1, properties: try properties(wish), now: now)
      if token == nil { tell("rejected", []) }
      take(actions)
    case "subscribe":
      let entry = SubscribePacket.Entry(
        filter: MQTTString(wish.value("filter") ?? ""),
        options: MQTTSubscriptionOptions(
          maximumQoS: MQTTQoS(rawValue: UInt8(try wish.number("qos", else: 0))) ?? .atMostOnce))
      take(machine.subscribe([entry], now: now).actions)
    case "authenticate":
      var properties = MQTTProperties()
      if let method = wish.value("auth-method") { properties.append(.authenticationMethod(MQTTString(method))) }
      let reason = MQTTReasonCode(rawValue: UInt8(try wish.number("reason", else: 0x18)))
      take(machine.authenticate(AuthPacket(reason: reason, properties: properties), now: now))
    case "unsubscribe": take(machine.unsubscribe([MQTTString(wish.value("filter") ?? "")], now: now).actions)
    case "acknowledge":
      guard !messages.isEmpty else { throw VectorFault("no message to acknowledge") }
      let reason = MQTTReasonCode(rawValue: UInt8(try wish.number("reason", else: 0)))
      take(machine.acknowledge(messages.removeFirst(), reason: reason, now: now))
    default: throw VectorFault("unknown wish \(verb)")
    }
  }

  private func properties(_ wish: NamedPacket) throws(VectorFault) -> MQTTProperties {
    var properties = MQTTProperties()
    if let alias = wish.value("topic-alias") {
      properties.append(.topicAlias(UInt16(try NamedPacket.number(alias, of: "topic-alias"))))
    }
    return properties
  }

  private func take(_ actions: [MQTTClientMachine.Action]) {
    for action in actions {
      switch action {
      case .send(let packet): sent.append(packet.encoded(version: vector.version == .v5 ? .v5 : .v311))
      case .connected(let connack): tell("connected", [("present", connack.isSessionPresent ? "1" : "0")])
      case .refused(let connack):
        isClosing = true
        tell("refused", [("code", "\(connack.reason.rawValue)")])
      case .message(let message):
        messages.append(message)
        tell("message", [("topic", message.topic.description), ("payload", NamedPacket.text(message.payload))])
      case .completed(_, let reason): tell("completed", [("reason", "\(reason.rawValue)")])
      case .answered(let packetID, let reasons):
        let codes = NamedPacket.hex(reasons.map(\.rawValue), separator: ",")
        tell("answered", [("id", "\(packetID)"), ("codes", codes)])
      case .challenge: tell("challenge", [])
      case .close: isClosing = true
      }
    }
  }

  private func tell(_ kind: String, _ fields: [(String, String)]) {
    told.append(.init(name: kind, value: ""))
    toldFields.append(fields.map { .init(name: $0.0, value: $0.1) })
  }

  private func expectTold(_ kind: String, _ fields: [NamedPacket.Field]) throws(VectorFault) {
    guard !told.isEmpty else { throw VectorFault("nothing was told") }
    let got = told.removeFirst().name
    let values = toldFields.removeFirst()
    guard got == kind else { throw VectorFault("told \(got) \(values)") }
    for field in fields {
      let value = values.first { $0.name == field.name }?.value
      let wanted = try? NamedPacket.number(field.value, of: field.name)
      guard value == field.value || (wanted != nil && wanted == value.flatMap { Int($0) }) else {
        throw VectorFault("told \(got) \(values)")
      }
    }
  }

  // MARK: Options

  private static func options(_ vector: Vector) throws(VectorFault) -> MQTTClientOptions {
    let settings = NamedPacket(kind: .connect, fields: vector.settings)
    var options = MQTTClientOptions(
      version: vector.version == .v5 ? .v5 : .v311, clientID: MQTTString(settings.value("id") ?? "c"))
    options.isClean = try settings.number("clean", else: 0) == 1
    options.keepAliveSeconds = UInt16(try settings.number("keep-alive", else: 60))
    options.sessionExpirySeconds = UInt32(try settings.number("session-expiry", else: 0))
    options.windowMax = UInt16(try settings.number("window", else: 64))
    options.userName = settings.value("name").map { MQTTString($0) }
    options.password = settings.value("password").map { Array($0.utf8) }
    options.acknowledgesAtOnce = settings.value("manual") == nil
    if let maximum = settings.value("topic-alias-maximum") {
      options.properties.append(.topicAliasMaximum(UInt16(try NamedPacket.number(maximum, of: "topic-alias-maximum"))))
    }
    if let method = settings.value("auth-method") {
      options.properties.append(.authenticationMethod(MQTTString(method)))
    }
    if let topic = settings.value("will-topic") {
      options.will = MQTTWill(
        topic: MQTTString(topic), payload: Array((settings.value("will-payload") ?? "").utf8),
        qos: MQTTQoS(rawValue: UInt8(try settings.number("will-qos", else: 0))) ?? .atMostOnce,
        isRetained: try settings.number("will-retain", else: 0) == 1, properties: [])
    }
    return options
  }
}
