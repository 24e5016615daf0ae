package import Kernel
package import Vault

/// Why a use case of identity certificates did not do it.
package enum IdentitiesError: UseCaseError, Hashable {
  case denied(Denied)
  case store(StoreFailure)
  case authorityUnknown
  /// The organisation has no authority of this chain yet.
  case authorityMissing(IdentityChain)
  case authorityExists(IdentityChain)
  /// The key service has no key for the authority: two custodians have to approve one.
  case authorityKeyMissing(IdentityChain, generation: Int = 1)
  /// The authority cannot do this where it stands in the succession.
  case authorityState(IdentityAuthority.State)
  /// So many of its certificates have not ended.
  case authorityInUse(count: Int)
  /// The key service did not sign, for its own reason.
  case keyService(VaultError)
  /// What the key service signed is not signed with the authority's key.
  case signatureWrong
  case certificateUnknown
  /// The request is not signed with the key it names.
  case requestForged
  case requestInvalid(problem: String)
  case requestTooLarge
  /// The request asks for another name than the certificate is to have.
  case requestMismatch(field: String)
  /// Another certificate that has not ended has this key.
  case keyInUse
  case revoked
  case expired
  /// The clock stands before the authority's certificate begins.
  case authorityNotYetValid
  /// The certificate would end after its authority's.
  case outlivesAuthority
  case tooMany(max: Int)
  case cursorInvalid
  case fieldInvalid(field: String, problem: String)

  package init(_ denied: Denied) { self = .denied(denied) }
  package init(_ failure: StoreFailure) { self = .store(failure) }

  package var kind: ErrorKind {
    switch self {
    case .denied: .denied
    case .store(.broken), .signatureWrong: .broken
    case .store: .unavailable
    case .keyService(let error): error.kind
    case .authorityUnknown, .certificateUnknown: .notFound
    case .authorityMissing, .authorityExists, .authorityKeyMissing, .authorityNotYetValid, .authorityState,
      .authorityInUse, .keyInUse, .revoked, .expired, .outlivesAuthority, .tooMany:
      .conflict
    case .requestTooLarge: .tooLarge
    case .requestForged, .requestInvalid, .requestMismatch, .cursorInvalid, .fieldInvalid: .invalid
    }
  }

  package var code: String { words.code }
  package var reason: String { words.reason }
  package var remedy: String { words.remedy }
}

extension IdentitiesError {
  private var words: (code: String, reason: String, remedy: String) {
    switch self {
    case .denied(let denied): (denied.code, denied.reason, denied.remedy)
    case .store(.full): ("store.full", "The disk is full.", "Free disk space; the operator is told.")
    case .store(.unavailable): ("store.unavailable", "The store is busy.", "Try again in a few seconds.")
    case .store(.broken): ("store.broken", "The store failed.", "Tell the operator; the log has the details.")
    case .keyService(let error): (error.code, error.reason, error.remedy)
    case .cursorInvalid: ("cursor.invalid", "The cursor was not given by this list.", "Begin again without a cursor.")
    case .fieldInvalid(let field, let problem):
      ("identity.fieldInvalid", "\(field) \(problem).", "Mend the field and send it again.")
    case .authorityUnknown, .authorityMissing, .authorityExists, .authorityKeyMissing, .authorityNotYetValid,
      .authorityState, .authorityInUse, .signatureWrong:
      authorityWords
    default: certificateWords
    }
  }

  private var authorityWords: (code: String, reason: String, remedy: String) {
    switch self {
    case .authorityUnknown:
      ("identityAuthority.unknown", "There is no such authority.", "Compare the id with the list of authorities.")
    case .authorityMissing(let chain):
      (
        "identityAuthority.missing", "The organisation has no authority for \(chain.rawValue) yet.",
        "The security officer establishes it."
      )
    case .authorityExists(let chain):
      ("identityAuthority.exists", "There is an authority for \(chain.rawValue).", "Use the one that is there.")
    case .authorityKeyMissing(let chain, let generation):
      (
        "identityAuthority.keyMissing", "The key service has no key for the \(chain.rawValue) authority.",
        "A custodian proposes it, two others approve: anju vault propose ca organisation=ID "
          + "purpose=\(chain.purpose(generation: generation)) algorithm=\(chain.algorithm)"
      )
    case .authorityState(let state):
      (
        "identityAuthority.state", "The authority is \(state.rawValue): this is not done with it.",
        "Compare with the list of authorities: next takes over, issuing gets a successor, superseded is retired."
      )
    case .authorityInUse(let count):
      (
        "identityAuthority.inUse", "\(count) certificates of the authority have not ended.",
        "Renew them from the authority that issues now, and wait for the last to end."
      )
    case .authorityNotYetValid:
      (
        "identityAuthority.notYetValid", "The authority's certificate begins later than now.",
        "Set the server's clock right: anju doctor says what is wrong with it."
      )
    default:
      (
        "identityAuthority.signatureWrong", "The key service signed with another key than the authority's.",
        "Ask the key custodians whether the authority's key was replaced; nothing was issued."
      )
    }
  }

  private var certificateWords: (code: String, reason: String, remedy: String) {
    switch self {
    case .certificateUnknown:
      ("identityCertificate.unknown", "There is no such certificate.", "Compare the id with the list.")
    case .requestForged:
      (
        "identityRequest.forged", "The request is not signed with the key that it names.",
        "Whoever holds the key makes the request; ask them for it again, on a way that nobody else writes on."
      )
    case .requestInvalid(let problem):
      ("identityRequest.invalid", "The request \(problem).", "Make it as docs/identity-certificates.md says.")
    case .requestTooLarge:
      (
        "identityRequest.tooLarge", "The request has more than \(Identities.requestBytesMax) bytes.",
        "Send the PKCS #10 request alone."
      )
    case .requestMismatch(let field):
      (
        "identityRequest.mismatch", "The request asks for another \(field) than was given.",
        "Compare with the third party: either the request or what was typed is not theirs."
      )
    case .keyInUse:
      (
        "identityRequest.keyInUse", "Another certificate that has not ended has this key.",
        "Renew that one, or ask for a request with a new key."
      )
    case .revoked: ("identityCertificate.revoked", "The certificate is revoked.", "Issue another, with a new key.")
    case .expired: ("identityCertificate.expired", "The certificate has ended.", "Issue another, from a new request.")
    case .outlivesAuthority:
      (
        "identityCertificate.outlivesAuthority", "The certificate would end after its authority's.",
        "Ask for fewer days, or have the security officer establish the authority that follows."
      )
    case .tooMany(let max):
      (
        "identityCertificate.tooMany", "The authority has \(max) certificates that have not ended.",
        "Revoking does not help: wait for the first to end, or use another organisation."
      )
    default: ("identity.failed", "The request failed.", "Tell the operator.")
    }
  }
}
