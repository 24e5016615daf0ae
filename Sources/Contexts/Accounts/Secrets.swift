import CSodium
import Kernel

/// The forms of tokens, keys and passwords that are made here. Only their hashes are stored.
enum Secrets {
  static let tokenBytes = 32
  static let keyPrefix = "anju_"
  static let handleBytes = 8

  /// BLAKE2b of 256 bits. A random secret of 256 bits needs no slow hash.
  static func hash(_ text: String) -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: 32)
    let bytes = Array(text.utf8)
    crypto_generichash(&hash, hash.count, bytes, UInt64(bytes.count), nil, 0)
    return hash
  }

  /// Compares in a time that tells nothing.
  static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && sodium_memcmp(left, right, left.count) == 0
  }

  /// Letters, digits, `-` and `_`, without padding.
  ///
  /// - Source: RFC 4648, section 5.
  static func base64URL(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    var (bits, count) = (0, 0)
    for byte in bytes {
      bits = bits << 8 | Int(byte)
      count += 8
      while count >= 6 {
        count -= 6
        text.append(digits[bits >> count & 63])
      }
      bits &= 1 << count - 1
    }
    if count > 0 { text.append(digits[bits << (6 - count) & 63]) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of what `base64URL` wrote; nil for anything else.
  static func bytes(base64URL text: String) -> [UInt8]? {
    guard text.utf8.count <= 4_096 else { return nil }
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var bytes: [UInt8] = []
    var (bits, count) = (0, 0)
    for character in text.utf8 {
      guard let digit = digits.firstIndex(of: character) else { return nil }
      bits = bits << 6 | digit
      count += 6
      guard count >= 8 else { continue }
      count -= 8
      bytes.append(UInt8(truncatingIfNeeded: bits >> count))
      bits &= 1 << count - 1
    }
    return bits == 0 ? bytes : nil
  }

  /// So many decimal digits, each as likely as the others.
  static func digits(_ random: (Int) -> [UInt8], count: Int) -> String {
    var text = ""
    while text.count < count {
      for byte in random(count) where byte < 250 && text.count < count { text += String(byte % 10) }
    }
    return text
  }

  /// Twenty characters of 32 that are not mistaken for each other, in groups of five: 100 bits.
  static func password(_ random: (Int) -> [UInt8]) -> String {
    let letters = Array("abcdefghjkmnpqrstuvwxyz23456789T".utf8)
    let text = random(20).enumerated().flatMap { offset, byte in
      (offset > 0 && offset.isMultiple(of: 5) ? [UInt8(ascii: "-")] : []) + [letters[Int(byte & 31)]]
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// `anju_` handle `_` secret: the handle finds the key and may be shown, the secret proves it.
  static func key(_ random: (Int) -> [UInt8]) -> (handle: String, secret: String, text: String) {
    let handle = random(handleBytes).hexadecimal
    let secret = base64URL(random(tokenBytes))
    return (handle, secret, "\(keyPrefix)\(handle)_\(secret)")
  }

  /// - Returns: nil for anything that is not of a key's form.
  static func split(key text: String) -> (handle: String, secret: String)? {
    guard text.utf8.count <= 256, text.hasPrefix(keyPrefix) else { return nil }
    let parts = text.dropFirst(keyPrefix.count).split(separator: "_", maxSplits: 1)
    guard parts.count == 2, parts[0].utf8.count == 2 * handleBytes else { return nil }
    return (String(parts[0]), String(parts[1]))
  }
}
