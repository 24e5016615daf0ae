import MQTT

/// Makes well-formed packets of every type, the same for the same seed.
struct PacketGenerator {
  var random: SeededRandom

  init(seed: UInt64) { random = SeededRandom(seed: seed) }

  mutating func packet(_ type: MQTTPacketType, version: MQTTVersion) -> MQTTPacket {
    let isV5 = version == .v5
    switch type {
    case .connect: return .connect(connect(version))
    case .connack:
      return .connack(
        ConnackPacket(
          isSessionPresent: flag(), reason: isV5 ? reason([0, 0x81, 0x87, 0x9F]) : reason([0, 1, 2, 3, 4, 5]),
          properties: properties(connackProperties(), isV5)))
    case .publish: return .publish(publish(version))
    case .puback: return .puback(.init(packetID: id(), reason: answer(isV5), properties: answerProperties(isV5)))
    case .pubrec: return .pubrec(.init(packetID: id(), reason: answer(isV5), properties: answerProperties(isV5)))
    case .pubrel: return .pubrel(.init(packetID: id(), reason: release(isV5), properties: answerProperties(isV5)))
    case .pubcomp: return .pubcomp(.init(packetID: id(), reason: release(isV5), properties: answerProperties(isV5)))
    case .subscribe: return .subscribe(subscribe(version))
    case .suback:
      let codes: [UInt8] = isV5 ? [0, 1, 2, 0x80, 0x87, 0x97, 0xA2] : [0, 1, 2, 0x80]
      return .suback(.init(packetID: id(), reasons: some { $0.reason(codes) }, properties: answerProperties(isV5)))
    case .unsubscribe:
      return .unsubscribe(
        .init(packetID: id(), filters: some { $0.filter() }, properties: properties([user()], isV5)))
    case .unsuback:
      let reasons = isV5 ? some { $0.reason([0, 0x11, 0x87]) } : []
      return .unsuback(.init(packetID: id(), reasons: reasons, properties: answerProperties(isV5)))
    case .pingreq: return .pingreq(PingreqPacket())
    case .pingresp: return .pingresp(PingrespPacket())
    case .disconnect:
      return .disconnect(
        .init(
          reason: isV5 ? reason([0, 4, 0x81, 0x8E, 0x9C]) : .success,
          properties: properties(
            [.sessionExpiryInterval(number()), .serverReference(text()), .reasonString(text()), user()], isV5)))
    case .auth:
      return .auth(
        .init(
          reason: reason([0, 0x18, 0x19]),
          properties: properties(
            [.authenticationMethod(text()), .authenticationData(bytes()), .reasonString(text()), user()], true)))
    }
  }

  // MARK: Packets

  private mutating func connect(_ version: MQTTVersion) -> ConnectPacket {
    let isV5 = version == .v5
    var packet = ConnectPacket(
      version: version, clientID: text(least: 1), isClean: flag(),
      keepAliveSeconds: UInt16.random(in: 0...65_535, using: &random))
    if flag() {
      packet.will = MQTTWill(
        topic: topic(), payload: bytes(), qos: qos(), isRetained: flag(),
        properties: properties(messageProperties() + [.willDelayInterval(number())], isV5))
    }
    if flag() {
      packet.userName = text()
      if flag() { packet.password = bytes() }
    }
    packet.properties = properties(
      [
        .sessionExpiryInterval(number()), .receiveMaximum(id()), .maximumPacketSize(max(number(), 1)),
        .topicAliasMaximum(id()), .requestResponseInformation(1), .requestProblemInformation(0), user(), user(),
        .authenticationMethod(text()),
      ], isV5)
    if packet.properties.authenticationMethod != nil { packet.properties.append(.authenticationData(bytes())) }
    return packet
  }

  private mutating func publish(_ version: MQTTVersion) -> PublishPacket {
    let qos = qos()
    return PublishPacket(
      topic: topic(), payload: bytes(), qos: qos, isRetained: flag(), isDuplicate: qos != .atMostOnce && flag(),
      packetID: qos == .atMostOnce ? 0 : id(),
      properties: properties(
        messageProperties()
          + [.topicAlias(id()), .subscriptionIdentifier(UInt32.random(in: 1...268_435_455, using: &random))],
        version == .v5))
  }

