import Crypto
import Foundation
import Guomi
package import Kernel

/// Codes that change every thirty seconds, made from a secret that the person's device has too.
///
/// - Source: RFC 6238 and RFC 4226.
package enum TOTP {
  /// The hash that is used. Many programs of phones know the first only.
  package enum Algorithm: String, Sendable, CaseIterable {
    case sha1 = "SHA1"
    case sha256 = "SHA256"

    /// As long as the hash, as RFC 6238 recommends.
    var secretBytes: Int { self == .sha1 ? 20 : 32 }
  }

  package static let periodSeconds: Int64 = 30
  package static let digits = 6
  /// How many steps a phone's clock may be off, either way.
  static let windowSteps: Int64 = 1

  /// The number of the half minute.
  package static func step(at now: Instant) -> Int64 {
    now.microseconds / (periodSeconds * 1_000_000)
  }

  package static func code(
    _ secret: [UInt8], step: Int64, _ algorithm: Algorithm, digits: Int = digits
  ) -> String {
    secret.withUnsafeBytes { Self.code($0, step: step, algorithm, digits: digits) }
  }

  private static func code(
    _ secret: UnsafeRawBufferPointer, step: Int64, _ algorithm: Algorithm, digits: Int = digits
  ) -> String {
    let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> Int64(8 * (7 - $0))) }
    let hash: [UInt8] =
      switch algorithm {
      case .sha1: authenticationCode(Insecure.SHA1.self, secret, counter)
      case .sha256: authenticationCode(SHA256.self, secret, counter)
      }
    let offset = Int(hash[hash.count - 1] & 15)
    let number = hash[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
    var power: UInt32 = 1
    for _ in 0..<digits { power *= 10 }
    let text = String(number % power)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// HMAC with the padded key in wiped memory: swift-crypto's own leaves it in arrays that are freed as they are.
  ///
  /// - Parameter secret: not longer than a block of the hash.
  /// - Source: RFC 2104.
  private static func authenticationCode<Hash: HashFunction>(
    _: Hash.Type, _ secret: UnsafeRawBufferPointer, _ message: [UInt8]
  ) -> [UInt8] {
    precondition(secret.count <= Hash.blockByteCount, "a secret is as long as its hash")
    func half(_ pad: UInt8, _ rest: [UInt8]) -> [UInt8] {
      let block = SecretBytes(count: Hash.blockByteCount) { bytes in
        for index in 0..<bytes.count { bytes[index] = pad ^ (index < secret.count ? secret[index] : 0) }
      }
      var hash = Hash()
      block.withUnsafeBytes { hash.update(bufferPointer: $0) }
      hash.update(data: rest)
      return Array(hash.finalize())
    }
    return half(0x5c, half(0x36, message))
  }

  /// The step whose code it is, within the window; nil when there is none. All are compared, in a time that tells
  /// nothing.
  static func step(
    of code: String, _ secret: UnsafeRawBufferPointer, _ algorithm: Algorithm, at now: Instant
  ) -> Int64? {
    let current = step(at: now)
    var found: Int64?
    for step in current - windowSteps...current + windowSteps {
      let right = Self.code(secret, step: step, algorithm)
      if Secrets.isEqual(Array(right.utf8), Array(code.utf8)) { found = step }
    }
    return found
  }

  /// What a phone's program reads, mostly as a QR code.
  ///
  /// - Source: the Key Uri Format that such programs share.
  static func address(_ secret: some Collection<UInt8>, _ algorithm: Algorithm, account: String) -> String {
    var allowed = CharacterSet.alphanumerics
    allowed.insert(charactersIn: "-._~")
    let name = account.addingPercentEncoding(withAllowedCharacters: allowed) ?? account
    return "otpauth://totp/Anju:\(name)?secret=\(base32(secret))&issuer=Anju&algorithm=\(algorithm.rawValue)"
      + "&digits=\(digits)&period=\(periodSeconds)"
  }

  /// Without padding.
  ///
  /// - Source: RFC 4648, section 6.
  package static func base32(_ bytes: some Collection<UInt8>) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
    var text: [UInt8] = []
    var (bits, count) = (0, 0)
    for byte in bytes {
      bits = bits << 8 | Int(byte)
      count += 8
      while count >= 5 {
        count -= 5
        text.append(letters[bits >> count & 31])
      }
      bits &= 1 << count - 1
    }
    if count > 0 { text.append(letters[bits << (5 - count) & 31]) }
    return String(decoding: text, as: UTF8.self)
  }
}
