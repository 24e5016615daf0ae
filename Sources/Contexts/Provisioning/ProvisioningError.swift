package import Kernel

/// Why a use case of provisioning did not do it.
package enum ProvisioningError: UseCaseError, Hashable {
  case denied(Denied)
  case store(StoreFailure)
  case stationUnknown
  /// Blocked by a person: it may be in wrong hands.
  case stationBlocked
  case nameTaken(String)
  case lotUnknown
  /// It takes no more devices.
  case lotClosed
  /// No file was made of it.
  case fileUnknown
  /// Outside its time.
  case lotNotNow
  case quotaExceeded(Int)
  /// The request is not signed by the station, or not by the device it names.
  case requestForged
  case requestInvalid(problem: String)
  /// The device has a key; it must be retired first, by a person.
  case deviceHasKey(String)
  case keyUnknown
  /// What the device says of its key is not what was given to it.
  case checkValueWrong
  case keyServiceUnavailable
  case keyServiceRefused
  case fieldInvalid(field: String, problem: String)

  package init(_ denied: Denied) { self = .denied(denied) }
  package init(_ failure: StoreFailure) { self = .store(failure) }

  package var kind: ErrorKind {
    switch self {
    case .denied, .stationBlocked, .requestForged: .denied
    case .store(.broken), .keyServiceRefused: .broken
    case .store, .keyServiceUnavailable: .unavailable
    case .stationUnknown, .lotUnknown, .keyUnknown, .fileUnknown: .notFound
    case .nameTaken, .lotClosed, .lotNotNow, .quotaExceeded, .deviceHasKey, .checkValueWrong: .conflict
    case .requestInvalid, .fieldInvalid: .invalid
    }
  }

  package var code: String { words.code }
  package var reason: String { words.reason }
  package var remedy: String { words.remedy }
}

extension ProvisioningError {
  private var words: (code: String, reason: String, remedy: String) {
    switch self {
    case .denied(let denied): (denied.code, denied.reason, denied.remedy)
    case .store(.full): ("store.full", "The disk is full.", "Free disk space; the operator is told.")
    case .store(.unavailable): ("store.unavailable", "The store is busy.", "Try again in a few seconds.")
    case .store(.broken): ("store.broken", "The store failed.", "Tell the operator; the log has the details.")
    case .stationUnknown: ("station.unknown", "There is no such station.", "Compare the id with the list of stations.")
    case .stationBlocked:
      ("station.blocked", "The station is blocked.", "Ask the security officer why before it is used again.")
    case .nameTaken(let name): ("station.nameTaken", "A station is called \(name) already.", "Take another name.")
    case .lotUnknown: ("lot.unknown", "There is no such lot.", "Compare the id with the station's lots.")
    case .lotClosed: ("lot.closed", "The lot is closed: it takes no more devices.", "Open another lot.")
    case .fileUnknown:
      ("lot.fileUnknown", "No file was made of this lot.", "Make it; what was made before this was kept is lost.")
    case .lotNotNow:
      ("lot.notNow", "The lot is not good at this time.", "Compare the station's clock with the lot's time.")
    case .quotaExceeded(let quota):
      ("lot.quotaExceeded", "The lot's \(quota) devices have their keys.", "Open another lot if that is right.")
    default: requestWords
    }
  }

  private var requestWords: (code: String, reason: String, remedy: String) {
    switch self {
    case .requestForged:
      ("request.forged", "The station, or the device, did not sign this request.", "Compare the station's key.")
    case .requestInvalid(let problem):
      ("request.invalid", "The request \(problem).", "Write it as docs/device-keys.md says.")
    case .deviceHasKey(let name):
      ("device.hasKey", "The device \(name) has a key.", "Retire that key first, or look for a device sold twice.")
    case .keyUnknown: ("deviceKey.unknown", "The device has no key of this platform.", "Provision it first.")
    case .checkValueWrong:
      ("deviceKey.wrong", "The device has another key than it was given.", "Provision the device anew.")
    case .keyServiceUnavailable:
      ("vault.unavailable", "The key service does not answer.", "Try again; look at anju vault status.")
    case .keyServiceRefused:
      ("vault.refused", "The key service refused.", "Its log says why; anju vault status shows the root keys.")
    case .fieldInvalid(let field, let problem):
      ("provisioning.fieldInvalid", "\(field) \(problem).", "Mend the field and send it again.")
    default: ("provisioning.failed", "The request failed.", "Tell the operator.")
    }
  }
}