  private mutating func subscribe(_ version: MQTTVersion) -> SubscribePacket {
    let entries = some { generator -> SubscribePacket.Entry in
      var options = MQTTSubscriptionOptions(maximumQoS: generator.qos())
      if version == .v5 {
        options.isNoLocal = generator.flag()
        options.isRetainAsPublished = generator.flag()
        options.retainHandling = [.always, .whenNew, .never][Int(generator.number() % 3)]
      }
      return .init(filter: generator.filter(), options: options)
    }
    return SubscribePacket(
      packetID: id(), entries: entries,
      properties: properties(
        [.subscriptionIdentifier(UInt32.random(in: 1...268_435_455, using: &random)), user()], version == .v5))
  }

  // MARK: Parts

  private mutating func messageProperties() -> [MQTTProperty] {
    [
      .payloadFormatIndicator(1), .messageExpiryInterval(number()), .contentType(text()), .responseTopic(topic()),
      .correlationData(bytes()), user(), user(),
    ]
  }

  private mutating func connackProperties() -> [MQTTProperty] {
    [
      .sessionExpiryInterval(number()), .assignedClientIdentifier(text()), .serverKeepAlive(id()),
      .authenticationMethod(text()), .authenticationData(bytes()), .responseInformation(text()),
      .serverReference(text()), .reasonString(text()), .receiveMaximum(id()), .topicAliasMaximum(id()),
      .maximumQoS(1), .retainAvailable(0), user(), .maximumPacketSize(max(number(), 1)),
      .wildcardSubscriptionAvailable(0), .subscriptionIdentifierAvailable(1), .sharedSubscriptionAvailable(1),
    ]
  }

  /// A random selection in random order.
  private mutating func properties(_ all: [MQTTProperty], _ isV5: Bool) -> MQTTProperties {
    guard isV5 else { return [] }
    var chosen: [MQTTProperty] = []
    for property in all where flag() { chosen.append(property) }
    return MQTTProperties(chosen.shuffled(using: &random))
  }

  private mutating func answerProperties(_ isV5: Bool) -> MQTTProperties {
    properties([.reasonString(text()), user(), user()], isV5)
  }

  private mutating func answer(_ isV5: Bool) -> MQTTReasonCode { isV5 ? reason([0, 0x10, 0x80, 0x87, 0x99]) : .success }
  private mutating func release(_ isV5: Bool) -> MQTTReasonCode { isV5 ? reason([0, 0x92]) : .success }
  private mutating func reason(_ codes: [UInt8]) -> MQTTReasonCode {
    MQTTReasonCode(rawValue: codes.randomElement(using: &random) ?? 0)
  }

  private mutating func some<T>(_ make: (inout PacketGenerator) -> T) -> [T] {
    var made: [T] = []
    for _ in 0...(number() % 4) { made.append(make(&self)) }
    return made
  }

  mutating func flag() -> Bool { Bool.random(using: &random) }
  mutating func qos() -> MQTTQoS { MQTTQoS(rawValue: UInt8(number() % 3)) ?? .atMostOnce }
  private mutating func id() -> UInt16 { UInt16.random(in: 1...65_535, using: &random) }
  private mutating func number() -> UInt32 { UInt32.random(in: 0...UInt32.max, using: &random) }
  private mutating func user() -> MQTTProperty { .userProperty(text(), text()) }

  private mutating func bytes() -> [UInt8] {
    let count = flag() ? Int(number() % 8) : Int(number() % 300)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  private mutating func text(least: Int = 0) -> MQTTString {
    let letters: [Character] = ["a", "Z", "0", " ", "é", "安", "居", "𪛖", "\u{FEFF}", "~", "e\u{301}"]
    let count = least + Int(number() % 20)
    return MQTTString(String((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" }))
  }

  private mutating func topic() -> MQTTString {
    let levels = (0...Int(number() % 5)).map { _ in text().description }
    let topic = levels.joined(separator: "/")
    return MQTTString(topic.isEmpty ? "t" : topic)
  }

  private mutating func filter() -> MQTTString {
    var levels = (0...Int(number() % 5)).map { _ in ["+", "a", "", "安"][Int(number() % 4)] }
    if flag() { levels.append("#") }
    let filter = levels.joined(separator: "/")
    return MQTTString(filter.isEmpty ? "+" : filter)
  }
}
