package import Kernel

/// The proof of a system, another program, that asks in the organisation's name (接口密钥).
package struct APIKey: Sendable, Hashable {
  package let id: ID<APIKey>
  package let organisation: ID<Organisation>
  /// What it is for.
  package let name: String
  /// The part that may be shown: `anju_` and sixteen digits.
  package var prefix: String { Secrets.keyPrefix + handle }
  package let permissions: Set<Permission>
  /// Where they hold.
  package let scope: Scope
  package let createdBy: ID<Principal>
  package let createdAt: Instant
  /// Nil for one that does not expire.
  package let expiresAt: Instant?
  /// To within `AccountsLimits.usedEverySeconds`; nil before the first use.
  package internal(set) var usedAt: Instant?
  package internal(set) var revokedAt: Instant?
  /// Until when the secret of before the last rotation is still good; nil when there was none.
  package internal(set) var previousUntil: Instant?
  let handle: String
  var secretHash: [UInt8]
  var previousHash: [UInt8]?

  func isValid(at now: Instant) -> Bool {
    revokedAt == nil && expiresAt.map { $0 > now } ?? true
  }

  /// Whether it is its secret, or the one before while that is still good.
  func isOpened(by secret: String, at now: Instant) -> Bool {
    let hash = Secrets.hash(secret)
    if Secrets.isEqual(hash, secretHash) { return true }
    guard let previousHash, let previousUntil, now < previousUntil else { return false }
    return Secrets.isEqual(hash, previousHash)
  }

  /// A key and its principal have one identity.
  func principal(_ origin: Origin) -> Principal {
    Principal(
      id: id.tagged(), kind: .system, organisation: organisation, name: name, grants: [Grant(permissions, in: scope)],
      assurance: .none, origin: origin)
  }
}

/// A key just made, or its secret just changed.
package struct MadeKey: Sendable {
  package let key: APIKey
  /// Shown this once; only its hash is kept.
  package let text: String
}

/// A key to be.
package struct NewKey: Sendable {
  package var name: String
  package var permissions: Set<Permission>
  package var scope: Scope
  /// Later than now; nil for never.
  package var expiresAt: Instant?

  package init(name: String, permissions: Set<Permission>, scope: Scope = .organisation, expiresAt: Instant? = nil) {
    self.name = name
    self.permissions = permissions
    self.scope = scope
    self.expiresAt = expiresAt
  }
}
