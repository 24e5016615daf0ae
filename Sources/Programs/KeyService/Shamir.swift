package import Guomi
import Kernel

/// Shares of a secret: any so many of them give it back, fewer say nothing about it. One polynomial a byte over
/// GF(2^8), without tables, so that its time does not depend on the secret.
///
/// - Source: A. Shamir, "How to share a secret", 1979.
package enum Shamir {
  /// One custodian's part.
  package struct Share: Sendable, Equatable {
    /// Where the polynomials were evaluated, 1 to 255; printed on the share.
    package let number: UInt8
    package let bytes: SecretBytes

    package init(number: UInt8, bytes: SecretBytes) {
      self.number = number
      self.bytes = bytes
    }
  }

  /// - Parameters:
  ///   - count: how many shares, `threshold` to 16.
  ///   - threshold: how many are needed, 2 to 16.
  /// - Throws: what the random source throws.
  package static func split(
    _ secret: SecretBytes, count: Int, threshold: Int, random: RandomSource
  ) throws(RandomFailure) -> [Share] {
    precondition((2...16).contains(threshold) && (threshold...16).contains(count), "2 to 16 shares")
    // The coefficients of x, x² …, one row after the other.
    let coefficients = try random.secret((threshold - 1) * secret.count)
    return (1...UInt8(count)).map { number in
      Share(number: number, bytes: evaluate(secret, coefficients, threshold, at: number))
    }
  }

  private static func evaluate(
    _ secret: SecretBytes, _ coefficients: SecretBytes, _ threshold: Int, at x: UInt8
  ) -> SecretBytes {
    SecretBytes(count: secret.count) { output in
      secret.withUnsafeBytes { secret in
        coefficients.withUnsafeBytes { coefficients in
          for index in 0..<secret.count {
            // Horner's rule from the highest power down.
            var value: UInt8 = 0
            for power in (0..<(threshold - 1)).reversed() {
              value = multiply(value ^ coefficients[power * secret.count + index], x)
            }
            output[index] = value ^ secret[index]
          }
        }
      }
    }
  }

  /// Puts shares together: the value of the polynomials at 0.
  ///
  /// - Returns: nil when shares are of different lengths, have the same number, or the number 0. Too few shares, or a
  ///   wrong one, give a wrong secret: the caller checks it.
  package static func combine(_ shares: [Share]) -> SecretBytes? {
    guard let first = shares.first, shares.allSatisfy({ $0.bytes.count == first.bytes.count && $0.number != 0 }),
      Set(shares.map(\.number)).count == shares.count
    else { return nil }
    return SecretBytes(count: first.bytes.count) { output in
      for share in shares {
        // Lagrange: the product of x_j / (x_j - x_i); minus is plus here.
        var weight: UInt8 = 1
        for other in shares where other.number != share.number {
          weight = multiply(weight, multiply(other.number, inverse(other.number ^ share.number)))
        }
        share.bytes.withUnsafeBytes { bytes in
          for index in 0..<bytes.count { output[index] ^= multiply(weight, bytes[index]) }
        }
      }
    }
  }

  /// The product modulo x⁸ + x⁴ + x³ + x + 1, in eight steps whatever the factors.
  static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
    var (left, right, product): (UInt8, UInt8, UInt8) = (left, right, 0)
    for _ in 0..<8 {
      product ^= left & (0 &- (right & 1))
      let carry = 0 &- (left >> 7)
      left = left << 1 ^ carry & 0x1b
      right >>= 1
    }
    return product
  }

  /// a^254, which is 1/a; 0 for 0.
  static func inverse(_ value: UInt8) -> UInt8 {
    var (square, result): (UInt8, UInt8) = (value, 1)
    for _ in 0..<7 {
      square = multiply(square, square)
      result = multiply(result, square)
    }
    return result
  }
}

extension Shamir.Share {
  /// As it is printed for a custodian: number, bytes and a check of four bytes, in groups of four hexadecimal digits.
  package var text: String {
    bytes.withUnsafeBytes { bytes in
      let all = [number] + bytes + Self.check([number] + bytes)
      let digits = all.hexadecimal
      return stride(from: 0, to: digits.count, by: 4).map { start in
        let from = digits.index(digits.startIndex, offsetBy: start)
        return String(digits[from..<(digits.index(from, offsetBy: 4, limitedBy: digits.endIndex) ?? digits.endIndex)])
      }.joined(separator: "-")
    }
  }

  /// Reads what `text` gave.
  ///
  /// - Returns: nil for a typing error.
  package init?(text: String) {
    var all: [UInt8] = []
    var high: UInt8?
    for character in text where character != "-" && !character.isWhitespace {
      guard let digit = character.hexDigitValue else { return nil }
      if let pending = high {
        all.append(pending << 4 | UInt8(digit))
        high = nil
      } else {
        high = UInt8(digit)
      }
    }
    guard high == nil, all.count > 5, all.count <= 4 + 1 + 64, all[0] != 0,
      Array(all.suffix(4)) == Self.check(all.dropLast(4))
    else { return nil }
    var bytes = Array(all[1..<(all.count - 4)])
    self.init(number: all[0], bytes: SecretBytes(taking: &bytes))
  }

  /// Against typing errors, not against anybody: CRC-32 (IEEE 802.3).
  private static func check(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var remainder: UInt32 = .max
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder >> 1 ^ (0xedb8_8320 & (0 &- (remainder & 1))) }
    }
    remainder = ~remainder
    return (0..<4).map { UInt8(truncatingIfNeeded: remainder >> (24 - 8 * UInt32($0))) }
  }
}
