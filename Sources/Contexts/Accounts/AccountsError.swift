package import Kernel

/// Why a use case of the accounts did not do it.
package enum AccountsError: UseCaseError, Hashable {
  case denied(Permission)
  case store(StoreFailure)
  /// Name or password is wrong; which one is not said.
  case signInFailed
  case locked(retryAfterSeconds: Int)
  /// From this address.
  case tooManyAttempts(retryAfterSeconds: Int)
  /// Too many sign-ins at once.
  case busy
  /// Only a person that signed in may do this.
  case notAPerson
  /// The present password is wrong.
  case passwordWrong
  case passwordWeak(String)
  case nameTaken(String)
  case fieldInvalid(field: String, problem: String)
  case accountUnknown
  case sessionUnknown
  case keyUnknown
  /// A key shall do what its maker may not.
  case permissionsExceed(Set<Permission>)
  /// The account is the last active administrator of its organisation.
  case lastAdministrator
  /// There are accounts already.
  case alreadySetUp
  case tooMany(String, max: Int)
  /// The record changed since it was read.
  case stale(current: Int64)
  case cursorInvalid

  package init(_ denied: Denied) { self = .denied(denied.permission) }
  package init(_ failure: StoreFailure) { self = .store(failure) }

  package var kind: ErrorKind {
    switch self {
    case .denied, .notAPerson, .permissionsExceed: .denied
    case .store(.broken): .broken
    case .store, .busy: .unavailable
    case .signInFailed: .unauthenticated
    case .locked(let seconds), .tooManyAttempts(let seconds): .limited(retryAfterSeconds: seconds)
    case .passwordWrong, .passwordWeak, .fieldInvalid, .cursorInvalid: .invalid
    case .nameTaken, .lastAdministrator, .alreadySetUp, .tooMany: .conflict
    case .accountUnknown, .sessionUnknown, .keyUnknown: .notFound
    case .stale: .stale
    }
  }
}
