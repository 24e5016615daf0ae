import Foundation

/// Base64 with exactly one text for each value: a text that decodes but is not the one we write is refused, or a
/// changed file could still pass.
enum Base64Text {
  static func encode(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString()
  }

  static func decode(_ text: some StringProtocol, _ expected: String) throws(MerkleError) -> [UInt8] {
    guard let data = Data(base64Encoded: String(text)) else { throw .malformed(expected) }
    let bytes = Array(data)
    guard encode(bytes) == text else { throw .malformed(expected) }
    return bytes
  }

  static func digest(_ text: some StringProtocol, _ expected: String) throws(MerkleError) -> MerkleDigest {
    guard let digest = MerkleDigest(bytes: try decode(text, expected)) else { throw .malformed(expected) }
    return digest
  }
}

/// Decimal numbers with exactly one text for each value.
enum DecimalText {
  static func decode(_ text: some StringProtocol, max: Int, _ expected: String) throws(MerkleError) -> Int {
    guard text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text), String(value) == text, value <= max
    else { throw .malformed(expected) }
    return value
  }
}

/// Words of one line.
enum LineText {
  /// Whether a text can stand in a line of its own: printable, no blanks at its ends, not empty.
  static func isLine(_ text: some StringProtocol, bytesMax: Int) -> Bool {
    !text.isEmpty && text.utf8.count <= bytesMax && text.first != " " && text.last != " "
      && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f && !(0x80...0x9f).contains($0.value) }
  }

  /// Whether a text can stand as one word in a line.
  static func isWord(_ text: some StringProtocol, bytesMax: Int) -> Bool {
    isLine(text, bytesMax: bytesMax) && !text.contains(" ")
  }
}
