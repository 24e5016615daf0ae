package import Kernel

/// Why a use case of the accounts did not do it.
package enum AccountsError: UseCaseError, Hashable {
  case denied(Permission)
  /// The permission is there; what is missing is a second verification, or who could give it.
  case unproven(Denied)
  case store(StoreFailure)
  /// The place where secrets are sealed does not answer.
  case sealed
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
  init(_ failure: SecretBoxFailure) { self = failure == .unavailable ? .sealed : .store(.broken) }

  package var kind: ErrorKind {
    switch self {
    case .denied, .unproven, .notAPerson, .permissionsExceed, .ownAccount, .signInIncomplete: .denied
    case .store(.broken): .broken
    case .store, .busy, .sealed: .unavailable
    case .signInFailed: .unauthenticated
    case .locked(let seconds), .tooManyAttempts(let seconds): .limited(retryAfterSeconds: seconds)
    case .passwordWrong, .passwordWeak, .codeWrong, .resetRefused, .fieldInvalid, .cursorInvalid: .invalid
    case .nameTaken, .dutiesExclude, .officeHeld, .lastAdministrator, .alreadySetUp, .tooMany, .factorExists,
      .factorMissing, .notInvited, .messengerMissing:
      .conflict
    case .accountUnknown, .assignmentUnknown, .sessionUnknown, .keyUnknown, .resetUnknown: .notFound
    case .stale: .stale
    }
  }
}
