package import Kernel
package import SQLStore

extension Estate {
  /// Where a permission holds, inside another context's unit of work. Costs a query only for who has a project.
  package static func reach(
    of principal: Principal, for permission: Permission, in sql: SQLConnection
  ) throws -> Reach {
    let scopes = principal.scopes(of: permission)
    guard !scopes.contains(.organisation) else { return .all }
    var buildings: Set<ID<Building>> = []
    var projects: [ID<Project>] = []
    for scope in scopes {
      switch scope {
      case .organisation: break
      case .project(let id): projects.append(id.tagged())
      case .building(let id): buildings.insert(id.tagged())
      }
    }
    if !projects.isEmpty {
      let found = try sql.rows(
        """
        SELECT id FROM estate_building
        WHERE organisation = \(principal.organisation) AND project IN \(list: projects.sorted())
        """)
      for row in found { buildings.insert(try row.id("id")) }
    }
    return .buildings(buildings)
  }
}

extension Reach {
  /// ` AND` and a condition for a column with a building's id; nothing when all is within reach.
  ///
  /// - Parameter column: written by the programmer, with its table's letter.
  package func clause(_ column: String) -> SQL {
    switch self {
    case .all: ""
    case .buildings(let buildings) where buildings.isEmpty: " AND 1 = 0"
    case .buildings(let buildings): " AND \(raw: column) IN \(list: buildings.sorted())"
    }
  }
}

extension SQLConnection {
  /// Which projects a permission of a principal touches: given as such, or with one of their buildings; nil for all.
  func projects(reachedBy principal: Principal, for permission: Permission) throws -> [ID<Project>]? {
    let reach = try Estate.reach(of: principal, for: permission, in: self)
    guard case .buildings(let buildings) = reach else { return nil }
    var projects: Set<ID<Project>> = []
    for case .project(let id) in principal.scopes(of: permission) { projects.insert(id.tagged()) }
    if !buildings.isEmpty {
      let found = try rows(
        """
        SELECT DISTINCT project FROM estate_building
        WHERE organisation = \(principal.organisation) AND id IN \(list: buildings.sorted())
        """)
      for row in found { projects.insert(try row.id("project")) }
    }
    return projects.sorted()
  }

  /// A building within reach.
  ///
  /// - Throws: `.buildingUnknown`.
  func building(_ id: ID<Building>, for permission: Permission, _ principal: Principal) throws -> Building {
    let building = try building(id, of: principal.organisation)
    guard try Estate.reach(of: principal, for: permission, in: self).contains(id) else {
      throw EstateError.buildingUnknown
    }
    return building
  }

  /// A room within reach.
  ///
  /// - Throws: `.roomUnknown`.
  func room(_ id: ID<Room>, for permission: Permission, _ principal: Principal) throws -> RoomPlace {
    let place = try room(id, of: principal.organisation)
    guard try Estate.reach(of: principal, for: permission, in: self).contains(place.room.building) else {
      throw EstateError.roomUnknown
    }
    return place
  }
}
