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
  package let createdBy: ID<Principal>
  package let createdAt: Instant
  /// Nil for one that does not expire.
  package let expiresAt: Instant?
  /// To within `AccountsLimits.usedEverySeconds`; nil before the first use.
  package internal(set) var usedAt: Instant?
  package internal(set) var revokedAt: Instant?
  let handle: String
  let secretHash: [UInt8]

  func isValid(at now: Instant) -> Bool {
    revokedAt == nil && expiresAt.map { $0 > now } ?? true
  }

  /// A key and its principal have one identity.
  var principal: Principal {
    Principal(
      id: ID(high: id.high, low: id.low), kind: .system, organisation: organisation, name: name,
      permissions: permissions)
  }
}

/// A key just made.
package struct MadeKey: Sendable {
  package let key: APIKey
  /// Shown this once; only its hash is kept.
  package let text: String
}
