extension MQTTProperties {
  /// Reads the length and the properties, checked for their place.
  static func read(
    from cursor: inout ByteCursor, place: PropertyPlace, isFromClient: Bool = false
  ) throws(MQTTDecodeError) -> MQTTProperties {
    let count = Int(try cursor.readVariable())
    return try decode(try cursor.readBytes(count), place: place, isFromClient: isFromClient)
  }

  /// Reads properties without their length.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, place: PropertyPlace, isFromClient: Bool = false
  ) throws(MQTTDecodeError) -> MQTTProperties {
    var scanner = PropertyScanner(bytes, place: place, isFromClient: isFromClient)
    var properties = MQTTProperties()
    while let raw = try scanner.next() { properties.list.append(MQTTProperty(raw)) }
    return properties
  }

  /// Writes the length and the properties.
  func write<W: MQTTByteWriter>(to writer: inout W) {
    var counter = ByteCounter()
    for property in list { property.write(to: &counter) }
    writer.write(variable: UInt32(counter.count))
    for property in list { property.write(to: &writer) }
  }
}

extension MQTTProperty {
  init(_ raw: RawProperty) {
    let number = raw.number
    self =
      switch raw.id {
      case .payloadFormatIndicator: .payloadFormatIndicator(UInt8(number))
      case .messageExpiryInterval: .messageExpiryInterval(number)
      case .contentType: .contentType(MQTTString(raw.first))
      case .responseTopic: .responseTopic(MQTTString(raw.first))
      case .correlationData: .correlationData(Array(raw.first))
      case .subscriptionIdentifier: .subscriptionIdentifier(number)
      case .sessionExpiryInterval: .sessionExpiryInterval(number)
      case .assignedClientIdentifier: .assignedClientIdentifier(MQTTString(raw.first))
      case .serverKeepAlive: .serverKeepAlive(UInt16(number))
      case .authenticationMethod: .authenticationMethod(MQTTString(raw.first))
      case .authenticationData: .authenticationData(Array(raw.first))
      case .requestProblemInformation: .requestProblemInformation(UInt8(number))
      case .willDelayInterval: .willDelayInterval(number)
      case .requestResponseInformation: .requestResponseInformation(UInt8(number))
      case .responseInformation: .responseInformation(MQTTString(raw.first))
      case .serverReference: .serverReference(MQTTString(raw.first))
      case .reasonString: .reasonString(MQTTString(raw.first))
      case .receiveMaximum: .receiveMaximum(UInt16(number))
      case .topicAliasMaximum: .topicAliasMaximum(UInt16(number))
      case .topicAlias: .topicAlias(UInt16(number))
      case .maximumQoS: .maximumQoS(UInt8(number))
      case .retainAvailable: .retainAvailable(UInt8(number))
      case .userProperty: .userProperty(MQTTString(raw.first), MQTTString(raw.second))
      case .maximumPacketSize: .maximumPacketSize(number)
      case .wildcardSubscriptionAvailable: .wildcardSubscriptionAvailable(UInt8(number))
      case .subscriptionIdentifierAvailable: .subscriptionIdentifierAvailable(UInt8(number))
      case .sharedSubscriptionAvailable: .sharedSubscriptionAvailable(UInt8(number))
      }
  }

  func write<W: MQTTByteWriter>(to writer: inout W) {
    switch self {
    case .payloadFormatIndicator(let v): writer.put(.payloadFormatIndicator, byte: v)
    case .messageExpiryInterval(let v): writer.put(.messageExpiryInterval, four: v)
    case .contentType(let v): writer.put(.contentType, binary: v.utf8)
    case .responseTopic(let v): writer.put(.responseTopic, binary: v.utf8)
    case .correlationData(let v): writer.put(.correlationData, binary: v)
    case .subscriptionIdentifier(let v):
      writer.write(byte: PropertyID.subscriptionIdentifier.rawValue)
      writer.write(variable: v)
    case .sessionExpiryInterval(let v): writer.put(.sessionExpiryInterval, four: v)
    case .assignedClientIdentifier(let v): writer.put(.assignedClientIdentifier, binary: v.utf8)
    case .serverKeepAlive(let v): writer.put(.serverKeepAlive, two: v)
    case .authenticationMethod(let v): writer.put(.authenticationMethod, binary: v.utf8)
    case .authenticationData(let v): writer.put(.authenticationData, binary: v)
    case .requestProblemInformation(let v): writer.put(.requestProblemInformation, byte: v)
    case .willDelayInterval(let v): writer.put(.willDelayInterval, four: v)
    case .requestResponseInformation(let v): writer.put(.requestResponseInformation, byte: v)
    case .responseInformation(let v): writer.put(.responseInformation, binary: v.utf8)
    case .serverReference(let v): writer.put(.serverReference, binary: v.utf8)
    case .reasonString(let v): writer.put(.reasonString, binary: v.utf8)
    case .receiveMaximum(let v): writer.put(.receiveMaximum, two: v)
    case .topicAliasMaximum(let v): writer.put(.topicAliasMaximum, two: v)
    case .topicAlias(let v): writer.put(.topicAlias, two: v)
    case .maximumQoS(let v): writer.put(.maximumQoS, byte: v)
    case .retainAvailable(let v): writer.put(.retainAvailable, byte: v)
    case .userProperty(let name, let value):
      writer.put(.userProperty, binary: name.utf8)
      writer.write(text: value)
    case .maximumPacketSize(let v): writer.put(.maximumPacketSize, four: v)
    case .wildcardSubscriptionAvailable(let v): writer.put(.wildcardSubscriptionAvailable, byte: v)
    case .subscriptionIdentifierAvailable(let v): writer.put(.subscriptionIdentifierAvailable, byte: v)
    case .sharedSubscriptionAvailable(let v): writer.put(.sharedSubscriptionAvailable, byte: v)
    }
  }
}

extension MQTTByteWriter {
  mutating func put(_ id: PropertyID, byte value: UInt8) {
    write(byte: id.rawValue)
    write(byte: value)
  }

  mutating func put(_ id: PropertyID, two value: UInt16) {
    write(byte: id.rawValue)
    write(uint16: value)
  }

  mutating func put(_ id: PropertyID, four value: UInt32) {
    write(byte: id.rawValue)
    write(uint32: value)
  }

  mutating func put(_ id: PropertyID, binary value: [UInt8]) {
    write(byte: id.rawValue)
    write(binary: value)
  }
}
