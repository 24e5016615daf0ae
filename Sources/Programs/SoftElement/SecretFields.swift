import Guomi
import SecureElement

/// Collects fields, some of them secret, and writes them into one secret, without a copy of a key outside one.
struct SecretWriter {
  private enum Part {
    case open([UInt8])
    case secret(SecretBytes)

    var count: Int {
      switch self {
      case .open(let bytes): bytes.count
      case .secret(let secret): secret.count
      }
    }
  }

  private var parts: [Part] = []

  mutating func open(_ bytes: [UInt8]) { parts.append(.open(bytes)) }

  mutating func number(_ number: UInt64) { open(withUnsafeBytes(of: number.bigEndian) { Array($0) }) }

  mutating func field(_ bytes: [UInt8]) {
    number(UInt64(bytes.count))
    open(bytes)
  }

  mutating func secret(_ secret: SecretBytes) {
    number(UInt64(secret.count))
    parts.append(.secret(secret))
  }

  var secret: SecretBytes {
    SecretBytes(count: parts.reduce(0) { $0 + $1.count }) { buffer in
      var position = 0
      for part in parts {
        let place = UnsafeMutableRawBufferPointer(rebasing: buffer[position..<position + part.count])
        switch part {
        case .open(let bytes): place.copyBytes(from: bytes)
        case .secret(let secret): secret.withUnsafeBytes { place.copyMemory(from: $0) }
        }
        position += part.count
      }
    }
  }
}

/// Reads what `SecretWriter` wrote.
struct SecretReader {
  private static let fieldByteCountMax = 4_096

  private let source: SecretBytes
  private var position = 0

  init(_ source: SecretBytes) { self.source = source }

  var isAtEnd: Bool { position == source.count }

  private mutating func take(_ count: Int) throws(SecureElementError) -> Range<Int> {
    guard count >= 0, source.count - position >= count else { throw .storage }
    defer { position += count }
    return position..<position + count
  }

  mutating func bytes(_ count: Int) throws(SecureElementError) -> [UInt8] {
    let range = try take(count)
    return source.withUnsafeBytes { Array($0[range]) }
  }

  mutating func number() throws(SecureElementError) -> UInt64 { try bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }

  private mutating func length() throws(SecureElementError) -> Int {
    let count = try number()
    guard count <= Self.fieldByteCountMax else { throw .storage }
    return Int(count)
  }

  mutating func field() throws(SecureElementError) -> [UInt8] { try bytes(try length()) }

  mutating func secretField() throws(SecureElementError) -> SecretBytes { source.part(try take(try length())) }
}
