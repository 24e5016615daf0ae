extension NamedPacket {
  /// The packet's bytes in the given version; fields that are absent take the least value that is legal.
  func encoded(_ version: ProtocolVersion) throws(VectorFault) -> [UInt8] {
    var body = ByteWriter()
    var flags = kind.flags
    switch kind {
    case .connect: try connect(into: &body, version)
    case .connack: try connack(into: &body, version)
    case .publish: flags = try publish(into: &body, version)
    case .puback, .pubrec, .pubrel, .pubcomp: try acknowledgement(into: &body, version)
    case .subscribe, .unsubscribe: try request(into: &body, version)
    case .suback, .unsuback: try answer(into: &body, version)
    case .pingreq, .pingresp: break
    case .disconnect, .auth: try reasoned(into: &body, version)
    }
    var packet = ByteWriter()
    packet.byte(kind.number << 4 | flags)
    packet.variable(body.bytes.count)
    return packet.bytes + body.bytes
  }

  private func connect(into body: inout ByteWriter, _ version: ProtocolVersion) throws(VectorFault) {
    let keep = value("keep") != nil
    let clean = try number("clean", else: keep ? 0 : 1)
    let willTopic = value("will-topic")
    let name = value("name")
    var connectFlags = clean << 1
    if willTopic != nil {
      connectFlags |= 0x04 | (try number("will-qos", else: 0)) << 3 | (try number("will-retain", else: 0)) << 5
    }
    if name != nil { connectFlags |= 0x80 }
    if value("password") != nil { connectFlags |= 0x40 }
    body.prefixed(Array("MQTT".utf8))
    body.byte(version.level)
    body.byte(UInt8(truncatingIfNeeded: connectFlags))
    body.two(try number("keep-alive", else: 0))
    if version == .v5 {
      var own = fields
      if keep, value("session-expiry") == nil { own.append(.init(name: "session-expiry", value: "10000")) }
      try body.properties(own)
    }
    body.prefixed(try NamedPacket.bytes(value("id") ?? ""))
    if let willTopic {
      if version == .v5 { try body.properties(fields, prefix: "will-") }
      body.prefixed(try NamedPacket.bytes(willTopic))
      body.prefixed(try NamedPacket.bytes(value("will-payload") ?? ""))
    }
    if let name { body.prefixed(try NamedPacket.bytes(name)) }
    if let password = value("password") { body.prefixed(try NamedPacket.bytes(password)) }
  }

  private func connack(into body: inout ByteWriter, _ version: ProtocolVersion) throws(VectorFault) {
    body.byte(UInt8(truncatingIfNeeded: try number("present", else: 0)))
    body.byte(UInt8(truncatingIfNeeded: try number("code", else: 0)))
    if version == .v5 { try body.properties(fields) }
  }

  /// - Returns: the flags of the fixed header.
  private func publish(into body: inout ByteWriter, _ version: ProtocolVersion) throws(VectorFault) -> UInt8 {
    let qos = try number("qos", else: 0)
    body.prefixed(try NamedPacket.bytes(value("topic") ?? ""))
    if qos > 0 { body.two(try number("id", else: 1)) }
    if version == .v5 { try body.properties(fields) }
    body.bytes += try NamedPacket.bytes(value("payload") ?? "")
    return UInt8(truncatingIfNeeded: (try number("dup", else: 0)) << 3 | qos << 1 | (try number("retain", else: 0)))
  }

  private func acknowledgement(into body: inout ByteWriter, _ version: ProtocolVersion) throws(VectorFault) {
    body.two(try number("id", else: 1))
    try reasoned(into: &body, version)
  }

  /// The reason code and properties of an acknowledgement, DISCONNECT or AUTH, left out where both are empty.
  private func reasoned(into body: inout ByteWriter, _ version: ProtocolVersion) throws(VectorFault) {
    let properties = fields.filter { PropertyForm.byName[$0.name] != nil }
    guard version == .v5, value("reason") != nil || !properties.isEmpty else { return }
    body.byte(UInt8(truncatingIfNeeded: try number("reason", else: 0)))
    if !properties.isEmpty || kind == .auth { try body.properties(properties) }
  }

  private func request(into body: inout ByteWriter, _ version: ProtocolVersion) throws(VectorFault) {
    body.two(try number("id", else: 1))
    if version == .v5 { try body.properties(fields) }
    for filter in values("filter") {
      let parts = filter.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
      body.prefixed(try NamedPacket.bytes(String(parts[0])))
      guard kind == .subscribe else { continue }
      body.byte(try NamedPacket.subscriptionOptions(parts.count > 1 ? String(parts[1]) : "0"))
    }
  }

  /// `1,nl,rap,rh2`: QoS, no local, retain as published, retain handling; or the whole byte as `0x2d`.
  static func subscriptionOptions(_ text: String) throws(VectorFault) -> UInt8 {
    var options: UInt8 = 0
    for part in text.split(separator: ",") {
      switch part {
      case "nl": options |= 0x04
      case "rap": options |= 0x08
      case "rh1": options |= 0x10
      case "rh2": options |= 0x20
      default: options |= UInt8(truncatingIfNeeded: try number(String(part), of: "options"))
      }
    }
    return options
  }

  private func answer(into body: inout ByteWriter, _ version: ProtocolVersion) throws(VectorFault) {
    body.two(try number("id", else: 1))
    if version == .v5 { try body.properties(fields) }
    guard kind == .suback || version == .v5 else { return }
    body.bytes += try NamedPacket.codes(value("codes") ?? "")
  }

  /// `00,01,80` as bytes.
  static func codes(_ text: String) throws(VectorFault) -> [UInt8] {
    var codes: [UInt8] = []
    for part in text.split(separator: ",") {
      guard let code = UInt8(part, radix: 16) else { throw VectorFault("codes are hex pairs: \(text)") }
      codes.append(code)
    }
    return codes
  }
}
