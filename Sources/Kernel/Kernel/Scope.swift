/// Where a grant holds: all of the organisation, one project, or one building.
///
/// The kernel knows no projects and buildings: their ids are carried under tags of its own, and Estate, which owns
/// them, says which building lies in which project.
package enum Scope: Sendable, Hashable {
  /// The tag of a project's id in a scope.
  package enum ProjectTag {}
  /// The tag of a building's id in a scope.
  package enum BuildingTag {}

  case organisation
  case project(ID<ProjectTag>)
  case building(ID<BuildingTag>)
}

/// Permissions and where they hold.
package struct Grant: Sendable, Hashable {
  package let scope: Scope
  package let permissions: Set<Permission>

  package init(_ permissions: Set<Permission>, in scope: Scope) {
    self.scope = scope
    self.permissions = permissions
  }
}

extension ID {
  /// The same id under another tag: where a lower floor carries what a higher one owns.
  package func tagged<Other>(_: Other.Type = Other.self) -> ID<Other> {
    ID<Other>(high: high, low: low)
  }
}
