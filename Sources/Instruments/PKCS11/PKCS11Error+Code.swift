import CPKCS11

extension PKCS11Error {
  /// What a return value means wherever it appears; nil for success.
  ///
  /// - Source: PKCS #11 v2.40, section 5.1.
  init?(_ code: CK_RV, in function: String) {
    switch code {
    case CKR_OK: return nil
    case CKR_PIN_INCORRECT, CKR_PIN_INVALID: self = .pinWrong
    case CKR_PIN_LOCKED, CKR_PIN_EXPIRED: self = .pinLocked
    case CKR_PIN_LEN_RANGE, CKR_PIN_TOO_WEAK: self = .pinUnfit
    case CKR_USER_NOT_LOGGED_IN: self = .notLoggedIn
    case CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, CKR_SESSION_CLOSED,
      CKR_SESSION_HANDLE_INVALID, CKR_SLOT_ID_INVALID:
      self = .tokenGone
    case CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE: self = .notAuthentic
    case CKR_SESSION_COUNT: self = .busy
    case CKR_DEVICE_MEMORY, CKR_TOKEN_WRITE_PROTECTED, CKR_SESSION_READ_ONLY: self = .cannotWrite
    default: self = .failed(function: function, code: UInt(code))
    }
  }

  static func check(_ code: CK_RV, _ function: String) throws(PKCS11Error) {
    if let error = PKCS11Error(code, in: function) { throw error }
  }
}

extension PKCS11Error {
  /// The module's table lacks a function.
  static func missing(_ function: String) -> PKCS11Error {
    .failed(function: function, code: UInt(CKR_FUNCTION_NOT_SUPPORTED))
  }
}
