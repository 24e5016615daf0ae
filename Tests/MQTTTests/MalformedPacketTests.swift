import Testing

import MQTT

/// Bytes that must not be taken, and what is said about them.
struct MalformedCase: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  let reason: MQTTReasonCode
  var version = MQTTVersion.v5
  var isFromClient = true

  var testDescription: String { name }
}

@Suite("Malformed packets are refused with the right reason")
struct MalformedPacketTests {
  static let cases: [MalformedCase] = [
    .init(name: "packet type 0", bytes: [0x00, 0], reason: .protocolError),
    .init(name: "PUBLISH with QoS 3", bytes: [0x36, 4, 0, 1, 0x61, 0], reason: .malformedPacket),
    .init(name: "DUP with QoS 0", bytes: [0x38, 4, 0, 1, 0x61, 0], reason: .malformedPacket),
    .init(name: "PUBLISH with packet identifier 0", bytes: [0x32, 6, 0, 1, 0x61, 0, 0, 0], reason: .protocolError),
    .init(name: "PUBLISH with an empty topic and no alias", bytes: [0x30, 3, 0, 0, 0], reason: .malformedPacket),
    .init(name: "a topic with +", bytes: [0x30, 4, 0, 1, 0x2B, 0], reason: .malformedPacket),
    .init(name: "a topic with #", bytes: [0x30, 4, 0, 1, 0x23, 0], reason: .malformedPacket),
    .init(name: "a topic with U+0000", bytes: [0x30, 4, 0, 1, 0, 0], reason: .malformedPacket),
    .init(name: "a topic with an overlong form", bytes: [0x30, 5, 0, 2, 0xC0, 0x80, 0], reason: .malformedPacket),
    .init(name: "a topic with a surrogate", bytes: [0x30, 6, 0, 3, 0xED, 0xA0, 0x80, 0], reason: .malformedPacket),
    .init(name: "a topic cut within a letter", bytes: [0x30, 5, 0, 2, 0xE5, 0xAE, 0], reason: .malformedPacket),
    .init(name: "a topic beyond U+10FFFF", bytes: [0x30, 7, 0, 4, 0xF4, 0x90, 0x80, 0x80, 0], reason: .malformedPacket),
    .init(name: "a topic longer than the packet", bytes: [0x30, 3, 0, 9, 0x61], reason: .malformedPacket),
    .init(name: "topic alias 0", bytes: [0x30, 7, 0, 1, 0x61, 3, 0x23, 0, 0], reason: .topicAliasInvalid),
    .init(name: "payload format 2", bytes: [0x30, 6, 0, 1, 0x61, 2, 1, 2], reason: .protocolError),
    .init(name: "payload format twice", bytes: [0x30, 8, 0, 1, 0x61, 4, 1, 1, 1, 1], reason: .protocolError),
    .init(name: "an unknown property", bytes: [0x30, 6, 0, 1, 0x61, 2, 0x7E, 1], reason: .malformedPacket),
    .init(
      name: "a response topic with a wildcard", bytes: [0x30, 8, 0, 1, 0x61, 4, 8, 0, 1, 0x2B], reason: .protocolError),
    .init(
      name: "a client's subscription identifier", bytes: [0x30, 6, 0, 1, 0x61, 2, 0x0B, 1], reason: .protocolError),
    .init(
      name: "a property length in more bytes than needed", bytes: [0x30, 5, 0, 1, 0x61, 0x80, 0],
      reason: .malformedPacket),
    .init(name: "PUBACK cut short", bytes: [0x40, 1, 0], reason: .malformedPacket),
    .init(name: "PUBACK with an unknown reason", bytes: [0x40, 3, 0, 1, 0x55], reason: .protocolError),
    .init(name: "PUBACK with bytes too many", bytes: [0x40, 5, 0, 1, 0, 0, 0], reason: .malformedPacket),
    .init(name: "PUBREL with flags 0", bytes: [0x60, 2, 0, 1], reason: .malformedPacket),
    .init(name: "SUBSCRIBE with flags 0", bytes: [0x80, 7, 0, 1, 0, 0, 1, 0x61, 0], reason: .malformedPacket),
    .init(name: "SUBSCRIBE without a filter", bytes: [0x82, 3, 0, 1, 0], reason: .malformedPacket),
    .init(name: "SUBSCRIBE with QoS 3", bytes: [0x82, 7, 0, 1, 0, 0, 1, 0x61, 3], reason: .malformedPacket),
    .init(
      name: "SUBSCRIBE with retain handling 3", bytes: [0x82, 7, 0, 1, 0, 0, 1, 0x61, 0x30], reason: .malformedPacket),
    .init(name: "SUBSCRIBE with reserved bits", bytes: [0x82, 7, 0, 1, 0, 0, 1, 0x61, 0x40], reason: .malformedPacket),
    .init(name: "SUBSCRIBE to a#", bytes: [0x82, 8, 0, 1, 0, 0, 2, 0x61, 0x23, 0], reason: .malformedPacket),
    .init(
      name: "subscription identifier 0", bytes: [0x82, 9, 0, 1, 2, 0x0B, 0, 0, 1, 0x61, 0], reason: .protocolError),
    .init(
      name: "no local on a shared subscription",
      bytes: [0x82, 16, 0, 1, 0, 0, 10] + Array("$share/g/a".utf8) + [4], reason: .protocolError),
    .init(name: "UNSUBSCRIBE without a filter", bytes: [0xA2, 3, 0, 1, 0], reason: .malformedPacket),
    .init(name: "DISCONNECT with flags", bytes: [0xE1, 0], reason: .malformedPacket),
    .init(name: "AUTH with an unknown reason", bytes: [0xF0, 1, 5], reason: .protocolError),
    .init(name: "PINGREQ with a body", bytes: [0xC0, 1, 0], reason: .malformedPacket),
    .init(
      name: "a remaining length of five bytes", bytes: [0x30, 0x80, 0x80, 0x80, 0x80, 1], reason: .malformedPacket),
    .init(
      name: "3.1.1: SUBSCRIBE with version 5's options", bytes: [0x82, 6, 0, 1, 0, 1, 0x61, 4],
      reason: .malformedPacket, version: .v311),
    .init(name: "3.1.1: PUBACK with a reason", bytes: [0x40, 3, 0, 1, 0], reason: .malformedPacket, version: .v311),
    .init(name: "3.1.1: AUTH", bytes: [0xF0, 0], reason: .protocolError, version: .v311),
  ]

