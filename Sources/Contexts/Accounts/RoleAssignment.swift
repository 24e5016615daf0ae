package import Kernel

/// An account has a role somewhere, for some time (授权).
package struct RoleAssignment: Sendable, Hashable {
  package let id: ID<RoleAssignment>
  package let organisation: ID<Organisation>
  package let account: ID<Principal>
  package let role: Role
  package let scope: Scope
  package let from: Instant
  /// The first moment at which it no longer holds; nil for no end.
  package let until: Instant?
  package let grantedBy: ID<Principal>
  package let grantedAt: Instant

  /// Whether it holds at a moment.
  package func holds(at now: Instant) -> Bool {
    from <= now && until.map { now < $0 } ?? true
  }

  /// Whether it will never hold again.
  func isOver(at now: Instant) -> Bool { until.map { $0 <= now } ?? false }
}

/// A role to be given.
package struct NewAssignment: Sendable, Hashable {
  package var role: Role
  package var scope: Scope
  /// Nil for now.
  package var from: Instant?
  package var until: Instant?

  package init(_ role: Role, in scope: Scope = .organisation, from: Instant? = nil, until: Instant? = nil) {
    self.role = role
    self.scope = scope
    self.from = from
    self.until = until
  }

  /// - Throws: `.fieldInvalid` for an office that is not of the whole organisation, or a time that ends before it
  ///   begins.
  func check(at now: Instant) throws(AccountsError) {
    guard !role.isOffice || scope == .organisation else {
      throw .fieldInvalid(field: "scope", problem: "of an office must be the organisation")
    }
    guard let until else { return }
    guard until > max(from ?? now, now) else {
      throw .fieldInvalid(field: "until", problem: "must be later than the beginning and than now")
    }
  }
}

extension Scope {
  /// As it stands in a column and in the API.
  package var kind: String {
    switch self {
    case .organisation: "organisation"
    case .project: "project"
    case .building: "building"
    }
  }

  /// The bytes of the id; nil for the organisation.
  var place: [UInt8]? {
    switch self {
    case .organisation: nil
    case .project(let id): id.bytes
    case .building(let id): id.bytes
    }
  }

  /// - Returns: nil for an unknown kind, or an id that is missing or too much.
  package init?(kind: String, place: [UInt8]?) {
    switch (kind, place) {
    case ("organisation", nil): self = .organisation
    case ("project", let bytes?):
      guard let id = ID<ProjectTag>(bytes: bytes) else { return nil }
      self = .project(id)
    case ("building", let bytes?):
      guard let id = ID<BuildingTag>(bytes: bytes) else { return nil }
      self = .building(id)
    default: return nil
    }
  }

  /// Whether everything in the other scope is in this one, as far as the ids alone tell.
  func covers(_ other: Scope) -> Bool { self == .organisation || self == other }
}
