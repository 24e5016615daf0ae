/// The tag of `ID<Organisation>`: who runs one or more projects (运营机构); the tenancy boundary of all data.
package enum Organisation {}

/// Who asks: an account that signed in, a system with an API key, or the platform itself.
package struct Principal: Sendable, Hashable {
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
  package let permissions: Set<Permission>

  package init(
    id: ID<Principal>, kind: Kind, organisation: ID<Organisation>, name: String, permissions: Set<Permission>
  ) {
    self.id = id
    self.kind = kind
    self.organisation = organisation
    self.name = name
    self.permissions = permissions
  }

  /// Stops a use case that this principal may not run.
  ///
  /// - Throws: `Denied` when the permission is missing. Another organisation's data is not denied but not found:
  ///   every query carries `organisation`.
  package func require(_ permission: Permission) throws(Denied) {
    guard permissions.contains(permission) else { throw Denied(permission: permission) }
  }
}

/// A permission is missing.
package struct Denied: Error, Hashable {
  package let permission: Permission

  package init(permission: Permission) {
    self.permission = permission
  }
}
