import NIOCore

/// The broker that a vector speaks to.
protocol VectorBroker: Sendable {
  var port: Int { get }
  var clients: any EventLoopGroup { get }
  /// Moves the broker's clock on and returns when all that fell due has been done.
  func advance(milliseconds: Int) async throws
}

/// Plays one vector against a broker.
struct VectorRun {
  let vector: Vector
  let broker: any VectorBroker
  let pieces: Wire.Pieces
  private var wires: [String: Wire] = [:]
  private var caught: [String: String] = [:]
  private var nextID = 0x1000

  init(_ vector: Vector, broker: any VectorBroker, pieces: Wire.Pieces = .whole) {
    self.vector = vector
    self.broker = broker
    self.pieces = pieces
  }

  /// - Throws: the first departure, with file and line.
  mutating func play() async throws {
    var index = 0
    while index < vector.steps.count {
      let step = vector.steps[index]
      do {
        index += try await perform(at: index)
      } catch {
        throw VectorFault("Vectors/\(vector.file).txt:\(step.line): \(step.text)\n  \(error)")
      }
    }
    for wire in wires.values { await wire.close() }
  }

  /// - Returns: how many steps were done: several where packets may come in any order.
  private mutating func perform(at index: Int) async throws -> Int {
    let step = vector.steps[index]
    switch step.action {
    case .advance(let milliseconds): try await broker.advance(milliseconds: milliseconds)
    case .distinct(let names): try checkDistinct(names)
    case .either(let connections, let packet): try await either(connections, packet)
    case .expectPacket(_, anyOrder: true): return try await expectAnyOrder(from: index)
    default: try await perform(step.action, on: try await wire(step))
    }
    return 1
  }

  private mutating func wire(_ step: Vector.Step) async throws -> Wire {
    let new: Bool
    switch step.action {
    case .open, .connects: new = true
    case .sendPacket(let packet): new = packet.kind == .connect && wires[step.connection] == nil
    default: new = false
    }
    if new {
      let wire = try await Wire.connect(port: broker.port, on: broker.clients, pieces: pieces)
      wires[step.connection] = wire
      return wire
    }
    guard let wire = wires[step.connection] else { throw VectorFault("no connection \(step.connection)") }
    return wire
  }

  private mutating func perform(_ action: Vector.Action, on wire: Wire) async throws {
    switch action {
    case .open, .advance, .distinct, .either: break
    case .sendBytes(let terms): await wire.send(try bytes(terms))
    case .sendPacket(let packet):
      if packet.kind == .connect { wire.allowAliases(try packet.number("topic-alias-maximum", else: 0)) }
      try await send(packet, on: wire)
    case .expectBytes(let terms): try await expect(try bytes(terms), on: wire)
    case .expectPacket(let packet, _): _ = try await expect(packet, on: wire)
    case .connects(let packet, let present): try await connect(packet, present: present, on: wire)
    case .subscribes(let packet): try await subscribe(packet, on: wire)
    case .publishes(let packet): try await publish(packet, on: wire)
    case .receives(let packet): try await receive(packet, on: wire)
    case .fails(let codes, let orSilently):
      if orSilently, await wire.hasEnded() { return }
      if vector.version == .v5 { try await expectReason(.disconnect, "reason", codes, on: wire) }
      try await wire.readEnd()
    case .refused(let codes, let orSilently):
      if orSilently, await wire.hasEnded() { return }
      try await expectReason(.connack, "code", codes, on: wire)
      try await wire.readEnd()
    case .closed: try await wire.readEnd()
    case .quiet:
      // Twice: the broker may read the first together with what was sent before, and answer it first.
      for _ in 1...2 {
        await wire.send([0xc0, 0x00])
        try await expect([0xd0, 0x00], on: wire)
      }
    case .drop: try await wire.drop()
    case .does, .told: throw VectorFault("a line for client vectors")
    }
  }
}

// MARK: Sending and expecting

