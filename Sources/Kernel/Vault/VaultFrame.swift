package import Guomi
package import WireFormats

/// One message between the key service and whoever calls it, either way: a map, and beside it a secret, so that no
/// key ever lies in a parsed text.
///
/// On the wire: "AV", version 1, a zero, the map's length and the secret's (4 bytes each, big endian), the map as CBOR,
/// the secret. A call and its answer follow each other; there is one call at a time a connection.
package struct VaultFrame: Sendable {
  package static let version: UInt8 = 1
  package static let headBytes = 12
  /// The most bytes of a map.
  package static let bodyBytesMax = 1 << 20
  /// The most bytes of a secret.
  package static let secretBytesMax = 4_096

  package var body: WireValue
  package var secret: SecretBytes?

  package init(_ body: WireValue, secret: SecretBytes? = nil) {
    self.body = body
    self.secret = secret
  }

  /// A map of these members.
  package init(_ members: [(String, WireValue)], secret: SecretBytes? = nil) {
    self.init(.map(members.map { .init($0.0, $0.1) }), secret: secret)
  }

  /// Head and map; the secret follows from its own memory.
  package var headAndBody: [UInt8] {
    let body = VaultCBOR.bytes(body)
    var bytes: [UInt8] = [UInt8(ascii: "A"), UInt8(ascii: "V"), Self.version, 0]
    bytes += Self.bigEndian(body.count)
    bytes += Self.bigEndian(secret?.count ?? 0)
    return bytes + body
  }

  /// The lengths that a head announces.
  ///
  /// - Throws: `.malformed` for anything that is no head of this version, or is beyond the limits.
  package static func lengths(head: [UInt8]) throws(VaultError) -> (body: Int, secret: Int) {
    guard head.count == headBytes, head[0] == UInt8(ascii: "A"), head[1] == UInt8(ascii: "V"), head[2] == version,
      head[3] == 0
    else { throw .malformed }
    let body = number(head[4..<8])
    let secret = number(head[8..<12])
    guard (1...bodyBytesMax).contains(body), (0...secretBytesMax).contains(secret) else { throw .malformed }
    return (body, secret)
  }

  /// Reads a map.
  ///
  /// - Throws: `.malformed` unless it is one well-formed CBOR map within the limits.
  package static func body(_ bytes: [UInt8]) throws(VaultError) -> WireValue {
    do {
      let value = try WireValue(.cbor, bytes)
      guard value.members != nil else { throw VaultError.malformed }
      return value
    } catch {
      throw .malformed
    }
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
  }
}

/// Writes values as CBOR with byte strings, which `CBORWriter` leaves out.
enum VaultCBOR {
  static func bytes(_ value: WireValue) -> [UInt8] {
    var output: [UInt8] = []
    write(value, &output)
    return output
  }

  private static func write(_ value: WireValue, _ output: inout [UInt8]) {
    switch value {
    case .bytes(let bytes):
      head(2, bytes.count, &output)
      output += bytes
    case .list(let values):
      head(4, values.count, &output)
      for value in values { write(value, &output) }
    case .map(let members):
      head(5, members.count, &output)
      for member in members {
        output += CBORWriter.bytes(.text(member.key))
        write(member.value, &output)
      }
    default:
      output += CBORWriter.bytes(value)
    }
  }

  /// - Source: RFC 8949, section 3.
  private static func head(_ major: UInt8, _ count: Int, _ output: inout [UInt8]) {
    switch count {
    case 0..<24: output.append(major << 5 | UInt8(count))
    case 24...0xff: output += [major << 5 | 24, UInt8(count)]
    case 0x100...0xffff: output += [major << 5 | 25, UInt8(count >> 8), UInt8(count & 0xff)]
    default: output += [major << 5 | 26] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
    }
  }
}

extension WireValue {
  /// The byte string this is; nil when it is none.
  package var byteString: [UInt8]? {
    guard case .bytes(let bytes) = self else { return nil }
    return bytes
  }

  /// A whole number.
  package static func integer(_ value: some BinaryInteger) -> WireValue {
    .number(WireNumber(mantissa: Int64(clamping: value), exponent: 0))
  }
}
