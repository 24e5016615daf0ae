package import Kernel

/// Why a sealed value could not be made or opened. Whatever happens, nothing is written in the clear.
package enum VaultError: UseCaseError, Hashable {
  /// The key service does not answer: it is down, or its socket was cut off.
  case unreachable(String)
  /// The key service runs, and waits for its custodians.
  case sealed
  /// The key service's token is gone, or is another one.
  case tokenGone
  /// The key service could not do it now; trying again helps.
  case busy
  /// The key service could not write its store or its own log, and therefore refused.
  case storeFull
  /// The ciphertext, its tag, or the place it stands in is not what was sealed.
  case notAuthentic
  /// The ciphertext was made in a way this program does not know.
  case unknownSuite(UInt8)
  /// Bytes that are no sealed value.
  case malformed
  case keyUnknown
  /// The key may not open any more: disabled, waiting for its destruction, or destroyed.
  case keyUnusable(state: String)
  /// The person's record key was destroyed: the value is gone for good.
  case erased
  /// Opening needs a reason of 1 to 500 characters.
  case reasonMissing
  /// The audit entry could not be written, so that nothing was opened.
  case auditFailed
  /// Beyond a limit.
  case tooLarge(bytes: Int, max: Int)
  /// The key service refused: its code and words.
  case refused(code: String, detail: String)
  case denied(Denied)
  case store(StoreFailure)

  package init(_ denied: Denied) { self = .denied(denied) }
  package init(_ failure: StoreFailure) { self = .store(failure) }

  package var kind: ErrorKind {
    switch self {
    case .unreachable, .sealed, .tokenGone, .busy, .storeFull, .auditFailed: .unavailable
    case .notAuthentic, .unknownSuite, .malformed, .keyUnknown: .broken
    case .keyUnusable, .refused: .conflict
    case .erased: .notFound
    case .reasonMissing: .invalid
    case .tooLarge: .tooLarge
    case .denied: .denied
    case .store(let failure): failure == .unavailable ? .unavailable : .broken
    }
  }

  package var code: String {
    switch self {
    case .unreachable: "vault.unreachable"
    case .sealed: "vault.sealed"
    case .tokenGone: "vault.tokenGone"
    case .busy: "vault.busy"
    case .storeFull: "vault.storeFull"
    case .notAuthentic: "vault.notAuthentic"
    case .unknownSuite: "vault.unknownSuite"
    case .malformed: "vault.malformed"
    case .keyUnknown: "vault.keyUnknown"
    case .keyUnusable: "vault.keyUnusable"
    case .erased: "vault.erased"
    case .reasonMissing: "vault.reasonMissing"
    case .auditFailed: "vault.auditFailed"
    case .tooLarge: "vault.tooLarge"
    case .refused(let code, _): code
    case .denied(let denied): denied.code
    case .store: "store.failed"
    }
  }

  package var reason: String {
    switch self {
    case .unreachable(let why): "The key service does not answer: \(why)."
    case .sealed: "The key service is sealed."
    case .tokenGone: "The key service's token is gone, or is another one."
    case .busy: "The key service is busy."
    case .storeFull: "The key service cannot write its store or its log, and so does nothing."
    case .notAuthentic: "The sealed value, or the place it stands in, was changed."
    case .unknownSuite(let suite): "The sealed value is of suite \(suite), which this program does not know."
    case .malformed: "The bytes are no sealed value."
    case .keyUnknown: "The key service does not know the value's key."
    case .keyUnusable(let state): "The value's key is \(state)."
    case .erased: "The value was erased for good."
    case .reasonMissing: "Opening a sealed value needs a reason of 1 to 500 characters."
    case .auditFailed: "The audit entry could not be written, so that nothing was opened."
    case .tooLarge(let bytes, let max): "\(bytes) bytes are more than \(max)."
    case .refused(_, let detail): detail
    case .denied(let denied): denied.reason
    case .store: "The store could not do it."
    }
  }

  package var remedy: String {
    switch self {
    case .unreachable: "Start anju-vault, or look into its log; then try again."
    case .sealed: "Three custodians run `anju vault unseal`."
    case .tokenGone: "Put the token back, or restore a backup into a new one."
    case .busy: "Try again."
    case .storeFull: "Make room on the key service's disk."
    case .notAuthentic, .malformed: "Compare with a backup of the business store; the audit log shows who wrote it."
    case .unknownSuite: "Open it with the version of Anju that wrote it, or a newer one."
    case .keyUnknown: "Restore the key service's backup that has this key."
    case .keyUnusable: "A custodian can enable a disabled key with two approvals."
    case .erased: "There is none: that is the meaning of erasure."
    case .reasonMissing: "Say why."
    case .auditFailed: "Make room on the disk; then try again."
    case .tooLarge: "Store it in pieces."
    case .refused: "See docs/key-service.md."
    case .denied(let denied): denied.remedy
    case .store: "Try again; the details are in the log."
    }
  }
}
