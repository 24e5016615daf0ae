package import Kernel

/// Why a use case of alarms did not do it.
package enum AlarmsError: UseCaseError, Hashable {
  case denied(Permission)
  case store(StoreFailure)
  case alarmUnknown
  case alreadyAcknowledged(by: String)
  case alreadyClosed
  /// The device has not said that it is back to normal.
  case notReset
  case noteMissing
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
    case .alarmUnknown: .notFound
    case .alreadyAcknowledged, .alreadyClosed, .notReset: .conflict
    case .stale: .stale
    case .noteMissing, .fieldInvalid, .cursorInvalid: .invalid
    }
  }

  package var code: String {
    switch self {
    case .denied: "permission.missing"
    case .store(.full): "store.full"
    case .store(.unavailable): "store.unavailable"
    case .store(.broken): "store.broken"
    case .alarmUnknown: "alarm.unknown"
    case .alreadyAcknowledged: "alarm.alreadyAcknowledged"
    case .alreadyClosed: "alarm.alreadyClosed"
    case .notReset: "alarm.notReset"
    case .noteMissing: "alarm.noteMissing"
    case .fieldInvalid: "alarm.fieldInvalid"
    case .stale: "alarm.stale"
    case .cursorInvalid: "cursor.invalid"
    }
  }

  package var reason: String {
    switch self {
    case .denied(let permission): "The permission \(permission.rawValue) is missing."
    case .store(.full): "The disk is full."
    case .store(.unavailable): "The store is busy."
    case .store(.broken): "The store failed."
    case .alarmUnknown: "There is no such alarm."
    case .alreadyAcknowledged(let name): "\(name) has taken the alarm already."
    case .alreadyClosed: "The alarm is closed."
    case .notReset: "The device has not said that it is back to normal."
    case .noteMissing: "Closing an alarm needs a note on how it ended."
    case .fieldInvalid(let field, let problem): "\(field) \(problem)."
    case .stale(let current): "The alarm changed; it is at version \(current) now."
    case .cursorInvalid: "The cursor was not given by this list."
    }
  }

  package var remedy: String {
    switch self {
    case .denied: "Ask an administrator for it."
    case .store(.full): "Free disk space; the operator is told."
    case .store(.unavailable): "Try again in a few seconds."
    case .store(.broken): "Tell the operator; the log has the details."
    case .alarmUnknown: "Check its id; another organisation's are not shown."
    case .alreadyAcknowledged: "Speak with that person; nothing is left to do here."
    case .alreadyClosed: "If it happens again, a new alarm is raised by itself."
    case .notReset: "Reset the device first; if it can not say so, close the alarm without reset and note why."
    case .noteMissing: "Write what was found and done."
    case .fieldInvalid: "Correct the field."
    case .stale: "Read it again and repeat."
    case .cursorInvalid: "Begin again without a cursor."
    }
  }
}
