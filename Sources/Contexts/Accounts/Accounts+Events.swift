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
  package let role: Role
  package var subject: String { account.description }
}

/// Somebody changed an account's name, role or activity.
package struct AccountChanged: JournalEvent, Hashable {
  package static let kind = "account.changed"
  package let account: ID<Principal>
  package let role: Role
  package let isActive: Bool
  package let by: ID<Principal>
  package var subject: String { account.description }
}

/// A password was changed by its owner or set anew by an administrator.
package struct PasswordChanged: JournalEvent, Hashable {
  package static let kind = "account.passwordChanged"
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

/// Too many wrong passwords in a row.
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

/// A key is useless now.
package struct APIKeyRevoked: JournalEvent, Hashable {
  package static let kind = "apiKey.revoked"
  package let key: ID<APIKey>
  package let by: ID<Principal>
  package var subject: String { key.description }
}
