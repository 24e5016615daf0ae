/// How a subscription is served (3.8.3.1).
public struct MQTTSubscriptionOptions: Hashable, Sendable {
  /// When kept messages are sent at subscribing.
  public enum RetainHandling: UInt8, Sendable {
    case always = 0
    case whenNew = 1
    case never = 2
  }

  public var maximumQoS: MQTTQoS
  /// Messages of this client's own are not sent to it.
  public var isNoLocal: Bool
  /// The retain flag is passed as the publisher set it.
  public var isRetainAsPublished: Bool
  public var retainHandling: RetainHandling

  public init(
    maximumQoS: MQTTQoS, isNoLocal: Bool = false, isRetainAsPublished: Bool = false,
    retainHandling: RetainHandling = .always
  ) {
    self.maximumQoS = maximumQoS
    self.isNoLocal = isNoLocal
    self.isRetainAsPublished = isRetainAsPublished
    self.retainHandling = retainHandling
  }

  /// Reads the options byte; in 3.1.1 only the QoS bits may be set.
  init(byte: UInt8, version: MQTTVersion) throws(MQTTDecodeError) {
    guard let qos = MQTTQoS(rawValue: byte & 0b11) else { throw .malformed("QoS 3") }
    let reserved: UInt8 = version == .v5 ? 0xC0 : 0xFC
    guard byte & reserved == 0, let handling = RetainHandling(rawValue: byte >> 4 & 0b11) else {
      throw .malformed("subscription options")
    }
    self.init(
      maximumQoS: qos, isNoLocal: byte & 4 != 0, isRetainAsPublished: byte & 8 != 0, retainHandling: handling)
  }

  /// The options byte.
  var byte: UInt8 {
    maximumQoS.rawValue | (isNoLocal ? 4 : 0) | (isRetainAsPublished ? 8 : 0) | retainHandling.rawValue << 4
  }
}

/// SUBSCRIBE (3.8).
public struct SubscribePacket: Hashable, Sendable {
  /// One topic filter and its options.
  public struct Entry: Hashable, Sendable {
    public var filter: MQTTString
    public var options: MQTTSubscriptionOptions

    public init(filter: MQTTString, options: MQTTSubscriptionOptions) {
      self.filter = filter
      self.options = options
    }
  }

  /// 1...65,535.
  public var packetID: UInt16
  /// At least one.
  public var entries: [Entry]
  /// Version 5 only.
  public var properties: MQTTProperties

  public init(packetID: UInt16, entries: [Entry], properties: MQTTProperties = []) {
    self.packetID = packetID
    self.entries = entries
    self.properties = properties
  }

  static func read(_ body: UnsafeRawBufferPointer, version: MQTTVersion) throws(MQTTDecodeError) -> SubscribePacket {
    var cursor = ByteCursor(body)
    let packetID = try cursor.readUInt16()
    guard packetID != 0 else { throw .malformed("packet identifier 0") }
    let properties = version == .v5 ? try MQTTProperties.read(from: &cursor, place: .subscribe) : []
    var entries: [Entry] = []
    repeat {
      let filter = try cursor.readName()
      guard MQTTTopicFilter.isValid(filter) else { throw .malformed("topic filter") }
      let options = try MQTTSubscriptionOptions(byte: try cursor.readByte(), version: version)
      guard !options.isNoLocal || !MQTTTopicFilter.isShared(filter) else {
        throw .protocolError("no local on a shared subscription")
      }
      entries.append(Entry(filter: MQTTString(filter), options: options))
    } while !cursor.isAtEnd
    return SubscribePacket(packetID: packetID, entries: entries, properties: properties)
  }

  func writeBody<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    writer.write(uint16: packetID)
    if version == .v5 { properties.write(to: &writer) }
    for entry in entries {
      writer.write(text: entry.filter)
      writer.write(byte: version == .v5 ? entry.options.byte : entry.options.maximumQoS.rawValue)
    }
  }
}
