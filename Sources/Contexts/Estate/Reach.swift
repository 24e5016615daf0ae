package import Kernel

/// Which buildings a permission of a principal holds in: what a list is cut to. What is out of reach is not denied but
/// not found.
package enum Reach: Sendable, Hashable {
  /// All of the organisation, what is in no building too.
  case all
  case buildings(Set<ID<Building>>)

  /// Whether something that lies in a building, or in none, is within reach.
  package func contains(_ building: ID<Building>?) -> Bool {
    switch self {
    case .all: true
    case .buildings(let buildings): building.map(buildings.contains) ?? false
    }
  }

  /// What both reach.
  package func intersection(_ other: Reach) -> Reach {
    switch (self, other) {
    case (.all, let reach), (let reach, .all): reach
    case (.buildings(let left), .buildings(let right)): .buildings(left.intersection(right))
    }
  }
}
