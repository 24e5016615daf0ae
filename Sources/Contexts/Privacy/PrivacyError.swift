package import Kernel

/// Why a use case of privacy did not do it.
package enum PrivacyError: UseCaseError, Hashable {
  case denied(Denied)
  case store(StoreFailure)
  case purposeUnknown
  /// The text shown is not the current one.
  case textOutdated(current: Int)
  /// The purpose does not rest on consent: there is nothing to give or withdraw.
  case notByConsent
  /// Sensitive data needs a consent of its own, said explicitly.
  case notExplicit
  case guardianNeeded
  /// There is nothing to withdraw.
  case notGiven
  case requestUnknown
  /// Nothing is held about such a person.
  case personUnknown
  case holdUnknown
  case holdReleased
  /// The request cannot do that in its present state.
  case stateWrong(state: String)
  case requestOpen
  /// Whose request it is has not been checked.
  case identityUnchecked
  /// The person's record was erased.
  case erased
  case linkEnded
  case exportTooLarge
  case keysUnavailable
  /// A sealed value does not open: it, or the place it stands in, was changed.
  case unreadable
  case keyReused
  case stale(current: Int64)
  case fieldInvalid(field: String, problem: String)
  case cursorInvalid
  case tooMany(max: Int)

  package init(_ denied: Denied) { self = .denied(denied) }
  package init(_ failure: StoreFailure) { self = .store(failure) }

  package var kind: ErrorKind {
    switch self {
    case .denied: .denied
    case .store(.broken), .unreadable: .broken
    case .store, .keysUnavailable: .unavailable
    case .purposeUnknown, .requestUnknown, .personUnknown, .holdUnknown, .linkEnded: .notFound
    case .textOutdated, .notByConsent, .notGiven, .holdReleased, .stateWrong, .requestOpen, .identityUnchecked, .erased,
      .keyReused, .tooMany:
      .conflict
    case .notExplicit, .guardianNeeded, .fieldInvalid, .cursorInvalid: .invalid
    case .exportTooLarge: .tooLarge
    case .stale: .stale
    }
  }

  package var code: String {
    switch self {
    case .denied(let denied): denied.code
    case .store(.full): "store.full"
    case .store(.unavailable): "store.unavailable"
    case .store(.broken): "store.broken"
    case .purposeUnknown: "purpose.unknown"
    case .textOutdated: "consent.textOutdated"
    case .notByConsent: "consent.notByConsent"
    case .notExplicit: "consent.notExplicit"
    case .guardianNeeded: "consent.guardianNeeded"
    case .notGiven: "consent.notGiven"
    case .requestUnknown: "request.unknown"
    case .personUnknown: "person.unknown"
    case .holdUnknown: "hold.unknown"
    case .holdReleased: "hold.released"
    case .stateWrong: "privacyRequest.stateWrong"
    case .requestOpen: "privacyRequest.alreadyOpen"
    case .identityUnchecked: "privacyRequest.identityUnchecked"
    case .erased: "privacy.erased"
    case .linkEnded: "exportLink.ended"
    case .exportTooLarge: "privacy.exportTooLarge"
    case .keysUnavailable: "privacy.keysUnavailable"
    case .unreadable: "privacy.unreadable"
    case .keyReused: "idempotency.keyReused"
    case .stale: "privacyRequest.stale"
    case .fieldInvalid: "privacy.fieldInvalid"
    case .cursorInvalid: "cursor.invalid"
    case .tooMany: "privacy.tooMany"
    }
  }
}

extension PrivacyError {
  package var reason: String {
    switch self {
    case .denied(let denied): denied.reason
    case .store(.full): "The disk is full."
    case .store(.unavailable): "The store is busy."
    case .store(.broken): "The store failed."
    case .purposeUnknown: "There is no such purpose."
    case .textOutdated(let current): "The text has changed; version \(current) is shown now."
    case .notByConsent: "The purpose does not rest on consent."
    case .notExplicit: "Sensitive personal information needs a separate, explicit consent."
    case .guardianNeeded: "The person is a child under 14: a guardian has to consent."
    case .notGiven: "No consent is given, so none can be withdrawn."
    case .requestUnknown: "There is no such request."
    case .personUnknown: "Nothing is held about such a person."
    case .holdUnknown: "There is no such hold."
    case .holdReleased: "The hold was released already."
    case .stateWrong(let state): "The request is \(state): that cannot be done now."
    case .requestOpen: "A request of this kind is open already."
    case .identityUnchecked: "Whose request it is has not been checked."
    case .erased: "The person's data was erased."
    case .linkEnded: "The link has ended or never was."
    case .exportTooLarge: "The copy is larger than one file may be."
    case .keysUnavailable: "The key service does not answer, so that the person's data cannot be opened."
    case .unreadable: "What was sealed does not open: it was changed, or its key is gone."
    case .keyReused: "The Idempotency-Key was used for another request."
    case .stale(let current): "The request changed; it is at version \(current) now."
    case .fieldInvalid(let field, let problem): "\(field) \(problem)."
    case .cursorInvalid: "The cursor was not given by this list."
    case .tooMany(let max): "There are \(max) already."
    }
  }

  package var remedy: String {
    switch self {
    case .denied(let denied): denied.remedy
    case .store(.full): "Free disk space; the operator is told."
    case .store(.unavailable): "Try again in a few seconds."
    case .keysUnavailable: "Try again in a minute; the operator looks at anju vault status."
    case .store(.broken), .unreadable: "Tell the operator; the log has the details."
    case .purposeUnknown: "Compare with the list of purposes."
    case .textOutdated: "Show the current text, and ask again."
    case .notByConsent: "Object with a request for restriction or erasure instead."
    case .notExplicit: "Show the purpose by itself, and send isExplicit once the person has agreed to it alone."
    case .guardianNeeded: "Let the guardian consent, signed in as such or before a member of staff."
    case .notGiven: "Nothing is left to do."
    case .requestUnknown, .personUnknown, .holdUnknown: "Check its id; another organisation's are not shown."
    case .holdReleased: "Place a new one if it is needed."
    case .stateWrong: "Read the request again."
    case .requestOpen: "Follow that one, or withdraw it first."
    case .identityUnchecked: "Show the second factor, or let the staff check the person's document."
    case .erased: "Nothing can be stored for this person any more."
    case .linkEnded: "Make a new one at the request."
    case .exportTooLarge: "Ask the staff for the copy in parts."
    case .keyReused: "Send a fresh key for each new request."
    case .stale: "Read it again and repeat."
    case .fieldInvalid: "Correct the field."
    case .cursorInvalid: "Begin again without a cursor."
    case .tooMany: "End one of them first."
    }
  }
}
