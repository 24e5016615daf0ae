import Guomi
import PKCS11
import Vault

/// The key-encryption keys in the token: AES-256, made there, never leaving it.
struct MasterKeys: Sendable {
  let token: PKCS11Token

  var serialNumber: String { token.info.serialNumber }

  /// Makes a key, or finds the one that an earlier attempt left behind before its row was committed: nothing can be
  /// wrapped under that yet.
  func make(_ label: String) throws(VaultError) {
    do throws(PKCS11Error) { try token.generateKey(label: label) } catch {
      guard case .keyExists = error else { throw VaultError(error) }
    }
  }

  func wrap(_ secret: SecretBytes, under label: String, associated: [UInt8]) throws(VaultError) -> [UInt8] {
    let result = secret.withUnsafeBytes { bytes in
      Result { () throws(PKCS11Error) in try token.seal(bytes, key: label, associated: associated) }
    }
    do { return try result.get() } catch { throw VaultError(error) }
  }

  func unwrap(_ wrapped: [UInt8], under label: String, associated: [UInt8]) throws(VaultError) -> SecretBytes {
    do throws(PKCS11Error) {
      return try token.open(wrapped, key: label, associated: associated) { SecretBytes(copying: $0) }
    } catch {
      throw VaultError(error)
    }
  }

  /// Destroys a key; one that is not there any more is no error.
  func destroy(_ label: String) throws(VaultError) {
    do throws(PKCS11Error) { try token.destroyKey(label: label) } catch {
      guard case .keyMissing = error else { throw VaultError(error) }
    }
  }

  func random(_ count: Int) throws(VaultError) -> [UInt8] {
    do throws(PKCS11Error) { return try token.random(count) } catch { throw VaultError(error) }
  }
}

extension VaultError {
  init(_ error: PKCS11Error) {
    self = switch error {
    case .tokenGone, .notLoggedIn, .tokenUnknown, .keyMissing: .tokenGone
    case .notAuthentic: .notAuthentic
    case .cannotWrite: .storeFull
    case .busy: .busy
    case .pinWrong: .refused(code: "vault.pinWrong", detail: "The token does not take the PIN.")
    case .pinLocked: .refused(code: "vault.pinLocked", detail: "The token's PIN is locked.")
    case .moduleUnusable, .noFreeSlot, .pinUnfit, .keyExists, .tooLarge, .failed:
      .refused(code: "vault.token", detail: "\(error).")
    }
  }
}
