/// What a reader comes upon, one at a time, in the order of the bytes. JSON and CBOR give the same events.
@frozen
public enum WireEvent: Sendable, Hashable {
  case beginMap
  case endMap
  case beginList
  case endList
  /// A map's key; its value follows.
  case key(WireText)
  case text(WireText)
  /// A number that is exactly a mantissa and a power of ten.
  case number(WireNumber)
  /// A number of more digits than `WireNumber` holds: the nearest double.
  case double(Double)
  case bool(Bool)
  case null
  /// CBOR only: a byte string.
  case bytes(WireText)
  /// Everything has been read, and nothing follows it.
  case end
}

/// Where a text lies in the input: no copy is made until someone asks for it.
@frozen
public struct WireText: Sendable, Hashable {
  /// Of the first byte (after the quote or the length).
  public let offset: Int
  /// In bytes of the input.
  public let count: Int
  /// The bytes are the text itself; otherwise it has escapes (JSON) or comes in pieces (CBOR).
  public let isPlain: Bool

  @inlinable
  public init(offset: Int, count: Int, isPlain: Bool) {
    self.offset = offset
    self.count = count
    self.isPlain = isPlain
  }
}

/// `mantissa` × 10^`exponent`, exactly what the sender wrote.
@frozen
public struct WireNumber: Sendable, Hashable {
  public let mantissa: Int64
  /// -400 to 400.
  public let exponent: Int

  @inlinable
  public init(mantissa: Int64, exponent: Int) {
    self.mantissa = mantissa
    self.exponent = exponent
  }

  /// The nearest double.
  public var double: Double {
    if exponent == 0 { return Double(mantissa) }
    let power = exponent.magnitude <= 22 && mantissa.magnitude <= 1 << 53 ? Self.power(Int(exponent.magnitude)) : nil
    // Both are exact in a double, so that the one division or product is rounded correctly.
    if let power { return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power }
    return Double("\(mantissa)e\(exponent)") ?? .nan
  }

  /// The number if it is whole and fits.
  public var integer: Int64? { scaled(by: 0) }

  /// The number times 10^`scale`, if that is whole and fits: 2.5 scaled by 2 is 250.
  public func scaled(by scale: Int) -> Int64? {
    var value = mantissa
    var shift = exponent + scale
    if value == 0 { return 0 }
    while shift > 0 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      value = product
      shift -= 1
    }
    while shift < 0 {
      let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 10)
      if remainder != 0 { return nil }
      value = quotient
      shift += 1
    }
    return value
  }

  static func power(_ exponent: Int) -> Double {
    var power = 1.0
    for _ in 0..<exponent { power *= 10 }
    return power
  }
}

/// Why bytes are not taken. The offset is that of the byte where it showed.
public enum WireError: Error, Hashable, Sendable {
  case endsTooEarly(offset: Int)
  case unexpected(offset: Int)
  case notUTF8(offset: Int)
  case badEscape(offset: Int)
  case badNumber(offset: Int)
  /// Beyond what a double holds.
  case numberRange(offset: Int)
  case duplicateKey(offset: Int)
  case tooDeep(offset: Int)
  case tooManyKeys(offset: Int)
  case tooLong(offset: Int)
  case trailingBytes(offset: Int)
  /// CBOR: reserved, or of no use here (a simple value, a key that is no text).
  case unsupported(offset: Int)
}

/// What a reader takes at most. Bytes in all are the caller's to bound.
public struct WireLimits: Sendable, Hashable {
  /// Maps and lists within each other: 1 to 60.
  public var depthMax = 16
  /// Keys of all open maps together: 1 to 1,000. They are kept as 64-bit hashes; two keys of one map with one hash
  /// count as duplicates, which happens to nobody who does not work for it.
  public var keysMax = 250
  /// Bytes of one number's text.
  public var numberBytesMax = 400

  public init() {}
}

/// Reads one value and what is in it.
public protocol WireReader: ~Copyable {
  /// The bytes that are read.
  var input: UnsafeRawBufferPointer { get }
  /// The next event; `.end` after the value, and then for ever. After an error the reader is of no more use.
  mutating func next() throws(WireError) -> WireEvent
  /// The bytes of a text or a byte string, decoded; allocates.
  func decoded(_ text: WireText) -> [UInt8]
}

extension WireReader where Self: ~Copyable {
  /// A plain text's bytes, without copying.
  @inlinable @inline(__always)
  public func bytes(_ text: WireText) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: input[text.offset..<text.offset + text.count])
  }

  /// The text, decoded; allocates.
  public func string(_ text: WireText) -> String {
    text.isPlain ? String(decoding: bytes(text), as: UTF8.self) : String(decoding: decoded(text), as: UTF8.self)
  }

  /// Reads over the rest of a value whose first event this was.
  public mutating func skip(_ event: WireEvent) throws(WireError) {
    guard event == .beginMap || event == .beginList else { return }
    var depth = 1
    while depth > 0 {
      switch try next() {
      case .beginMap, .beginList: depth += 1
      case .endMap, .endList: depth -= 1
      default: break
      }
    }
  }
}
