package import Kernel

/// Why a use case of devices did not do it.
package enum DevicesError: UseCaseError, Hashable {
  case denied(Permission)
  /// The permission is there; what is missing is a second verification, or who could give it.
  case unproven(Denied)
  case store(StoreFailure)
  /// No such device, or not of this organisation.
  case deviceUnknown
  case modelUnknown(String)
  case commandUnknown
  case certificateUnknown
  /// A device of this name exists; names are unique on the platform.
  case nameTaken(String)
  case modelTaken(String)
  /// A JSON pointer and what is wrong there.
  case modelInvalid(path: String, problem: String)
  case nameInvalid(String)
  case fieldInvalid(field: String, problem: String)
  case serviceUnknown(String)
  case propertyUnknown(String)
  case propertyReadOnly(String)
  case argumentInvalid(name: String, problem: String)
  case deadlineInvalid
  /// The key was used for another command.
  case idempotencyKeyReused
  case decommissioned
  /// The record changed since it was read.
  case stale(current: Int64)
  case requestInvalid(problem: String)
  case fileUnreadable(problem: String)
  case fileTooLarge(limit: Int)
  case cursorInvalid
  case rangeInvalid(problem: String)
  /// Too many commands wait for this device.
  case tooManyCommands(limit: Int)

  package init(_ denied: Denied) {
    self = denied.missing == .permission ? .denied(denied.permission) : .unproven(denied)
  }
  package init(_ failure: StoreFailure) { self = .store(failure) }
}

extension DevicesError {
  package var kind: ErrorKind {
    switch self {
    case .denied, .unproven: .denied
    case .store(let failure): failure == .broken ? .broken : .unavailable
    case .deviceUnknown, .modelUnknown, .commandUnknown, .certificateUnknown: .notFound
    case .nameTaken, .modelTaken, .idempotencyKeyReused, .decommissioned: .conflict
    case .stale: .stale
    case .fileTooLarge: .tooLarge
    case .tooManyCommands: .limited(retryAfterSeconds: 60)
    case .modelInvalid, .nameInvalid, .fieldInvalid, .serviceUnknown, .propertyUnknown, .propertyReadOnly,
      .argumentInvalid, .deadlineInvalid, .requestInvalid, .fileUnreadable, .cursorInvalid, .rangeInvalid:
      .invalid
    }
  }

  package var code: String { words.code }
  package var reason: String { words.reason }
  package var remedy: String { words.remedy }
}
