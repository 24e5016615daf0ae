/// One property in place: its number, or its text or data as views.
struct RawProperty {
  let id: PropertyID
  /// The value of a byte, two-byte, four-byte or variable property.
  var number: UInt32 = 0
  /// The value of a text or binary property; the name of a user property.
  var first = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The value of a user property.
  var second = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The whole property, identifier and all.
  var whole = UnsafeRawBufferPointer(start: nil, count: 0)
}

/// Walks properties in place and checks them: known identifier, complete value, allowed in this packet, no duplicate,
/// value in range. It allocates nothing, since it runs once a message.
///
/// An identifier that is not allowed in the packet is answered with 0x82, as the published packet-sequence suites
/// expect (2.2.2.2 would also permit 0x81, which stays for SUBSCRIBE and UNSUBSCRIBE, where those suites expect it).
struct PropertyScanner {
  private var cursor: ByteCursor
  private let place: PropertyPlace
  private let isFromClient: Bool
  private var seen: UInt64 = 0

  /// - Parameter isFromClient: a client's PUBLISH must not carry a subscription identifier [MQTT-3.3.4-6].
  init(_ bytes: UnsafeRawBufferPointer, place: PropertyPlace, isFromClient: Bool = false) {
    cursor = ByteCursor(bytes)
    self.place = place
    self.isFromClient = isFromClient
  }

  /// The next property; nil at the end.
  mutating func next() throws(MQTTDecodeError) -> RawProperty? {
    guard !cursor.isAtEnd else { return nil }
    let start = cursor.position
    let number = try cursor.readVariable()
    guard number < 0x40, let id = PropertyID(rawValue: UInt8(number)) else { throw .malformed("unknown property") }
    var property = RawProperty(id: id)
    try readValue(of: &property)
    let bit = UInt64(1) << UInt64(id.rawValue)
    guard place.allowed & bit != 0, !(isFromClient && place == .publish && id == .subscriptionIdentifier) else {
      throw place == .unsubscribe || place == .subscribe
        ? .malformed("property not allowed here") : .protocolError("property not allowed here")
    }
    let mayRepeat = id == .userProperty || (place == .publish && id == .subscriptionIdentifier)
    guard seen & bit == 0 || mayRepeat else { throw .protocolError("property given twice") }
    seen |= bit
    try checkRange(property)
    property.whole = UnsafeRawBufferPointer(rebasing: cursor.bytes[start..<cursor.position])
    return property
  }

  private mutating func readValue(of property: inout RawProperty) throws(MQTTDecodeError) {
    switch property.id.form {
    case .byte: property.number = UInt32(try cursor.readByte())
    case .two: property.number = UInt32(try cursor.readUInt16())
    case .four: property.number = try cursor.readUInt32()
    case .variable: property.number = try cursor.readVariable()
    case .text: property.first = try cursor.readText()
    case .binary: property.first = try cursor.readBinary()
    case .pair:
      property.first = try cursor.readText()
      property.second = try cursor.readText()
    }
  }

  private func checkRange(_ property: RawProperty) throws(MQTTDecodeError) {
    switch property.id {
    case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation, .maximumQoS,
      .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
      .sharedSubscriptionAvailable:
      guard property.number <= 1 else { throw .protocolError("property must be 0 or 1") }
    case .receiveMaximum, .maximumPacketSize, .subscriptionIdentifier:
      guard property.number > 0 else { throw .protocolError("property must not be 0") }
    case .topicAlias:
      guard property.number > 0 else { throw .init(.topicAliasInvalid, "topic alias 0") }
    case .responseTopic:
      guard UTF8Check.isTopicName(property.first) else { throw .protocolError("response topic is not a topic name") }
    default: break
    }
  }
}
