package import Kernel

/// What was done to a thing.
package enum AuditVerb: String, Sendable, Codable, CaseIterable {
  case create
  /// Sealed data was opened; needs a reason.
  case read
  case update
  case delete
  /// Anything else that a person answers for: an alarm taken, a door unlocked, a log exported.
  case act
}

/// How it ended.
package enum AuditOutcome: String, Sendable, Codable, CaseIterable {
  case done
  /// A permission or a second verification was missing.
  case refused
  case failed
}

/// What more there is to say, under a short name.
package struct AuditDetail: Sendable, Hashable {
  /// In small letters: `name`, `phone`.
  package let name: String
  package let value: String
  /// Whose data the value is: an account's or a resident's id. nil for what is nobody's.
  package let subject: String?
  /// Whether it enters the log as a commitment only, so that it can be erased.
  package let isPersonal: Bool

  /// What may stand in the log for good.
  package static func plain(_ name: String, _ value: String) -> AuditDetail {
    AuditDetail(name: name, value: value, subject: nil, isPersonal: false)
  }

  /// Personal data: it can be erased later, and the log's proofs stay whole.
  ///
  /// - Parameter subject: whose data; erasure goes by it.
  package static func personal(_ name: String, _ value: String, of subject: String) -> AuditDetail {
    AuditDetail(name: name, value: value, subject: subject, isPersonal: true)
  }
}

/// Something that somebody answers for, as a use case tells it to the audit log: `unit.audit(event)`.
package struct AuditEvent: Sendable {
  /// The most details of an event.
  package static let detailsMax = 24
  /// The most characters of a reason or a detail; more is cut.
  package static let textCharactersMax = 1_000
  /// The most characters of a kind, a resource's id and a detail's name; more is a fault of the program.
  package static let nameCharactersMax = 200

  package let organisation: ID<Organisation>
  package let principal: ID<Principal>
  package let principalKind: Principal.Kind
  /// The principal's name at the time.
  package let principalName: String
  package let origin: Origin
  package let verb: AuditVerb
  /// What kind of thing: `estate.room`.
  package let kind: String
  /// Which one: its id's text. No personal data.
  package let resource: String
  package let outcome: AuditOutcome
  /// Why, in the principal's own words.
  package let reason: String?
  package let details: [AuditDetail]

  /// - Parameters:
  ///   - organisation: whose data it is; nil for the principal's own organisation.
  ///   - reason: needed when sealed data is read.
  package init(
    _ verb: AuditVerb, _ kind: String, _ resource: String, by principal: Principal,
    organisation: ID<Organisation>? = nil, outcome: AuditOutcome = .done, reason: String? = nil,
    details: [AuditDetail] = []
  ) {
    self.organisation = organisation ?? principal.organisation
    self.principal = principal.id
    principalKind = principal.kind
    principalName = principal.name
    origin = principal.origin
    self.verb = verb
    self.kind = kind
    self.resource = resource
    self.outcome = outcome
    self.reason = reason
    self.details = details
  }

  /// - Throws: `AuditError.reasonMissing`, or `.eventInvalid` for what only a fault of the program can bring.
  func check() throws(AuditError) {
    let isReasoned = reason?.contains { !$0.isWhitespace } == true
    guard verb != .read || isReasoned else { throw .reasonMissing }
    guard details.count <= Self.detailsMax else { throw .eventInvalid("more than \(Self.detailsMax) details") }
    guard Set(details.map(\.name)).count == details.count else { throw .eventInvalid("two details of one name") }
    for name in [kind, resource] + details.map(\.name) {
      guard (1...Self.nameCharactersMax).contains(name.count) else {
        throw .eventInvalid("a kind, resource or detail's name of \(name.count) characters")
      }
    }
  }
}

/// Why the audit log did not do it.
package enum AuditError: UseCaseError, Hashable {
  case denied(Denied)
  case store(StoreFailure)
  /// Sealed data is opened with a reason only.
  case reasonMissing
  case eventInvalid(String)
  case entryUnknown
  case cursorInvalid
  case fieldInvalid(field: String, problem: String)
  /// Nothing is signed yet that holds the entry.
  case notSealedYet
  /// More entries than one file may hold.
  case tooMany(max: Int)
  /// What is stored contradicts itself: see `anju audit check`.
  case damaged(String)

  package init(_ denied: Denied) { self = .denied(denied) }
  package init(_ failure: StoreFailure) { self = .store(failure) }

  package var kind: ErrorKind {
    switch self {
    case .denied: .denied
    case .store(.broken), .damaged, .eventInvalid: .broken
    case .store, .notSealedYet: .unavailable
    case .entryUnknown: .notFound
    case .reasonMissing, .cursorInvalid, .fieldInvalid: .invalid
    case .tooMany: .tooLarge
    }
  }

  package var code: String {
    switch self {
    case .denied(let denied): denied.code
    case .store(.full): "store.full"
    case .store(.unavailable): "store.unavailable"
    case .store(.broken): "store.broken"
    case .reasonMissing: "audit.reasonMissing"
    case .eventInvalid: "audit.eventInvalid"
    case .entryUnknown: "auditEntry.unknown"
    case .cursorInvalid: "cursor.invalid"
    case .fieldInvalid: "audit.fieldInvalid"
    case .notSealedYet: "audit.notSealedYet"
    case .tooMany: "audit.tooMany"
    case .damaged: "audit.damaged"
    }
  }

  package var reason: String {
    switch self {
    case .denied(let denied): denied.reason
    case .store(.full): "The disk is full."
    case .store(.unavailable): "The store is busy."
    case .store(.broken): "The store failed."
    case .reasonMissing: "Sealed data is opened with a reason only."
    case .eventInvalid(let problem): "The event cannot be written: \(problem)."
    case .entryUnknown: "There is no such entry."
    case .cursorInvalid: "The cursor was not given by this list."
    case .fieldInvalid(let field, let problem): "\(field) \(problem)."
    case .notSealedYet: "No signed checkpoint holds the entry yet."
    case .tooMany(let max): "More than \(max) entries."
    case .damaged(let what): "The stored log contradicts itself: \(what)."
    }
  }

  package var remedy: String {
    switch self {
    case .denied(let denied): denied.remedy
    case .store(.full): "Free disk space; the operator is told."
    case .store(.unavailable): "Try again in a few seconds."
    case .store(.broken): "Tell the operator; the log has the details."
    case .reasonMissing: "Say why."
    case .eventInvalid: "Tell the maker."
    case .entryUnknown: "Check its number; another organisation's are not shown."
    case .cursorInvalid: "Begin again without a cursor."
    case .fieldInvalid: "Correct the field."
    case .notSealedYet: "Try again in a minute."
    case .tooMany: "Ask for a shorter time or fewer things."
    case .damaged: "Run anju audit check, and compare with the copies of the checkpoints."
    }
  }
}
