package import Kernel

/// Why a use case of the estate did not do it.
package enum EstateError: UseCaseError, Hashable {
  case denied(Permission)
  case store(StoreFailure)
  case projectUnknown
  case buildingUnknown
  case roomUnknown
  /// Another of the same kind has the name already.
  case nameTaken(String)
  case fieldInvalid(field: String, problem: String)
  /// The record changed since it was read.
  case stale(current: Int64)
  case cursorInvalid

  package init(_ denied: Denied) { self = .denied(denied.permission) }
  package init(_ failure: StoreFailure) { self = .store(failure) }

  package var kind: ErrorKind {
    switch self {
    case .denied: .denied
    case .store(.broken): .broken
    case .store: .unavailable
    case .projectUnknown, .buildingUnknown, .roomUnknown: .notFound
    case .nameTaken: .conflict
    case .stale: .stale
    case .fieldInvalid, .cursorInvalid: .invalid
    }
  }

  package var code: String {
    switch self {
    case .denied: "permission.missing"
    case .store(.full): "store.full"
    case .store(.unavailable): "store.unavailable"
    case .store(.broken): "store.broken"
    case .projectUnknown: "project.unknown"
    case .buildingUnknown: "building.unknown"
    case .roomUnknown: "room.unknown"
    case .nameTaken: "estate.nameTaken"
    case .fieldInvalid: "estate.fieldInvalid"
    case .stale: "estate.stale"
    case .cursorInvalid: "cursor.invalid"
    }
  }

  package var reason: String {
    switch self {
    case .denied(let permission): "The permission \(permission.rawValue) is missing."
    case .store(.full): "The disk is full."
    case .store(.unavailable): "The store is busy."
    case .store(.broken): "The store failed."
    case .projectUnknown: "There is no such project."
    case .buildingUnknown: "There is no such building."
    case .roomUnknown: "There is no such room."
    case .nameTaken(let name): "The name \(name) is taken here."
    case .fieldInvalid(let field, let problem): "\(field) \(problem)."
    case .stale(let current): "The record changed; it is at version \(current) now."
    case .cursorInvalid: "The cursor was not given by this list."
    }
  }

  package var remedy: String {
    switch self {
    case .denied: "Ask an administrator for it."
    case .store(.full): "Free disk space; the operator is told."
    case .store(.unavailable): "Try again in a few seconds."
    case .store(.broken): "Tell the operator; the log has the details."
    case .projectUnknown, .buildingUnknown, .roomUnknown: "Check its id; another organisation's are not shown."
    case .nameTaken: "Choose another name."
    case .fieldInvalid: "Correct the field."
    case .stale: "Read it again and repeat."
    case .cursorInvalid: "Begin again without a cursor."
    }
  }
}
