package import Kernel

/// One line of the consent ledger (同意台账): added, never changed.
package struct ConsentEntry: Sendable, Hashable {
  /// Given or taken back.
  package enum Act: String, Sendable, Codable, CaseIterable {
    case grant
    case withdraw
  }

  /// Whose will it was.
  package enum By: String, Sendable, Codable, CaseIterable {
    case oneself
    case guardian
    /// The platform: the person's data was erased.
    case erasure
  }

  /// Its place in the person's ledger, from 1.
  package let number: Int64
  package let purpose: String
  /// Of the text that was shown.
  package let version: Int
  package let act: Act
  package let by: By
  /// Who sent it: the person, the guardian, or the staff member before whom it was said.
  package let principal: ID<Principal>
  package let at: Instant
  /// In which language the text was shown: `zh-CN`, `en`.
  package let language: String
  /// `console`, `api`, `counter`.
  package let channel: String
  /// The address it came from; nil once that was erased.
  package let address: String?
}

/// What holds now for one purpose.
package struct ConsentState: Sendable, Hashable {
  package let purpose: Purpose
  /// The grant that holds; nil when none does.
  package let granted: ConsentEntry?
  /// The last withdrawal, when no grant holds.
  package let withdrawn: ConsentEntry?

  /// Whether the purpose may be pursued by consent now. A grant of an older text holds on for what that text said.
  package var isGranted: Bool { granted != nil }

  /// Whether the text has changed since: ask again.
  package var isOutdated: Bool { granted.map { $0.version < purpose.current.version } ?? false }

  /// The state that a ledger leads to, worked out from its lines alone.
  ///
  /// - Parameter entries: in the order of their numbers.
  package static func derive(_ purposes: [Purpose], from entries: [ConsentEntry]) -> [ConsentState] {
    var last: [String: ConsentEntry] = [:]
    for entry in entries { last[entry.purpose] = entry }
    return purposes.filter { $0.basis == .consent }.map { purpose in
      let entry = last[purpose.key]
      return ConsentState(
        purpose: purpose, granted: entry?.act == .grant ? entry : nil,
        withdrawn: entry?.act == .withdraw ? entry : nil)
    }
  }
}

/// What is said when consent is given or withdrawn.
package struct ConsentWill: Sendable {
  package var purpose: String
  /// Of the text that was shown; not needed to withdraw.
  package var version: Int?
  package var act: ConsentEntry.Act
  /// Whether the person agreed to this purpose by itself, by an act of their own.
  package var isExplicit: Bool
  package var language: String
  package var channel: String

  package init(
    _ act: ConsentEntry.Act, _ purpose: String, version: Int? = nil, isExplicit: Bool = false, language: String,
    channel: String
  ) {
    self.purpose = purpose
    self.version = version
    self.act = act
    self.isExplicit = isExplicit
    self.language = language
    self.channel = channel
  }
}

/// Who has to consent for a child, and until when.
///
/// - Source: PIPL, article 31: a guardian's consent under 14. GB/T 35273, 5.4 d: from 14 on one's own or a guardian's.
package struct Wardship: Sendable, Hashable {
  package let subject: ID<DataSubject>
  package let guardian: ID<DataSubject>
  /// The day on which the child is 14.
  package let childUntil: LocalDate
  /// The day on which the child is 18.
  package let minorUntil: LocalDate

  /// Whether only the guardian's consent counts on that day.
  package func needsGuardian(on day: LocalDate) -> Bool { day < childUntil }
  /// Whether the guardian may consent on that day.
  package func mayGuardian(on day: LocalDate) -> Bool { day < minorUntil }
}
