/// One value of a property, of an event or of an argument, of the types that thing models know.
public enum DeviceValue: Hashable, Sendable {
  case bool(Bool)
  case integer(Int64)
  /// `mantissa` divided by ten to the power of `scale` (0 to 9): exact, as meters and bills need it.
  case decimal(Int64, scale: UInt8)
  case text(String)

  /// The whole number, if it is one.
  public var asInteger: Int64? {
    switch self {
    case .integer(let value): value
    case .decimal(let mantissa, let scale):
      mantissa % Self.power(scale) == 0 ? mantissa / Self.power(scale) : nil
    case .bool, .text: nil
    }
  }

  /// The truth value, if it is one.
  public var asBool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The text, if it is one.
  public var asText: String? {
    if case .text(let value) = self { value } else { nil }
  }

  /// The number scaled to `scale` digits after the point, further digits cut off; nil for what is no number
  /// or too large.
  public func asDecimal(scale wanted: UInt8) -> Int64? {
    switch self {
    case .integer(let value):
      let (product, overflow) = value.multipliedReportingOverflow(by: Self.power(wanted))
      return overflow ? nil : product
    case .decimal(let mantissa, let scale):
      if scale >= wanted { return mantissa / Self.power(scale - wanted) }
      let (product, overflow) = mantissa.multipliedReportingOverflow(by: Self.power(wanted - scale))
      return overflow ? nil : product
    case .bool, .text: return nil
    }
  }

  static func power(_ scale: UInt8) -> Int64 {
    var result: Int64 = 1
    for _ in 0..<min(scale, 18) { result *= 10 }
    return result
  }
}

extension DeviceValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(stringLiteral value: String) { self = .text(value) }
}

extension DeviceValue {
  /// A whole number.
  public init(_ value: some BinaryInteger) { self = .integer(Int64(clamping: value)) }
  /// A truth value.
  public init(_ value: Bool) { self = .bool(value) }
  /// A text.
  public init(_ value: String) { self = .text(value) }
}

/// Named values in their order, so that the same device writes the same bytes in every run.
public struct DeviceValues: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  /// One named value.
  public struct Pair: Hashable, Sendable {
    public let key: String
    public let value: DeviceValue
  }

  /// The values, in the order they were set.
  public private(set) var pairs: [Pair]

  public init(dictionaryLiteral elements: (String, DeviceValue)...) {
    pairs = elements.map { Pair(key: $0.0, value: $0.1) }
  }

  /// Whether there is none.
  public var isEmpty: Bool { pairs.isEmpty }

  /// The value of a key; setting nil removes it.
  public subscript(key: String) -> DeviceValue? {
    get { pairs.first { $0.key == key }?.value }
    set {
      let index = pairs.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): pairs[index] = Pair(key: key, value: value)
      case (nil, let value?): pairs.append(Pair(key: key, value: value))
      case (let index?, nil): pairs.remove(at: index)
      case (nil, nil): break
      }
    }
  }
}
