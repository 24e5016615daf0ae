/// The identity of one thing of a kind: 128 bits, in the layout of a version 7 UUID, so that ids sort by time.
///
/// The kind is a phantom type: an `ID<Room>` is not an `ID<Device>`.
///
/// - Source: RFC 9562, section 5.7.
package struct ID<Entity>: Hashable, Sendable {
  /// The first eight bytes, big endian: 48 bits of Unix milliseconds, the version, twelve random bits.
  package let high: UInt64
  /// The last eight bytes, big endian: the variant and 62 random bits.
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads the sixteen bytes that `bytes` gives.
  ///
  /// - Returns: nil unless there are exactly sixteen bytes.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for (offset, byte) in bytes.enumerated() {
      if offset < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
    }
    self.init(high: high, low: low)
  }

  /// The sixteen bytes, big endian: the form stored in tables.
  package var bytes: [UInt8] {
    (0..<16).map { offset in
      let half = offset < 8 ? high : low
      return UInt8(truncatingIfNeeded: half >> UInt64(8 * (7 - offset % 8)))
    }
  }
}

extension ID: Comparable {
  package static func < (left: Self, right: Self) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

extension ID: LosslessStringConvertible {
  /// The 36 characters of a UUID, lower case.
  package var description: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for (offset, byte) in bytes.enumerated() {
      if offset == 4 || offset == 6 || offset == 8 || offset == 10 { text.append(UInt8(ascii: "-")) }
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads the 36 characters of a UUID, in either case; nil for anything else.
  package init?(_ text: String) {
    let characters = Array(text.utf8)
    guard characters.count == 36 else { return nil }
    var bytes: [UInt8] = []
    var pending: UInt8?
    for (offset, character) in characters.enumerated() {
      if offset == 8 || offset == 13 || offset == 18 || offset == 23 {
        guard character == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = Self.hexDigit(character) else { return nil }
      if let high = pending {
        bytes.append(high << 4 | digit)
        pending = nil
      } else {
        pending = digit
      }
    }
    self.init(bytes: bytes)
  }

  private static func hexDigit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension ID: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let id = Self(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an id")
    }
    self = id
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
