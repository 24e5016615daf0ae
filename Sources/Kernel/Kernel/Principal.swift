/// The tag of `ID<Organisation>`: who runs one or more projects (运营机构); the tenancy boundary of all data.
package enum Organisation {}

/// Who asks: an account that signed in, a system with an API key, or the platform itself.
package struct Principal: Sendable, Hashable {
  /// Who stands behind it: a person, a system with a key, or the platform itself.
  package enum Kind: String, Sendable, Codable {
    case person
    case system
    /// The platform acting on its own: a reconciler, a timer.
    case platform
  }

  /// The account's id; a principal and its account have one identity.
  package let id: ID<Principal>
  package let kind: Kind
  package let organisation: ID<Organisation>
  /// What is shown and written beside an act: an account's display name or an API key's.
  package let name: String
  /// What it may do, and where.
  package let grants: [Grant]
  /// What it may do somewhere: in the whole organisation or in a part of it. Enough to show a menu, never enough to
  /// act: see `require`.
  package let permissions: Set<Permission>
  package let assurance: Assurance
  package let origin: Origin
  /// Whether it must set a new password before anything else: an administrator gave it the one it has.
  package let mustChangePassword: Bool

  package init(
    id: ID<Principal>, kind: Kind, organisation: ID<Organisation>, name: String, grants: [Grant],
    assurance: Assurance, origin: Origin, mustChangePassword: Bool = false
  ) {
    self.id = id
    self.kind = kind
    self.organisation = organisation
    self.name = name
    self.grants = grants
    permissions = grants.reduce(into: []) { $0.formUnion($1.permissions) }
    self.assurance = assurance
    self.origin = origin
    self.mustChangePassword = mustChangePassword
  }

  /// A principal whose permissions hold in the whole organisation.
  package init(
    id: ID<Principal>, kind: Kind, organisation: ID<Organisation>, name: String, permissions: Set<Permission>,
    assurance: Assurance = .none, origin: Origin = .platform
  ) {
    self.init(
      id: id, kind: kind, organisation: organisation, name: name,
      grants: [Grant(permissions, in: .organisation)], assurance: assurance, origin: origin)
  }
}

extension Principal {
  /// Whether the sign-in is complete: the second factor was shown, if there is one, and no password is due to be
  /// changed. Before that a principal has no grants.
  package var isComplete: Bool {
    !mustChangePassword && !(assurance.hasSecondFactor && assurance.secondFactorAt == nil)
  }

  /// Stops a use case that touches all of the organisation and that this principal may not run there.
  ///
  /// - Throws: `Denied` when the permission is missing, or holds in a part of the organisation only. Another
  ///   organisation's data is not denied but not found: every query carries `organisation`.
  package func require(_ permission: Permission) throws(Denied) {
    guard holds(permission, in: .organisation) else { throw Denied(permission: permission) }
  }

  /// Stops a use case unless the permission holds in one of the scopes: those that the thing lies in. The organisation
  /// need not be named.
  ///
  /// - Throws: `Denied`.
  package func require(_ permission: Permission, in scopes: Scope...) throws(Denied) {
    guard holds(permission, in: .organisation) || scopes.contains(where: { holds(permission, in: $0) }) else {
      throw Denied(permission: permission)
    }
  }

  /// Stops a use case whose permission this principal has nowhere. What it may see of a list is then to be cut to the
  /// scopes of the permission: `Estate.reach`.
  ///
  /// - Throws: `Denied`.
  package func requireSomewhere(_ permission: Permission) throws(Denied) {
    guard permissions.contains(permission) else { throw Denied(permission: permission) }
  }

  /// Stops a sensitive use case unless a person showed the second factor not long ago. The platform itself passes; a
  /// system with an API key cannot verify itself a second time, and never does.
  ///
  /// - Parameter now: the moment of the act.
  /// - Throws: `Denied` with what is missing.
  /// - Source: clause 9.3 c.
  package func requireFresh(_ permission: Permission, at now: Instant) throws(Denied) {
    switch kind {
    case .platform: return
    case .system: throw Denied(permission: permission, missing: .person)
    case .person:
      guard !assurance.isFresh(at: now) else { return }
      throw Denied(
        permission: permission, missing: assurance.hasSecondFactor ? .verification : .secondFactor)
    }
  }

  /// Where a permission holds.
  package func scopes(of permission: Permission) -> Set<Scope> {
    Set(grants.lazy.filter { $0.permissions.contains(permission) }.map(\.scope))
  }

  private func holds(_ permission: Permission, in scope: Scope) -> Bool {
    grants.contains { $0.scope == scope && $0.permissions.contains(permission) }
  }
}

/// A permission is missing, or something that its use needs.
package struct Denied: Error, Hashable {
  /// What is missing.
  package enum Missing: Sendable, Hashable {
    case permission
    /// The second factor, to be shown again now.
    case verification
    /// A second factor, to be set up first.
    case secondFactor
    /// A person: an API key may not do it.
    case person
  }

  package let permission: Permission
  package let missing: Missing

  package init(permission: Permission, missing: Missing = .permission) {
    self.permission = permission
    self.missing = missing
  }
}

extension Denied {
  /// Stable and documented, the same in every context's errors.
  package var code: String {
    switch missing {
    case .permission: "permission.missing"
    case .verification: "verification.needed"
    case .secondFactor: "verification.secondFactorMissing"
    case .person: "verification.personNeeded"
    }
  }

  package var reason: String {
    switch missing {
    case .permission: "The permission \(permission.rawValue) is missing."
    case .verification:
      "What \(permission.rawValue) allows needs the second factor, shown in the last "
        + "\(Assurance.freshSeconds / 60) minutes."
    case .secondFactor: "What \(permission.rawValue) allows needs a second factor, and this account has none."
    case .person: "What \(permission.rawValue) allows needs a person who signed in; an API key may not do it."
    }
  }

  package var remedy: String {
    switch missing {
    case .permission: "Ask an administrator for the permission."
    case .verification: "Send the code to POST /api/v1/session/verification, then repeat the request."
    case .secondFactor: "Set up a second factor under My account, then repeat the request."
    case .person: "Sign in and do it there."
    }
  }
}
