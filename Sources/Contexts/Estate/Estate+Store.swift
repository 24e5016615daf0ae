import Kernel
import SQLStore

/// SQL of projects and buildings; the rooms' stands in Room+Store.swift.
extension SQLConnection {
  func insert(_ project: Project) throws {
    do {
      try execute(
        """
        INSERT INTO estate_project (organisation, id, name, created_at, version)
        VALUES (\(project.organisation), \(project.id), \(project.name), \(project.createdAt), \(project.version))
        """)
    } catch .unique {
      throw EstateError.nameTaken(project.name)
    }
  }

  /// Writes the project's new name over the version before.
  func update(_ project: Project) throws {
    do {
      try execute(
        """
        UPDATE estate_project SET name = \(project.name), version = \(project.version)
        WHERE organisation = \(project.organisation) AND id = \(project.id)
        """)
    } catch .unique {
      throw EstateError.nameTaken(project.name)
    }
  }

  func project(_ id: ID<Project>, of organisation: ID<Organisation>) throws -> Project {
    let row = try row("SELECT * FROM estate_project WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw EstateError.projectUnknown }
    return try Project(row)
  }

  /// - Parameter reached: nil for all.
  func projects(
    of organisation: ID<Organisation>, _ reached: [ID<Project>]?, after: ID<Project>?, limit: Int
  ) throws -> [Project] {
    guard reached.map(\.isEmpty) != true else { return [] }
    var sql: SQL = "SELECT * FROM estate_project WHERE organisation = \(organisation)"
    if let reached { sql += " AND id IN \(list: reached)" }
    if let after { sql += " AND id > \(after)" }
    sql += " ORDER BY id LIMIT \(limit)"
    return try rows(sql).map { try Project($0) }
  }

  func insert(_ building: Building) throws {
    do {
      try execute(
        """
        INSERT INTO estate_building (organisation, id, project, name, rooms, created_at, version)
        VALUES (\(building.organisation), \(building.id), \(building.project), \(building.name),
          \(building.rooms), \(building.createdAt), \(building.version))
        """)
    } catch .unique {
      throw EstateError.nameTaken(building.name)
    }
  }

  func building(_ id: ID<Building>, of organisation: ID<Organisation>) throws -> Building {
    let row = try row("SELECT * FROM estate_building WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw EstateError.buildingUnknown }
    return try Building(row)
  }

  func buildings(
    of organisation: ID<Organisation>, _ reach: Reach, project: ID<Project>?, after: ID<Building>?, limit: Int
  ) throws -> [Building] {
    var sql: SQL = "SELECT * FROM estate_building WHERE organisation = \(organisation)"
    sql += reach.clause("id")
    if let project { sql += " AND project = \(project)" }
    if let after { sql += " AND id > \(after)" }
    sql += " ORDER BY id LIMIT \(limit)"
    return try rows(sql).map { try Building($0) }
  }
}

extension Project {
  init(_ row: SQLRow) throws(SQLError) {
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), name: try row.text("name"),
      createdAt: try row.instant("created_at"), version: try row.integer("version"))
  }
}

extension Building {
  init(_ row: SQLRow) throws(SQLError) {
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), project: try row.id("project"),
      name: try row.text("name"), rooms: try row.int("rooms"), createdAt: try row.instant("created_at"),
      version: try row.integer("version"))
  }
}
