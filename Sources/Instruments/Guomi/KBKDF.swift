internal import CGuomi

/// Keys from a key: SP 800-108 in counter mode with HMAC-SM3.
///
/// K(i) = HMAC-SM3(secret, i ‖ label ‖ 00 ‖ context ‖ L), i and L of 32 bits, L in bits.
public enum KBKDF {
  /// The most bytes of one derivation.
  public static let byteCountMax = 255 * SM3.byteCount

  /// - Parameters:
  ///   - label: what the key is for; without a zero byte, so that label and context can not run into each other.
  ///   - context: what it is bound to.
  ///   - byteCount: 1 to 8,160.
  public static func derive(
    secret: SecretBytes, label: some Collection<UInt8>, context: some Collection<UInt8>, byteCount: Int
  ) -> SecretBytes {
    derive(key: HMACSM3(key: secret), label: label, context: context, byteCount: byteCount)
  }

  /// The same with a key that was made ready before.
  public static func derive(
    key: HMACSM3, label: some Collection<UInt8>, context: some Collection<UInt8>, byteCount: Int
  ) -> SecretBytes {
    precondition((1...byteCountMax).contains(byteCount), "a derived key has 1 to \(byteCountMax) bytes")
    return withBytes(of: label) { label in
      withBytes(of: context) { context in
        SecretBytes(count: byteCount) { out in
          key.withKey { key in
            guomi_kbkdf(
              key, label.baseAddress, label.count, context.baseAddress, context.count,
              out.bindMemory(to: UInt8.self).baseAddress, UInt32(byteCount))
          }
        }
      }
    }
  }
}

/// Keys from a shared secret: HKDF with SM3.
///
/// - Source: RFC 5869.
public enum HKDFSM3 {
  /// The most bytes of one derivation.
  public static let byteCountMax = 255 * SM3.byteCount

  /// Makes a key of even quality from a secret that may have structure, as the result of a key agreement.
  ///
  /// - Parameter salt: may be empty.
  public static func extract(secret: SecretBytes, salt: some Collection<UInt8>) -> SecretBytes {
    extract(secret: secret, with: HMACSM3(publicKey: salt))
  }

  /// The same where the salt is a key itself.
  public static func extract(secret: SecretBytes, salt: SecretBytes) -> SecretBytes {
    extract(secret: secret, with: HMACSM3(key: salt))
  }

  private static func extract(secret: SecretBytes, with key: HMACSM3) -> SecretBytes {
    var authentication = HMACSM3.Authentication(key: key)
    authentication.update(secret)
    return authentication.secretTag()
  }

  /// - Parameters:
  ///   - key: of `extract`.
  ///   - info: what the key is for and bound to.
  ///   - byteCount: 1 to 8,160.
  public static func expand(_ key: SecretBytes, info: some Collection<UInt8>, byteCount: Int) -> SecretBytes {
    precondition((1...byteCountMax).contains(byteCount), "a derived key has 1 to \(byteCountMax) bytes")
    return withBytes(of: info) { info in
      SecretBytes(count: byteCount) { out in
        guard let base = out.bindMemory(to: UInt8.self).baseAddress else { return }
        HMACSM3(key: key).withKey { guomi_hkdf_expand($0, info.baseAddress, info.count, base, byteCount) }
      }
    }
  }

  /// Both steps.
  public static func derive(
    secret: SecretBytes, salt: some Collection<UInt8>, info: some Collection<UInt8>, byteCount: Int
  ) -> SecretBytes {
    expand(extract(secret: secret, salt: salt), info: info, byteCount: byteCount)
  }
}

/// The key derivation of GB/T 32918 (X9.63 with SM3): SM3(secret ‖ 1) ‖ SM3(secret ‖ 2) …
///
/// - Source: GB/T 32918.4-2016, 5.4.3.
public enum X963KDF {
  /// The most bytes of one derivation.
  public static let byteCountMax = 1 << 20

  /// - Parameter byteCount: 1 to 1,048,576.
  public static func derive(secret: SecretBytes, byteCount: Int) -> SecretBytes {
    precondition((1...byteCountMax).contains(byteCount), "a derived key has 1 to \(byteCountMax) bytes")
    return SecretBytes(count: byteCount) { out in
      secret.withUnsafeBytes { secret in
        guomi_x963(secret.baseAddress, secret.count, out.bindMemory(to: UInt8.self).baseAddress, byteCount)
      }
    }
  }
}
