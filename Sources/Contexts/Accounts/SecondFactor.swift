import Guomi
package import Kernel
import Vault

/// The secret that an account's owner has on a device too (第二因素).
struct SecondFactor: Sendable, Hashable {
  let account: ID<Principal>
  let organisation: ID<Organisation>
  let algorithm: TOTP.Algorithm
  let sealed: Sealed<SecretBytes, Sensitive>
  let madeAt: Instant
  /// Nil until a code was shown: only then does it count.
  var confirmedAt: Instant?
  /// The last step that was used; no code of it or before is taken again.
  var lastStep: Int64
  var lockout: Lockout
}

/// How an account's second factor stands, without its secret.
package struct SecondFactorState: Sendable, Hashable {
  /// Since when there is one; nil for none.
  package let since: Instant?
  package let recoveryCodesLeft: Int
}

/// A second factor to be: shown once, to be put into a phone's program.
package struct SecondFactorOffer: Sendable {
  /// `otpauth://totp/…`, for a QR code.
  package let address: String
  /// The secret in Base32, for typing.
  package let secret: String
}
