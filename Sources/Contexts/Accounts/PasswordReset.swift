package import Kernel

/// Somebody lost a password and asked for another, or was invited to choose the first.
package struct PasswordReset: Sendable, Hashable {
  /// Whether a first password is chosen with it or another one.
  package enum Kind: String, Sendable {
    case invitation
    case reset
  }

  package let id: ID<PasswordReset>
  package let organisation: ID<Organisation>
  package let account: ID<Principal>
  package let kind: Kind
  /// From where it was asked.
  package let address: String
  package let askedAt: Instant
  package let expiresAt: Instant
  package internal(set) var approvedBy: ID<Principal>?
  package internal(set) var approvedAt: Instant?
  var attempts: Int
  let codeHash: [UInt8]?

  /// How often proofs may be tried.
  static let attemptsMax = 5
  /// How many of an account may be open at once; the oldest gives way.
  static let openMax = 3

  func isOpen(at now: Instant) -> Bool { now < expiresAt && attempts < Self.attemptsMax }
}

/// What whoever lost a password can show. Two are needed: of what was sent to the contact, of the second factor or a
/// recovery code, and of a member of the staff who vouches.
package struct ResetProofs: Sendable {
  /// What was sent to the account's contact.
  package var contactCode: String?
  /// A code of the second factor, or a recovery code.
  package var factorCode: String?

  package init(contactCode: String? = nil, factorCode: String? = nil) {
    self.contactCode = contactCode
    self.factorCode = factorCode
  }
}

/// An open reset with whose it is, for those who may approve it.
package struct PendingReset: Sendable, Hashable {
  package let reset: PasswordReset
  package let name: String
  package let displayName: String
}
