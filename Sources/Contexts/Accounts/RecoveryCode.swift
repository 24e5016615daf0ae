/// One of the codes that stand in for a lost phone, each once: four groups of four, 80 bits.
enum RecoveryCode {
  private static let letters = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
  private static let lettersCount = 16

  static func make(_ random: (Int) -> [UInt8]) -> String {
    let text = random(lettersCount).enumerated().flatMap { offset, byte in
      (offset > 0 && offset.isMultiple(of: 4) ? [UInt8(ascii: "-")] : []) + [letters[Int(byte & 31)]]
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// - Returns: the letters alone; nil for what has not the form of one.
  static func normalized(_ text: String) -> String? {
    guard text.utf8.count <= 64 else { return nil }
    let core = text.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }
    return core.count == lettersCount ? String(decoding: core, as: UTF8.self) : nil
  }

  static func hash(_ code: String) -> [UInt8] {
    Secrets.hash(normalized(code) ?? code)
  }
}
