package import Kernel

/// Why a use case of the accounts did not do it.
package enum AccountsError: UseCaseError, Hashable {
  case denied(Permission)
  /// The permission is there; what is missing is a second verification, or who could give it.
  case unproven(Denied)
  case store(StoreFailure)
  /// The key service does not answer: nothing sealed is opened or written.
  case sealed
  /// The key service does not answer, so that no code of a second factor can be checked.
  case factorSealed
  /// A sealed value does not open: it, its place or its key is not what it was. The vault's code.
  case unreadable(String)
  /// Name or password is wrong; which one is not said.
  case signInFailed
  /// The second factor, or a password of one's own, comes first.
  case signInIncomplete
  case locked(retryAfterSeconds: Int)
  /// From this address, or for this name.
  case tooManyAttempts(retryAfterSeconds: Int)
  /// Too many sign-ins at once.
  case busy
  /// Only a person that signed in may do this.
  case notAPerson
  /// The present password is wrong.
  case passwordWrong
  case passwordWeak(PasswordFault)
  /// The code is wrong, or was used before.
  case codeWrong
  case factorExists
  case factorMissing
  /// Less than two proofs, or a token that is unknown, over or tried too often; which is not said.
  case resetRefused
  case resetUnknown
  /// The account has a password already.
  case notInvited
  /// The account has no such contact.
  case contactMissing
  /// Nothing carries codes to people.
  case messengerMissing
  case nameTaken(String)
  case fieldInvalid(field: String, problem: String)
  case accountUnknown
  case assignmentUnknown
  case sessionUnknown
  case keyUnknown
  /// The account has another duty, which excludes this role.
  case dutiesExclude(Role)
  /// Somebody holds the office; who appoints officers decides on a second one.
  case officeHeld(Role)
  /// It is one's own account, on which another must act.
  case ownAccount
  /// A key shall do what its maker may not.
  case permissionsExceed(Set<Permission>)
  /// The account is the last active system administrator of its organisation.
  case lastAdministrator
  /// There are accounts already.
  case alreadySetUp
  case tooMany(String, max: Int)
  /// The record changed since it was read.
  case stale(current: Int64)
  case cursorInvalid

  package init(_ denied: Denied) {
    self = denied.missing == .permission ? .denied(denied.permission) : .unproven(denied)
  }
  package init(_ failure: StoreFailure) { self = .store(failure) }

  package var kind: ErrorKind {
    switch self {
    case .denied, .unproven, .notAPerson, .permissionsExceed, .ownAccount, .signInIncomplete: .denied
    case .store(.broken), .unreadable: .broken
    case .store, .busy, .sealed, .factorSealed: .unavailable
    case .signInFailed: .unauthenticated
    case .locked(let seconds), .tooManyAttempts(let seconds): .limited(retryAfterSeconds: seconds)
    case .passwordWrong, .passwordWeak, .codeWrong, .resetRefused, .fieldInvalid, .cursorInvalid: .invalid
    case .nameTaken, .dutiesExclude, .officeHeld, .lastAdministrator, .alreadySetUp, .tooMany, .factorExists,
      .factorMissing, .notInvited, .messengerMissing:
      .conflict
    case .accountUnknown, .assignmentUnknown, .sessionUnknown, .keyUnknown, .resetUnknown, .contactMissing:
      .notFound
    case .stale: .stale
    }
  }
}
