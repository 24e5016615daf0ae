/// A value read whole, for messages that are rare: it allocates. Maps keep the order of their keys.
public enum WireValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case number(WireNumber)
  case double(Double)
  case text(String)
  case bytes([UInt8])
  case list([WireValue])
  case map([Member])

  /// A key and its value.
  public struct Member: Sendable, Hashable {
    public let key: String
    public let value: WireValue

    public init(_ key: String, _ value: WireValue) {
      self.key = key
      self.value = value
    }
  }

  /// Reads an object, JSON or CBOR by its first byte.
  public init(parsing bytes: [UInt8], limits: WireLimits = WireLimits()) throws(WireError) {
    let format = bytes.withUnsafeBytes { WireFormat(ofObject: $0) }
    guard let format else { throw bytes.isEmpty ? .endsTooEarly(offset: 0) : .unexpected(offset: 0) }
    self = try Self(format, bytes, limits: limits)
  }

  /// Reads any value of a format.
  public init(_ format: WireFormat, _ bytes: [UInt8], limits: WireLimits = WireLimits()) throws(WireError) {
    let outcome = bytes.withUnsafeBytes { input -> Result<WireValue, WireError> in
      Result { () throws(WireError) in
        switch format {
        case .json: try JSONReader.read(input, limits: limits, Self.whole)
        case .cbor: try CBORReader.read(input, limits: limits, Self.whole)
        }
      }
    }
    self = try outcome.get()
  }

  private static func whole<R: WireReader & ~Copyable>(_ reader: inout R) throws(WireError) -> WireValue {
    let value = try Self.value(try reader.next(), &reader)
    // Reading on to the end shows what stands behind the value.
    _ = try reader.next()
    return value
  }

  /// The value that begins with an event. As deep as the reader's limit at most.
  public static func value<R: WireReader & ~Copyable>(
    _ event: WireEvent, _ reader: inout R
  ) throws(WireError) -> WireValue {
    switch event {
    case .beginMap:
      var members: [Member] = []
      while case .key(let key) = try reader.next() {
        let name = reader.string(key)
        members.append(Member(name, try value(try reader.next(), &reader)))
      }
      return .map(members)
    case .beginList:
      var values: [WireValue] = []
      while true {
        let item = try reader.next()
        if item == .endList { return .list(values) }
        values.append(try value(item, &reader))
      }
    case .text(let text): return .text(reader.string(text))
    case .bytes(let bytes): return .bytes(reader.decoded(bytes))
    case .number(let number): return .number(number)
    case .double(let value): return .double(value)
    case .bool(let value): return .bool(value)
    case .null, .endMap, .endList, .key, .end: return .null
    }
  }

  /// A map's value of a key; nil when there is none or this is no map.
  public subscript(key: String) -> WireValue? {
    guard case .map(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The whole number this is; nil when it is none.
  public var integer: Int64? {
    guard case .number(let number) = self else { return nil }
    return number.integer
  }

  /// The text this is; nil when it is none.
  public var string: String? {
    guard case .text(let text) = self else { return nil }
    return text
  }

  /// The truth this is; nil when it is none.
  public var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  /// The list this is; nil when it is none.
  public var list: [WireValue]? {
    guard case .list(let values) = self else { return nil }
    return values
  }

  /// The members of the map this is; nil when it is none.
  public var members: [Member]? {
    guard case .map(let members) = self else { return nil }
    return members
  }
}
