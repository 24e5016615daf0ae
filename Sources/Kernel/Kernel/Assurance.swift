/// How sure the platform is of who asks.
package struct Assurance: Sendable, Hashable {
  /// How long a second verification stands for the sensitive operations after it.
  package static let freshSeconds: Int64 = 5 * 60

  /// When the second factor was last shown in this session; nil when it was not.
  package let secondFactorAt: Instant?
  /// Whether the account has one to show.
  package let hasSecondFactor: Bool

  /// A session opened with the password only.
  package static func password(hasSecondFactor: Bool) -> Assurance {
    Assurance(secondFactorAt: nil, hasSecondFactor: hasSecondFactor)
  }

  /// A session in which the second factor was shown at that moment.
  package static func secondFactor(at moment: Instant) -> Assurance {
    Assurance(secondFactorAt: moment, hasSecondFactor: true)
  }

  /// An API key, or nobody who could show a second factor.
  package static let none = Assurance(secondFactorAt: nil, hasSecondFactor: false)

  private init(secondFactorAt: Instant?, hasSecondFactor: Bool) {
    self.secondFactorAt = secondFactorAt
    self.hasSecondFactor = hasSecondFactor
  }

  /// Whether the second factor was shown in the last `freshSeconds`. A moment after `now` does not count: the clock
  /// was set back.
  package func isFresh(at now: Instant) -> Bool {
    guard let secondFactorAt else { return false }
    return (0..<Self.freshSeconds * 1_000_000).contains(now.microseconds(since: secondFactorAt))
  }
}

/// From where somebody asks; for the audit log.
package struct Origin: Sendable, Hashable {
  /// The peer's address without its port; empty for the platform itself.
  package let address: String
  /// What the client says it is, at most 256 bytes; empty when it says nothing.
  package let agent: String

  package init(address: String, agent: String) {
    self.address = String(address.prefix(64))
    self.agent = String(decoding: agent.utf8.prefix(256), as: UTF8.self)
  }

  /// The platform acting on its own.
  package static let platform = Origin(address: "", agent: "")
}
