import Crypto
import Guomi

/// The secret that opens the key service: the token's PIN follows from it. It lies in a file, or in the custodians'
/// shares and nowhere else.
package enum SealKey {
  package static let bytes = 32

  /// The PIN of whoever uses the token's keys.
  static func userPIN(_ seal: SecretBytes) -> SecretBytes { pin(seal, "ANJU-PIN-USER-1") }
  /// The PIN of the token's security officer.
  static func officerPIN(_ seal: SecretBytes) -> SecretBytes { pin(seal, "ANJU-PIN-OFFICER-1") }

  /// Tells a wrong secret before the token counts it as a wrong PIN.
  static func checkValue(_ seal: SecretBytes) -> [UInt8] { code(seal, "ANJU-SEAL-CHECK-1") }

  /// 32 hexadecimal digits, 128 bits: what every token takes.
  private static func pin(_ seal: SecretBytes, _ label: String) -> SecretBytes {
    let digits = Array("0123456789abcdef".utf8)
    let code = code(seal, label)
    return SecretBytes(count: 32) { pin in
      for (index, byte) in code.enumerated() {
        pin[2 * index] = digits[Int(byte >> 4)]
        pin[2 * index + 1] = digits[Int(byte & 15)]
      }
    }
  }

  private static func code(_ seal: SecretBytes, _ label: String) -> [UInt8] {
    seal.withUnsafeBytes { bytes in
      Array(HMAC<SHA256>.authenticationCode(for: Array(label.utf8), using: SymmetricKey(data: bytes)).prefix(16))
    }
  }
}
