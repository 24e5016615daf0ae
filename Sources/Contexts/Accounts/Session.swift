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
  /// What the browser said it was.
  package let agent: String
  /// When the second factor was last shown in it.
  package internal(set) var secondFactorAt: Instant?
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
  /// How long a session lives.
  package struct SessionTime: Sendable, Hashable {
    /// It ends when it was not used for so long.
    package var idleSeconds: Int64
    /// It ends after so long in any case.
    package var absoluteSeconds: Int64

    package init(idleSeconds: Int64, absoluteSeconds: Int64) {
      self.idleSeconds = idleSeconds
      self.absoluteSeconds = absoluteSeconds
    }
  }

  /// Of those who work here.
  package var staff = SessionTime(idleSeconds: 12 * 3_600, absoluteSeconds: 7 * 24 * 3_600)
  /// Of the four officers, law enforcement and authorities.
  package var officers = SessionTime(idleSeconds: 30 * 60, absoluteSeconds: 8 * 3_600)
  /// Of who is nothing but a tenant: a phone at home.
  package var tenants = SessionTime(idleSeconds: 30 * 24 * 3_600, absoluteSeconds: 90 * 24 * 3_600)
  /// Use is written down this often, not at every request.
  package var usedEverySeconds: Int64 = 60
  /// The most sessions an account has; one more ends the oldest.
  package var sessionsMax = 20
  /// The most accounts an organisation has.
  package var accountsMax = 10_000
  /// The most API keys an organisation has that are not revoked.
  package var keysMax = 1_000
  /// How long an invitation to choose a password is good.
  package var invitationSeconds: Int64 = 72 * 3_600
  /// How long a lost password may take to be replaced: somebody may have to approve it.
  package var resetSeconds: Int64 = 24 * 3_600
  /// How long a code that was sent is good, from the asking on.
  package var codeSeconds: Int64 = 10 * 60

  package init() {}

  /// The shortest of the roles' times.
  package func time(of roles: [Role]) -> SessionTime {
    let short: Set<Role> = [
      .systemAdministrator, .securityOfficer, .keyCustodian, .auditor, .enforcementOfficer, .housingAuthority,
    ]
    if roles.contains(where: short.contains) { return officers }
    return !roles.isEmpty && roles.allSatisfy { $0 == .tenant } ? tenants : staff
  }
}

extension Session {
  func isValid(at now: Instant, _ time: AccountsLimits.SessionTime) -> Bool {
    expiresAt > now && now.microseconds(since: usedAt) < time.idleSeconds * 1_000_000
  }
}
