package import Kernel

/// What a person asks of whoever processes their data (个人信息主体请求).
package struct PrivacyRequest: Sendable, Hashable {
  /// What is asked.
  ///
  /// - Source: GB/T 35273, chapter 8; PIPL, articles 44 to 48.
  package enum Kind: String, Sendable, Codable, CaseIterable {
    /// A copy of everything.
    case export
    case correction
    /// Everything, and the account.
    case erasure
    /// Nothing more is done with the data than to keep it.
    case restriction
  }

  /// How far a request has come.
  package enum State: String, Sendable, Codable, CaseIterable {
    /// It is not sure whose request it is.
    case received
    /// The person was recognised; a decision is due, or the work waits to begin.
    case verified
    case running
    /// Approved, and stopped by a legal hold.
    case held
    case done
    case refused
    case withdrawn

    package var isOpen: Bool { self != .done && self != .refused && self != .withdrawn }
  }

  package let id: ID<PrivacyRequest>
  package let subject: DataSubject
  package let kind: Kind
  package internal(set) var state: State
  package let receivedAt: Instant
  package let deadlineAt: Instant
  package internal(set) var doneAt: Instant?
  /// Why it was refused, or what a decision said.
  package internal(set) var reason: String
  /// 0 to 100.
  package internal(set) var progress: Int
  package internal(set) var version: Int64

  /// Whether it should have been answered by now.
  package func isLate(at now: Instant) -> Bool { state.isOpen && now >= deadlineAt }

  /// Moves on, or says why not.
  mutating func move(to next: State, at now: Instant) throws(PrivacyError) {
    let allowed: Set<State> =
      switch state {
      case .received: [.verified, .refused, .withdrawn]
      case .verified: [.running, .held, .done, .refused, .withdrawn]
      case .running: [.held, .done]
      case .held: [.running, .refused, .withdrawn]
      case .done, .refused, .withdrawn: []
      }
    guard allowed.contains(next) else { throw .stateWrong(state: state.rawValue) }
    state = next
    version += 1
    if !next.isOpen {
      doneAt = now
      if next == .done { progress = 100 }
    }
  }
}

/// A request to be.
package struct NewPrivacyRequest: Sendable {
  package var kind: PrivacyRequest.Kind
  /// What should stand where, for a correction: field key and value.
  package var field: String?
  package var value: String?
  /// In the person's own words.
  package var note: String
  /// One text a request: the same again answers with the first one.
  package var idempotencyKey: String?

  package init(
    kind: PrivacyRequest.Kind, field: String? = nil, value: String? = nil, note: String = "",
    idempotencyKey: String? = nil
  ) {
    self.kind = kind
    self.field = field
    self.value = value
    self.note = note
    self.idempotencyKey = idempotencyKey
  }

  static let textCharactersMax = 1_000

  func check() throws(PrivacyError) {
    for (name, text) in [("field", field ?? ""), ("value", value ?? ""), ("note", note)]
    where text.count > Self.textCharactersMax {
      throw .fieldInvalid(field: name, problem: "must have at most \(Self.textCharactersMax) characters")
    }
    if kind == .correction {
      guard let field, !field.isEmpty else { throw .fieldInvalid(field: "field", problem: "is missing") }
      guard let value, !value.isEmpty else { throw .fieldInvalid(field: "value", problem: "is missing") }
    }
    if let key = idempotencyKey, !(1...128).contains(key.count) {
      throw .fieldInvalid(field: "Idempotency-Key", problem: "must have 1 to 128 characters")
    }
  }
}

/// One step of a request's life.
package struct PrivacyRequestStep: Sendable, Hashable {
  /// `received`, `verified`, `approved`, `running`, `held`, `erased`, `done`, `refused`, `withdrawn`, `linked`,
  /// `fetched`.
  package let act: String
  package let at: Instant
  /// nil for the platform.
  package let by: String?
  package let note: String
}

/// A request with all that is known of it.
package struct PrivacyRequestDetail: Sendable, Hashable {
  package let request: PrivacyRequest
  package let steps: [PrivacyRequestStep]
  /// The content of a correction, until it is done.
  package let field: String?
  package let value: String?
  package let note: String
  /// The holds that stand on the person now.
  package let holds: [LegalHold]
  /// What an erasure did, context by context.
  package let erased: [ErasedContext]
  /// Until when a copy can be fetched.
  package let exportUntil: Instant?
}

/// What an erasure did in one context: the proof that stays, without the data.
package struct ErasedContext: Sendable, Hashable {
  package let context: String
  /// nil while it waits.
  package let doneAt: Instant?
  package let rows: Int
  /// Keys of the policy's reasons for what had to stay.
  package let kept: [String]
}

/// A legal hold (法律保留): nothing of the person's is erased while it stands.
package struct LegalHold: Sendable, Hashable {
  package let id: ID<LegalHold>
  package let subject: ID<DataSubject>
  /// Why, in a sentence that the person may read.
  package let reason: String
  /// The law or the letter it rests on.
  package let basis: String
  package let placedBy: String
  package let placedAt: Instant
  /// When it ends by itself; nil for never.
  package let until: Instant?
  package internal(set) var releasedAt: Instant?

  package func stands(at now: Instant) -> Bool { releasedAt == nil && (until.map { $0 > now } ?? true) }
}
