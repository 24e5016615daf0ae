import Testing

import MQTT

@Suite("Every packet is read as it was written")
struct PacketRoundTripTests {
  @Test("a packet of each type survives writing and reading", arguments: MQTTPacketType.allCases, MQTTVersion.allCases)
  func roundTrip(type: MQTTPacketType, version: MQTTVersion) throws {
    guard version == .v5 || type != .auth else { return }
    var generator = PacketGenerator(seed: UInt64(type.rawValue) << 8 | UInt64(version.rawValue))
    for _ in 0..<300 {
      let packet = generator.packet(type, version: version)
      let bytes = packet.encoded(version: version)
      let decoded = try #require(try MQTTPacket.decode(bytes, version: version))
      #expect(decoded.packet == packet)
      #expect(decoded.byteCount == bytes.count)
      #expect(bytes.count == packet.encodedLength(version: version))
    }
  }

  @Test("a packet that is not complete is waited for, whatever the cut", arguments: MQTTPacketType.allCases)
  func everyCut(type: MQTTPacketType) throws {
    var generator = PacketGenerator(seed: UInt64(type.rawValue))
    for _ in 0..<20 {
      let bytes = generator.packet(type, version: .v5).encoded(version: .v5)
      for count in 0..<bytes.count {
        #expect(try MQTTPacket.decode(Array(bytes[..<count]), version: .v5) == nil)
      }
    }
  }

  @Test("changed bytes are read as something or refused, and never crash")
  func mutations() {
    var generator = PacketGenerator(seed: 7)
    var accepted = 0
    var refused = 0
    for round in 0..<20_000 {
      let type = MQTTPacketType.allCases[round % 15]
      var bytes = generator.packet(type, version: .v5).encoded(version: .v5)
      for _ in 0...(round % 3) {
        let index = Int.random(in: 0..<bytes.count, using: &generator.random)
        bytes[index] = UInt8.random(in: 0...255, using: &generator.random)
      }
      for version in [MQTTVersion.v311, .v5] {
        do throws(MQTTDecodeError) {
          guard let decoded = try MQTTPacket.decode(bytes, version: version) else { continue }
          accepted += 1
          // What was read can be written and is read the same again.
          let again = decoded.packet.encoded(version: version)
          let second = try MQTTPacket.decode(again, version: version)
          #expect(second?.packet == decoded.packet)
        } catch {
          refused += 1
        }
      }
    }
    #expect(accepted > 1_000)
    #expect(refused > 1_000)
  }

  @Test("the remaining length takes one byte more at each power of 128")
  func lengths() throws {
    let cases = [(0, 2), (124, 2), (125, 3), (16_380, 3), (16_381, 4), (2_097_148, 4), (2_097_149, 5)]
    for (payload, headerLength) in cases {
      let packet = MQTTPacket.publish(PublishPacket(topic: "t", payload: Array(repeating: 7, count: payload)))
      let bytes = packet.encoded(version: .v311)
      #expect(bytes.count == headerLength + 3 + payload)
      #expect(try MQTTPacket.decode(bytes, version: .v311)?.packet == packet)
    }
  }

  @Test("acknowledgements of success are four bytes in both versions")
  func shortestAcknowledgements() {
    for version in [MQTTVersion.v311, .v5] {
      #expect(MQTTPacket.puback(.init(packetID: 258)).encoded(version: version) == [0x40, 2, 1, 2])
      #expect(MQTTPacket.pubrec(.init(packetID: 258)).encoded(version: version) == [0x50, 2, 1, 2])
      #expect(MQTTPacket.pubrel(.init(packetID: 258)).encoded(version: version) == [0x62, 2, 1, 2])
      #expect(MQTTPacket.pubcomp(.init(packetID: 258)).encoded(version: version) == [0x70, 2, 1, 2])
    }
  }
}
