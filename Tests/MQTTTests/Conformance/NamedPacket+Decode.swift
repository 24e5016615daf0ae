extension NamedPacket {
  /// Reads one whole packet; every byte must be accounted for.
  init(decoding bytes: [UInt8], _ version: ProtocolVersion) throws(VectorFault) {
    var reader = ByteReader(bytes)
    let first = try reader.byte()
    let length = try reader.variable()
    guard first >> 4 >= 1 else { throw VectorFault("packet type 0") }
    kind = Kind.allCases[Int(first >> 4) - 1]
    fields = []
    var body = ByteReader(try reader.take(length))
    guard reader.atEnd else { throw VectorFault("bytes after the packet") }
    if kind != .publish, first & 0x0f != kind.flags { throw VectorFault("\(kind) with flags \(first & 0x0f)") }
    switch kind {
    case .connect: try connect(from: &body)
    case .connack: try connack(from: &body, version)
    case .publish: try publish(from: &body, flags: first & 0x0f, version)
    case .puback, .pubrec, .pubrel, .pubcomp:
      add("id", String(try body.two()))
      try reasoned(from: &body, version)
    case .subscribe, .unsubscribe: try request(from: &body, version)
    case .suback, .unsuback:
      add("id", String(try body.two()))
      if version == .v5 { fields += try body.properties() }
      if kind == .suback || version == .v5 { add("codes", NamedPacket.hex(body.left, separator: ",")) }
      body = ByteReader([])
    case .pingreq, .pingresp: break
    case .disconnect, .auth: try reasoned(from: &body, version)
    }
    guard body.atEnd else { throw VectorFault("\(kind) has \(body.left.count) bytes too many") }
  }

  private mutating func add(_ name: String, _ value: String) { fields.append(.init(name: name, value: value)) }

  private mutating func connack(from body: inout ByteReader, _ version: ProtocolVersion) throws(VectorFault) {
    add("present", String(try body.byte()))
    add("code", String(try body.byte()))
    if version == .v5 { fields += try body.properties() }
  }

  private mutating func publish(
    from body: inout ByteReader, flags: UInt8, _ version: ProtocolVersion
  ) throws(VectorFault) {
    let qos = flags >> 1 & 3
    add("topic", NamedPacket.text(try body.prefixed()))
    add("dup", String(flags >> 3))
    add("qos", String(qos))
    add("retain", String(flags & 1))
    if qos > 0 { add("id", String(try body.two())) }
    guard value("id") != "0" else { throw VectorFault("PUBLISH with identifier 0") }
    if version == .v5 { fields += try body.properties() }
    add("payload", NamedPacket.text(body.left))
    body = ByteReader([])
  }

  private mutating func reasoned(from body: inout ByteReader, _ version: ProtocolVersion) throws(VectorFault) {
    guard version == .v5, !body.atEnd else {
      if version == .v5 { add("reason", "0") }
      return
    }
    add("reason", String(try body.byte()))
    if !body.atEnd { fields += try body.properties() }
  }

  private mutating func request(from body: inout ByteReader, _ version: ProtocolVersion) throws(VectorFault) {
    add("id", String(try body.two()))
    if version == .v5 { fields += try body.properties() }
    while !body.atEnd {
      let filter = NamedPacket.text(try body.prefixed())
      add("filter", kind == .subscribe ? "\(filter)@\(try body.byte())" : filter)
    }
  }

  private mutating func connect(from body: inout ByteReader) throws(VectorFault) {
    guard try body.prefixed() == Array("MQTT".utf8) else { throw VectorFault("wrong protocol name") }
    let level = try body.byte()
    let flags = try body.byte()
    add("level", String(level))
    add("clean", String(flags >> 1 & 1))
    add("keep-alive", String(try body.two()))
    if level == 5 { fields += try body.properties() }
    add("id", NamedPacket.text(try body.prefixed()))
    if flags & 0x04 != 0 {
      if level == 5 { fields += try body.properties(prefix: "will-") }
      add("will-topic", NamedPacket.text(try body.prefixed()))
      add("will-payload", NamedPacket.text(try body.prefixed()))
      add("will-qos", String(flags >> 3 & 3))
      add("will-retain", String(flags >> 5 & 1))
    }
    if flags & 0x80 != 0 { add("name", NamedPacket.text(try body.prefixed())) }
    if flags & 0x40 != 0 { add("password", NamedPacket.text(try body.prefixed())) }
    guard flags & 1 == 0 else { throw VectorFault("reserved connect flag is set") }
  }
}
