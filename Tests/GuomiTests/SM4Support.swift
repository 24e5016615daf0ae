import Guomi
import TestSupport

/// What a published vector or a second implementation needs and the public interface does not give: chosen nonces.
enum SM4Direct {
  static func gcm(
    _ key: SM4.GCMKey, nonce: [UInt8], associated: [UInt8], _ plaintext: [UInt8]
  ) throws -> [UInt8] {
    let nonce = try nonce.withUnsafeBytes { try SM4.Nonce($0) }
    return try plaintext.withUnsafeBytes { plaintext in
      try associated.withUnsafeBytes { try key.seal(plaintext, authenticating: $0, nonce: nonce) }
    }
  }

  /// Without the nonce in front.
  static func ccm(
    _ key: SM4.CCMKey, nonce: [UInt8], associated: [UInt8], _ plaintext: [UInt8]
  ) throws -> [UInt8] {
    let made = try nonce.withUnsafeBytes { try SM4.Nonce($0) }
    let sealed = try plaintext.withUnsafeBytes { plaintext in
      try associated.withUnsafeBytes { try key.seal(plaintext, authenticating: $0, nonce: made) }
    }
    return Array(sealed.dropFirst(nonce.count))
  }

  /// Without the initial vector in front.
  static func cbc(_ secret: SecretBytes, path: SM4.Path?, vector: [UInt8], _ text: [UInt8]) throws -> [UInt8] {
    let key = try SM4.Unauthenticated.CBCKey(secret, random: RandomSource { _ in vector }, path: path)
    return Array(try key.encrypt(text).dropFirst(SM4.blockByteCount))
  }
}

extension RandomSource {
  /// The same bytes in every run.
  static func seeded(_ seed: UInt64) -> RandomSource {
    let random = SharedRandom(seed: seed)
    return RandomSource { random.bytes($0) }
  }
}
