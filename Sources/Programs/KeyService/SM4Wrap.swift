import Guomi
import Vault

/// Wrapping under the vault's SM4 key-encryption key.
enum SM4Wrap {
  static func wrap(
    _ secret: SecretBytes, under key: SecretBytes, associated: [UInt8], random: RandomSource
  ) throws(VaultError) -> [UInt8] {
    do throws(SM4.Failure) {
      return try SM4.GCMKey(key, random: random).seal(secret, authenticating: associated)
    } catch {
      throw .refused(code: "vault.random", detail: "The random generator is out of order.")
    }
  }

  static func unwrap(
    _ wrapped: [UInt8], under key: SecretBytes, associated: [UInt8], random: RandomSource
  ) throws(VaultError) -> SecretBytes {
    do throws(SM4.Failure) {
      return try SM4.GCMKey(key, random: random).openSecret(wrapped, authenticating: associated)
    } catch {
      throw .notAuthentic
    }
  }
}
