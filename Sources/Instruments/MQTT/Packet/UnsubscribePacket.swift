/// UNSUBSCRIBE (3.10).
public struct UnsubscribePacket: Hashable, Sendable {
  /// 1...65,535.
  public var packetID: UInt16
  /// At least one.
  public var filters: [MQTTString]
  /// Version 5 only.
  public var properties: MQTTProperties

  public init(packetID: UInt16, filters: [MQTTString], properties: MQTTProperties = []) {
    self.packetID = packetID
    self.filters = filters
    self.properties = properties
  }

  static func read(_ body: UnsafeRawBufferPointer, version: MQTTVersion) throws(MQTTDecodeError) -> UnsubscribePacket {
    var cursor = ByteCursor(body)
    let packetID = try cursor.readUInt16()
    guard packetID != 0 else { throw .malformed("packet identifier 0") }
    let properties = version == .v5 ? try MQTTProperties.read(from: &cursor, place: .unsubscribe) : []
    var filters: [MQTTString] = []
    repeat {
      let filter = try cursor.readName()
      guard MQTTTopicFilter.isValid(filter) else { throw .malformed("topic filter") }
      filters.append(MQTTString(filter))
    } while !cursor.isAtEnd
    return UnsubscribePacket(packetID: packetID, filters: filters, properties: properties)
  }

  func writeBody<W: MQTTByteWriter>(to writer: inout W, version: MQTTVersion) {
    writer.write(uint16: packetID)
    if version == .v5 { properties.write(to: &writer) }
    for filter in filters { writer.write(text: filter) }
  }
}
