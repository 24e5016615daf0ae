package import Kernel

/// The organisation exists.
package struct OrganisationFounded: JournalEvent, Hashable {
  package static let kind = "organisation.founded"
  package let organisation: ID<Organisation>
  package var subject: String { organisation.description }
}

/// An account exists.
package struct AccountCreated: JournalEvent, Hashable {
  package static let kind = "account.created"
  package let account: ID<Principal>
  /// Nil in entries of before there were two first accounts.
  package let by: ID<Principal>?
  package var subject: String { account.description }
}

/// Somebody changed an account's name or activity.
package struct AccountChanged: JournalEvent, Hashable {
  package static let kind = "account.changed"
  package let account: ID<Principal>
  package let isActive: Bool
  package let by: ID<Principal>
  package var subject: String { account.description }
}

/// An account may act in a role.
package struct RoleAssigned: JournalEvent, Hashable {
  package static let kind = "account.roleAssigned"
  package let assignment: ID<RoleAssignment>
  package let account: ID<Principal>
  package let role: Role
  package let scope: String
  package let place: String?
  package let until: Instant?
  package let by: ID<Principal>
  package var subject: String { account.description }

  init(_ assignment: RoleAssignment) {
    self.assignment = assignment.id
    account = assignment.account
    role = assignment.role
    scope = assignment.scope.kind
    place = assignment.scope.placeText
    until = assignment.until
    by = assignment.grantedBy
  }
}

/// An account may no longer act in a role.
package struct RoleRevoked: JournalEvent, Hashable {
  package static let kind = "account.roleRevoked"
  package let assignment: ID<RoleAssignment>
  package let account: ID<Principal>
  package let role: Role
  package let by: ID<Principal>
  package var subject: String { account.description }

  init(_ assignment: RoleAssignment, by principal: ID<Principal>) {
    self.assignment = assignment.id
    account = assignment.account
    role = assignment.role
    by = principal
  }
}

extension Scope {
  /// The id in words; nil for the organisation.
  package var placeText: String? {
    switch self {
    case .organisation: nil
    case .project(let id): id.description
    case .building(let id): id.description
    }
  }
}

/// A password was changed by its owner or set anew by an administrator.
package struct PasswordChanged: JournalEvent, Hashable {
  package static let kind = "account.passwordChanged"
  package let account: ID<Principal>
  package let by: ID<Principal>
  package var subject: String { account.description }
}

/// Somebody who gave an account's name lost its password; or an administrator invited its owner to choose the first.
package struct PasswordResetAsked: JournalEvent, Hashable {
  package static let kind = "account.passwordResetAsked"
  package let account: ID<Principal>
  package let isInvitation: Bool
  package var subject: String { account.description }
}

/// A member of the staff vouches for who asked for a new password.
package struct PasswordResetApproved: JournalEvent, Hashable {
  package static let kind = "account.passwordResetApproved"
  package let account: ID<Principal>
  package let by: ID<Principal>
  package var subject: String { account.description }
}

/// Name and password were right.
package struct SignedIn: JournalEvent, Hashable {
  package static let kind = "account.signedIn"
  package let account: ID<Principal>
  package let session: ID<Session>
  package var subject: String { account.description }
}

/// The password was wrong, or the account is not active.
package struct SignInFailed: JournalEvent, Hashable {
  package static let kind = "account.signInFailed"
  package let account: ID<Principal>
  package var subject: String { account.description }
}

/// Too many wrong passwords, or codes, in a row.
package struct AccountLocked: JournalEvent, Hashable {
  package static let kind = "account.locked"
  package let account: ID<Principal>
  package let until: Instant
  package var subject: String { account.description }
}

/// An administrator ended a lock.
package struct AccountUnlocked: JournalEvent, Hashable {
  package static let kind = "account.unlocked"
  package let account: ID<Principal>
  package let by: ID<Principal>
  package var subject: String { account.description }
}

/// The second factor was shown: at sign-in, or for a sensitive act.
package struct SecondFactorShown: JournalEvent, Hashable {
  package static let kind = "account.secondFactorShown"
  /// What was shown to get in.
  package enum Means: String, Sendable, Codable {
    case code
    case recoveryCode
  }
  package let account: ID<Principal>
  package let session: ID<Session>
  package let means: Means
  package var subject: String { account.description }
}

/// A code was wrong, or was shown before.
package struct SecondFactorFailed: JournalEvent, Hashable {
  package static let kind = "account.secondFactorFailed"
  package let account: ID<Principal>
  package var subject: String { account.description }
}

/// An account has a second factor, or has none any more, or new recovery codes.
package struct SecondFactorChanged: JournalEvent, Hashable {
  package static let kind = "account.secondFactorChanged"
  /// What became of the second factor.
  package enum Change: String, Sendable, Codable {
    case setUp
    case removed
    case recoveryCodesRenewed
  }
  package let account: ID<Principal>
  package let change: Change
  package let by: ID<Principal>
  package var subject: String { account.description }
}

/// A session was ended by its owner or an administrator.
package struct SessionEnded: JournalEvent, Hashable {
  package static let kind = "session.ended"
  package let session: ID<Session>
  package let account: ID<Principal>
  package var subject: String { account.description }
}

/// A system may ask with a new key.
package struct APIKeyMade: JournalEvent, Hashable {
  package static let kind = "apiKey.made"
  package let key: ID<APIKey>
  package let permissions: [Permission]
  package let by: ID<Principal>
  package var subject: String { key.description }
}

/// A key has a new secret.
package struct APIKeyRotated: JournalEvent, Hashable {
  package static let kind = "apiKey.rotated"
  package let key: ID<APIKey>
  package let by: ID<Principal>
  package var subject: String { key.description }
}

/// A key is useless now.
package struct APIKeyRevoked: JournalEvent, Hashable {
  package static let kind = "apiKey.revoked"
  package let key: ID<APIKey>
  package let by: ID<Principal>
  package var subject: String { key.description }
}

/// An account has another contact for lost passwords. Which one is not said here.
package struct ContactChanged: JournalEvent, Hashable {
  package static let kind = "account.contactChanged"
  package let account: ID<Principal>
  package var subject: String { account.description }
}