extension VectorRun {
  private func send(_ packet: NamedPacket, on wire: Wire) async throws {
    var filled = packet
    for index in filled.fields.indices where filled.fields[index].value.hasPrefix("%") {
      let name = String(filled.fields[index].value.dropFirst())
      guard let value = caught[name] else { throw VectorFault("%\(name) was not caught") }
      filled.fields[index].value = value
    }
    await wire.send(try filled.encoded(vector.version))
  }

  private func bytes(_ terms: [Vector.ByteTerm]) throws(VectorFault) -> [UInt8] {
    var writer = ByteWriter()
    for term in terms {
      switch term {
      case .bytes(let bytes): writer.bytes += bytes
      case .counted(let inner):
        let bytes = try bytes(inner)
        writer.variable(bytes.count)
        writer.bytes += bytes
      case .variable(let name):
        guard let value = caught[name] else { throw VectorFault("%\(name) was not caught") }
        writer.two(try NamedPacket.number(value, of: name))
      }
    }
    return writer.bytes
  }

  private func expect(_ bytes: [UInt8], on wire: Wire) async throws {
    let got = try await wire.read(bytes.count)
    guard got == bytes else { throw VectorFault("got  \(NamedPacket.hex(got))\n  want \(NamedPacket.hex(bytes))") }
  }

  /// The next packet, or the one that was read already; a topic alias is put back into its topic.
  private func packet(_ bytes: [UInt8]? = nil, on wire: Wire) async throws -> NamedPacket {
    let read: [UInt8]
    if let bytes { read = bytes } else { read = try await wire.readPacket() }
    var got = try NamedPacket(decoding: read, vector.version)
    if got.kind == .publish { try wire.resolveAlias(&got) }
    return got
  }

  @discardableResult
  private mutating func expect(
    _ pattern: NamedPacket, _ bytes: [UInt8]? = nil, on wire: Wire
  ) async throws -> NamedPacket {
    let got = try await packet(bytes, on: wire)
    var pattern = pattern
    caught = try PacketMatch(caught: caught).match(&pattern, got)
    return got
  }

  private func expectReason(
    _ kind: NamedPacket.Kind, _ field: String, _ codes: [UInt8], on wire: Wire
  ) async throws {
    let bytes = try await wire.readPacket()
    let got = try NamedPacket(decoding: bytes, vector.version)
    guard got.kind == kind, let code = try UInt8(exactly: got.number(field, else: -1)), codes.contains(code) else {
      throw VectorFault("got \(got)\n  want \(kind.rawValue) with \(NamedPacket.hex(codes, separator: " or "))")
    }
    if kind == .connack, got.value("present") != "0" { throw VectorFault("refused with session present") }
  }

  /// Takes the lines of `a<~` that follow each other as a set.
  private mutating func expectAnyOrder(from index: Int) async throws -> Int {
    let connection = vector.steps[index].connection
    let wire = try await wire(vector.steps[index])
    var open: [NamedPacket] = []
    for step in vector.steps[index...] {
      guard case .expectPacket(let packet, anyOrder: true) = step.action, step.connection == connection else { break }
      open.append(packet)
    }
    let count = open.count
    while !open.isEmpty {
      let got = try await packet(on: wire)
      var found: Int?
      for (place, pattern) in open.enumerated() {
        var pattern = pattern
        guard let after = try? PacketMatch(caught: caught).match(&pattern, got) else { continue }
        caught = after
        found = place
        break
      }
      guard let found else { throw VectorFault("got \(got), which none of the lines asks for") }
      open.remove(at: found)
    }
    return count
  }

  private func checkDistinct(_ names: [String]) throws(VectorFault) {
    var seen: Set<String> = []
    for name in names {
      guard let value = caught[String(name.dropFirst())] else { throw VectorFault("\(name) was not caught") }
      guard seen.insert(value).inserted else { throw VectorFault("\(name) repeats \(value)") }
    }
  }
}

// MARK: Whole exchanges

