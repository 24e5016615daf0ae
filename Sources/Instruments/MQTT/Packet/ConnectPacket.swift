/// CONNECT (3.1): a client asks to be let in.
public struct ConnectPacket: Hashable, Sendable {
  public var version: MQTTVersion
  /// May be empty: then the server gives one (3.1.1: only with a clean session).
  public var clientID: MQTTString
  /// Clean Start of 5, Clean Session of 3.1.1.
  public var isClean: Bool
  /// Seconds; 0 turns it off.
  public var keepAliveSeconds: UInt16
  public var will: MQTTWill?
  public var userName: MQTTString?
  public var password: [UInt8]?
  /// Version 5 only.
  public var properties: MQTTProperties

  public init(
    version: MQTTVersion, clientID: MQTTString, isClean: Bool = true, keepAliveSeconds: UInt16 = 60,
    will: MQTTWill? = nil, userName: MQTTString? = nil, password: [UInt8]? = nil, properties: MQTTProperties = []
  ) {
    self.version = version
    self.clientID = clientID
    self.isClean = isClean
    self.keepAliveSeconds = keepAliveSeconds
    self.will = will
    self.userName = userName
    self.password = password
    self.properties = properties
  }

  func writeBody<W: MQTTByteWriter>(to writer: inout W) {
    writer.write(text: version == .v31 ? "MQIsdp" : "MQTT")
    writer.write(byte: version.rawValue)
    var flags: UInt8 = isClean ? 2 : 0
    if let will { flags |= 4 | will.qos.rawValue << 3 | (will.isRetained ? 0x20 : 0) }
    if password != nil { flags |= 0x40 }
    if userName != nil { flags |= 0x80 }
    writer.write(byte: flags)
    writer.write(uint16: keepAliveSeconds)
    if version == .v5 { properties.write(to: &writer) }
    writer.write(text: clientID)
    if let will {
      if version == .v5 { will.properties.write(to: &writer) }
      writer.write(text: will.topic)
      writer.write(binary: will.payload)
    }
    if let userName { writer.write(text: userName) }
    if let password { writer.write(binary: password) }
  }
}
