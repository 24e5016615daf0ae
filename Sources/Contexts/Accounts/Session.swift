package import Kernel

/// One sign-in that has not ended (会话). Its token is known to the browser only; here is its hash.
package struct Session: Sendable, Hashable {
  package let id: ID<Session>
  package let account: ID<Principal>
  package let organisation: ID<Organisation>
  package let openedAt: Instant
  /// To within `AccountsLimits.usedEverySeconds`.
  package internal(set) var usedAt: Instant
  /// The end, however much it is used.
  package let expiresAt: Instant
  /// From where it was opened.
  package let address: String
}

/// A session just opened.
package struct OpenedSession: Sendable {
  package let session: Session
  package let principal: Principal
  /// Goes into the browser's cookie and nowhere else.
  package let token: String
  /// How long the browser may keep it.
  package let secondsMax: Int
}

/// How long things live and how many there may be.
package struct AccountsLimits: Sendable {
  /// A session ends when it was not used for so long.
  package var idleSeconds: Int64 = 12 * 3_600
  /// A session ends after so long in any case.
  package var absoluteSeconds: Int64 = 7 * 24 * 3_600
  /// Use is written down this often, not at every request.
  package var usedEverySeconds: Int64 = 60
  /// The most sessions an account has; one more ends the oldest.
  package var sessionsMax = 20
  /// The most accounts an organisation has.
  package var accountsMax = 10_000
  /// The most API keys an organisation has that are not revoked.
  package var keysMax = 1_000

  package init() {}
}