extension VectorRun {
  private mutating func connect(_ packet: NamedPacket, present: String, on wire: Wire) async throws {
    var connect = packet
    connect.kind = .connect
    wire.allowAliases(try connect.number("topic-alias-maximum", else: 0))
    try await send(connect, on: wire)
    let fields: [NamedPacket.Field] = [.init(name: "code", value: "0"), .init(name: "present", value: present)]
    try await expect(NamedPacket(kind: .connack, fields: fields), on: wire)
  }

  private mutating func subscribe(_ packet: NamedPacket, on wire: Wire) async throws {
    let id = newID()
    try await send(NamedPacket(kind: .subscribe, fields: [.init(name: "id", value: id)] + packet.fields), on: wire)
    var granted: [UInt8] = []
    for filter in packet.values("filter") {
      let options = filter.split(separator: "@").dropFirst().first.map(String.init) ?? "0"
      granted.append(try NamedPacket.subscriptionOptions(options) & 3)
    }
    let codes = NamedPacket.hex(granted, separator: ",")
    let fields: [NamedPacket.Field] = [.init(name: "id", value: id), .init(name: "codes", value: codes)]
    try await expect(NamedPacket(kind: .suback, fields: fields), on: wire)
  }

  private mutating func publish(_ packet: NamedPacket, on wire: Wire) async throws {
    let qos = try packet.number("qos", else: 0)
    let id = newID()
    try await send(NamedPacket(kind: .publish, fields: packet.fields + [.init(name: "id", value: id)]), on: wire)
    let same: [NamedPacket.Field] = [.init(name: "id", value: id)]
    if qos == 1 { try await acknowledged(.puback, same, on: wire) }
    guard qos == 2 else { return }
    try await acknowledged(.pubrec, same, on: wire)
    try await send(NamedPacket(kind: .pubrel, fields: same), on: wire)
    try await acknowledged(.pubcomp, same, on: wire)
  }

  /// An acknowledgement that says success: in 5.0 also that nobody listens.
  private mutating func acknowledged(
    _ kind: NamedPacket.Kind, _ fields: [NamedPacket.Field], on wire: Wire
  ) async throws {
    let got = try await expect(NamedPacket(kind: kind, fields: fields), on: wire)
    guard try got.number("reason", else: 0) < 0x80 else { throw VectorFault("got \(got)") }
  }

  private mutating func receive(_ packet: NamedPacket, _ bytes: [UInt8]? = nil, on wire: Wire) async throws {
    let got = try await expect(packet, bytes, on: wire)
    guard let id = got.value("id") else { return }
    let same: [NamedPacket.Field] = [.init(name: "id", value: id)]
    if got.value("qos") == "1" {
      try await send(NamedPacket(kind: .puback, fields: same), on: wire)
    } else {
      try await send(NamedPacket(kind: .pubrec, fields: same), on: wire)
      try await release(same, on: wire)
      try await send(NamedPacket(kind: .pubcomp, fields: same), on: wire)
    }
  }

  /// Waits for PUBREL; messages that come before it are kept for the next lines.
  private mutating func release(_ fields: [NamedPacket.Field], on wire: Wire) async throws {
    var aside: [[UInt8]] = []
    while true {
      let bytes = try await wire.readPacket()
      if bytes[0] >> 4 == NamedPacket.Kind.publish.number {
        aside.append(bytes)
      } else {
        try await expect(NamedPacket(kind: .pubrel, fields: fields), bytes, on: wire)
        return wire.putBack(aside)
      }
    }
  }

  /// Asks each connection by PINGREQ what it has; exactly one must have the message.
  private mutating func either(_ connections: [String], _ packet: NamedPacket) async throws {
    var found = 0
    for connection in connections {
      guard let wire = wires[connection] else { throw VectorFault("no connection \(connection)") }
      await wire.send([0xc0, 0x00])
      let next = try await wire.readPacket()
      if next == [0xd0, 0x00] { continue }
      found += 1
      try await receive(packet, next, on: wire)
      try await expect([0xd0, 0x00], on: wire)
    }
    guard found == 1 else { throw VectorFault("\(found) of \(connections) received it") }
  }

  private mutating func newID() -> String {
    nextID += 1
    return String(nextID)
  }
}
