/// As a phone's program reads a secret.
package enum Base32 {
  /// The bytes of a text without padding; characters that are none count as A.
  package static func bytes(_ text: String) -> [UInt8] {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    var bytes: [UInt8] = []
    var (bits, count) = (0, 0)
    for character in text {
      bits = bits << 5 | (letters.firstIndex(of: character) ?? 0)
      count += 5
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        bits &= 1 << count - 1
      }
    }
    return bytes
  }
}