  @Test("bytes are refused", arguments: cases)
  func refused(_ malformed: MalformedCase) {
    let error = #expect(throws: MQTTDecodeError.self) {
      _ = try MQTTPacket.decode(malformed.bytes, version: malformed.version, isFromClient: malformed.isFromClient)
    }
    #expect(error?.reason == malformed.reason)
  }

  @Test("a packet beyond the limit is refused before its body has come")
  func tooLarge() {
    let error = #expect(throws: MQTTDecodeError.self) {
      _ = try MQTTPacket.decode([0x30, 0x80, 0x01], version: .v5, packetBytesMax: 100)
    }
    #expect(error?.reason == .packetTooLarge)
  }

  @Test("CONNECT says how its faults are answered")
  func connectAnswers() throws {
    func answer(_ bytes: [UInt8]) -> MQTTDecodeError.Answer? {
      let body = [UInt8(0x10), UInt8(bytes.count)] + bytes
      do throws(MQTTDecodeError) {
        _ = try MQTTPacket.decode(body, version: .v5, isFromClient: true)
        return nil
      } catch {
        return error.answer
      }
    }
    let mqtt: [UInt8] = [0, 4] + Array("MQTT".utf8)
    #expect(answer(mqtt + [4, 2, 0, 10, 0, 1, 0x61]) == nil)
    #expect(answer(mqtt + [6, 2, 0, 10, 0, 1, 0x61]) == .newestForm)
    #expect(answer(mqtt + [3, 2, 0, 10, 0, 1, 0x61]) == .returnCode(1))
    #expect(answer([0, 4] + Array("MQTU".utf8) + [4, 2, 0, 10, 0, 1, 0x61]) == MQTTDecodeError.Answer.none)
    #expect(answer(mqtt + [4, 0, 0, 10, 0, 0]) == .returnCode(2))
    #expect(answer(mqtt + [4, 3, 0, 10, 0, 1, 0x61]) == MQTTDecodeError.Answer.none)
    #expect(answer(mqtt + [5, 2, 0, 10, 3, 0x21, 0, 0, 0, 1, 0x61]) == .reason)
    #expect(answer(mqtt + [4, 2, 0, 10, 0, 1, 0x61, 0]) == MQTTDecodeError.Answer.none)
  }
}
