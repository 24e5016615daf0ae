import Testing

@Suite("The vector language")
struct VectorParserTests {
  private func parse(_ text: String) throws -> [Vector] {
    var parser = VectorParser(file: "sample")
    return try parser.parse(text)
  }

  @Test("all vector files parse", arguments: [(Vector.Library.broker, 600), (.client, 40)])
  func libraryParses(library: Vector.Library, atLeast count: Int) throws {
    let vectors = try Vector.read(library)
    #expect(vectors.count >= count)
    #expect(Set(vectors.map { "\($0.file)/\($0.name)/\($0.version)" }).count == vectors.count, "names are unique")
  }

  @Test("a vector of two versions becomes two, each with its own statements")
  func versions() throws {
    let vectors = try parse(
      """
      versions 3.1.1 5.0
      == first contact
      # 3.1.1 [MQTT-3.2.0-1] 5.0 [MQTT-3.2.0-2] [MQTT-3.1.4-5]
      broker receive-maximum=2
      a> 10 [ 'MQTT' 04 02 0000 'c' ]
      a< connack code=0
      """)
    #expect(vectors.map(\.version) == [.v3, .v5])
    #expect(vectors[0].statements.map(\.id) == ["MQTT-3.2.0-1"])
    #expect(vectors[1].statements.map(\.id) == ["MQTT-3.2.0-2", "MQTT-3.1.4-5"])
    #expect(vectors[0].settings == [.init(name: "receive-maximum", value: "2")])
    #expect(vectors[0].steps.count == 2)
  }

  @Test("bytes are written as hex, counted groups, prefixed and bare text, and repeats")
  func bytes() throws {
    let line = try VectorLine.step(#"a> 30 [ 'a/b' "h\u{e9}" ff00 %x "z"*3 ]"#, line: 1)
    guard case .sendBytes(let terms) = line.action else {
      Issue.record("no bytes: \(line.action)")
      return
    }
    #expect(
      terms == [
        .bytes([0x30]),
        .counted([
          .bytes([0, 3, 0x61, 0x2f, 0x62]), .bytes([0x68, 0xc3, 0xa9]), .bytes([0xff, 0x00]), .variable("x"),
          .bytes([0x7a, 0x7a, 0x7a]),
        ]),
      ])
  }

  @Test(
    "what can not be read names its line",
    arguments: ["a> 30 [", "a> 3", "a wonders", "a> publish topic=\"open", "broker", "# [MQTT-1.1.1-1]"]
  )
  func faults(row: String) throws {
    #expect { try parse("versions 3.1.1 5.0\n== faulty\n\(row)\n") } throws: { fault in
      "\(fault)".hasPrefix("sample:") || "\(fault)".contains("no step")
    }
  }

  @Test("a named packet has the same meaning after encoding and decoding", arguments: ProtocolVersion.allCases)
  func roundTrip(version: ProtocolVersion) throws {
    let lines = [
      "a> publish topic=a/b dup=1 qos=2 retain=1 id=513 payload=0xff00",
      "a> suback id=7 codes=00,01,80",
      "a> pubrel id=65535",
      "a> pingresp",
      "a> connack present=1 code=0",
      "a> subscribe id=9 filter=a/#@1",
    ]
    for line in lines {
      guard case .sendPacket(let packet) = try VectorLine.step(line, line: 1).action else {
        Issue.record("no packet: \(line)")
        return
      }
      let decoded = try NamedPacket(decoding: packet.encoded(version), version)
      for field in packet.fields { #expect(decoded.values(field.name) == [field.value], "\(line)") }
    }
  }

  @Test("properties keep their order and repeat")
  func properties() throws {
    guard
      case .sendPacket(let packet) = try VectorLine.step(
        #"a> publish topic=t user=b:2 user="a:1 2" subscription-id=300 message-expiry=70000 payload=x"#, line: 1
      ).action
    else {
      Issue.record("no packet")
      return
    }
    let decoded = try NamedPacket(decoding: packet.encoded(.v5), .v5)
    #expect(decoded.values("user") == ["b:2", "a:1 2"])
    #expect(decoded.value("subscription-id") == "300")
    #expect(decoded.value("message-expiry") == "70000")
  }

  @Test("a PUBLISH with anything unasked for does not match")
  func strictPublish() throws {
    let got = NamedPacket(
      kind: .publish,
      fields: [("topic", "t"), ("dup", "0"), ("qos", "0"), ("retain", "1")].map { .init(name: $0.0, value: $0.1) })
    var silent = NamedPacket(kind: .publish, fields: [.init(name: "topic", value: "t")])
    #expect(throws: VectorFault.self) { try PacketMatch(caught: [:]).match(&silent, got) }
    var asked = NamedPacket(
      kind: .publish, fields: [.init(name: "topic", value: "t"), .init(name: "retain", value: "1")])
    #expect(throws: Never.self) { try PacketMatch(caught: [:]).match(&asked, got) }
  }

  @Test("a caught value is wanted again")
  func catching() throws {
    let got = NamedPacket(kind: .puback, fields: [.init(name: "id", value: "12")])
    var pattern = NamedPacket(kind: .puback, fields: [.init(name: "id", value: "%m")])
    #expect(try PacketMatch(caught: [:]).match(&pattern, got) == ["m": "12"])
    #expect(throws: VectorFault.self) { try PacketMatch(caught: ["m": "13"]).match(&pattern, got) }
  }
}
