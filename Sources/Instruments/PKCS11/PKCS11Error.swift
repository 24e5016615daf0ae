/// Why a token did not do what it was asked.
public enum PKCS11Error: Error, Sendable, Hashable {
  /// The module's file cannot be loaded, or is no PKCS #11 module.
  case moduleUnusable(path: String, reason: String)
  /// No token of that label or serial number is there.
  case tokenUnknown(String)
  /// No slot has room for a new token.
  case noFreeSlot
  case pinWrong
  /// The token takes no PIN any more; its security officer must set a new one.
  case pinLocked
  /// Too short, too long or of characters the token does not take.
  case pinUnfit
  /// Nobody is logged in, or the token forgot it.
  case notLoggedIn
  /// It was removed, or initialised anew: what was open is void.
  case tokenGone
  /// The token has no key of that label.
  case keyMissing(String)
  /// The token has a key of that label already.
  case keyExists(String)
  /// The ciphertext, its tag or the associated data are not what was sealed. SoftHSM2 2.6.1 says CKR_GENERAL_ERROR for
  /// this, so that an inner failure of such a module looks the same.
  case notAuthentic
  /// Beyond a limit of this library.
  case tooLarge(bytes: Int, max: Int)
  /// Too many sessions are open.
  case busy
  /// The token's memory or disk is full, or it may not be written.
  case cannotWrite
  /// Anything else, with the value of the standard.
  case failed(function: String, code: UInt)
}

extension PKCS11Error: CustomStringConvertible {
  public var description: String {
    switch self {
    case .moduleUnusable(let path, let reason): "the PKCS #11 module \(path) cannot be used: \(reason)"
    case .tokenUnknown(let name): "there is no token \(name)"
    case .noFreeSlot: "no slot has room for a new token"
    case .pinWrong: "the token's PIN is wrong"
    case .pinLocked: "the token's PIN is locked"
    case .pinUnfit: "the token does not take a PIN like this"
    case .notLoggedIn: "nobody is logged in to the token"
    case .tokenGone: "the token is gone or was initialised anew"
    case .keyMissing(let label): "the token has no key \(label)"
    case .keyExists(let label): "the token already has a key \(label)"
    case .notAuthentic: "the ciphertext or what it is bound to was changed"
    case .tooLarge(let bytes, let max): "\(bytes) bytes are more than \(max)"
    case .busy: "the token has no session free"
    case .cannotWrite: "the token cannot be written"
    case .failed(let function, let code): "\(function) answered 0x\(String(code, radix: 16))"
    }
  }
}
