extension ConnectPacket {
  /// Reads the body. The errors say how they are answered: an unknown version by the CONNACK its family understands,
  /// other faults of 3.1.1 by closing, those of 5 by CONNACK with their reason.
  ///
  /// - Parameter headerFlags: must be 0 since 3.1.1; version 3.1 gives them no meaning.
  static func read(_ body: UnsafeRawBufferPointer, headerFlags: UInt8) throws(MQTTDecodeError) -> ConnectPacket {
    var cursor = ByteCursor(body)
    let version: MQTTVersion
    let flags: UInt8
    let keepAlive: UInt16
    do throws(MQTTDecodeError) {
      version = try readVersion(&cursor)
      flags = try cursor.readByte()
      keepAlive = try cursor.readUInt16()
      guard headerFlags == 0 || version == .v31 else { throw .silent("fixed header flags") }
      try check(flags: flags, version: version)
    } catch {
      throw error.answer == .reason ? .silent(error.detail) : error
    }
    do throws(MQTTDecodeError) {
      return try readRest(&cursor, version: version, flags: flags, keepAlive: keepAlive)
    } catch {
      throw version == .v5 || error.answer != .reason ? error : .silent(error.detail)
    }
  }

  private static func readVersion(_ cursor: inout ByteCursor) throws(MQTTDecodeError) -> MQTTVersion {
    let name = try cursor.readBinary()
    let isOld = name.elementsEqual("MQIsdp".utf8)
    guard isOld || name.elementsEqual("MQTT".utf8) else { throw .silent("protocol name") }
    let level = try cursor.readByte()
    guard let version = MQTTVersion(rawValue: level) else {
      // A level below those known is of the old family [MQTT-3.1.2-2 of 3.1.1].
      let answer: MQTTDecodeError.Answer = level < MQTTVersion.v31.rawValue ? .returnCode(1) : .newestForm
      throw .init(
        .unsupportedProtocolVersion, "protocol version", answer: answer, suiteReason: .unsupportedProtocolVersion)
    }
    guard isOld == (version == .v31) else {
      throw .init(.unsupportedProtocolVersion, "protocol version", answer: .returnCode(1))
    }
    return version
  }

  private static func check(flags: UInt8, version: MQTTVersion) throws(MQTTDecodeError) {
    let hasWill = flags & 4 != 0
    guard flags & 1 == 0 || version == .v31 else { throw .silent("reserved connect flag") }
    guard flags & 0x18 != 0x18 else { throw .silent("will QoS 3") }
    guard hasWill || flags & 0x38 == 0 else { throw .silent("will flags without will") }
    guard version == .v5 || flags & 0xC0 != 0x40 else { throw .silent("password without user name") }
  }

  private static func readRest(
    _ cursor: inout ByteCursor, version: MQTTVersion, flags: UInt8, keepAlive: UInt16
  ) throws(MQTTDecodeError) -> ConnectPacket {
    var packet = ConnectPacket(
      version: version, clientID: "", isClean: flags & 2 != 0, keepAliveSeconds: keepAlive)
    if version == .v5 {
      packet.properties = try .read(from: &cursor, place: .connect)
      guard packet.properties.authenticationData == nil || packet.properties.authenticationMethod != nil else {
        throw .protocolError("authentication data without method")
      }
    }
    let clientID = try cursor.readBinary()
    guard UTF8Check.isName(clientID) else { throw .init(.clientIdentifierNotValid, "client identifier") }
    packet.clientID = MQTTString(clientID)
    guard !clientID.isEmpty || packet.isClean && version != .v31 || version == .v5 else {
      throw .init(.clientIdentifierNotValid, "empty client identifier", answer: .returnCode(2))
    }
    if flags & 4 != 0 { packet.will = try readWill(&cursor, version: version, flags: flags) }
    do throws(MQTTDecodeError) {
      if flags & 0x80 != 0 { packet.userName = MQTTString(try cursor.readName()) }
      if flags & 0x40 != 0 { packet.password = Array(try cursor.readBinary()) }
    } catch {
      throw .silent("user name or password")
    }
    guard cursor.isAtEnd else { throw .malformed("packet too long") }
    return packet
  }

  private static func readWill(
    _ cursor: inout ByteCursor, version: MQTTVersion, flags: UInt8
  ) throws(MQTTDecodeError) -> MQTTWill {
    let properties = version == .v5 ? try MQTTProperties.read(from: &cursor, place: .will) : []
    let topic = try cursor.readBinary()
    guard UTF8Check.isTopicName(topic) else { throw .malformed("will topic") }
    return MQTTWill(
      topic: MQTTString(topic), payload: Array(try cursor.readBinary()),
      qos: MQTTQoS(rawValue: flags >> 3 & 0b11) ?? .atMostOnce, isRetained: flags & 0x20 != 0,
      properties: properties)
  }
}
