import Audit
package import Kernel
package import SQLStore

/// Where everything is (房源位置): project → building → staircase → floor → room. The use cases of this context.
///
/// Occupancy, beds and standard addresses come with the leases; they belong here.
package struct Estate: Sendable {
  private let work: Work

  package init(work: Work) {
    self.work = work
  }

  // MARK: Projects

  /// Opens a project; needs `estate.write` in the organisation.
  ///
  /// - Throws: `.nameTaken`, `.fieldInvalid`.
  package func openProject(name: String, by principal: Principal) async throws(EstateError) -> Project {
    try principal.mayWrite(in: nil)
    let name = try EstateName.check(name, "name")
    return try await work.run(EstateError.self) { unit in
      let project = Project(
        id: unit.newID(), organisation: principal.organisation, name: name, createdAt: unit.now, version: 1)
      try unit.sql.insert(project)
      try unit.record(ProjectOpened(project: project.id, name: name), organisation: principal.organisation)
      try unit.audit(.create, "estate.project", project.id, by: principal, .plain("name", name))
      return project
    }
  }

  /// Gives a project another name; needs `estate.write`.
  ///
  /// - Parameter version: the one that was read; nil to change whatever is there.
  package func renameProject(
    _ id: ID<Project>, to name: String, expecting version: Int64?, by principal: Principal
  ) async throws(EstateError) -> Project {
    try principal.mayWrite()
    return try await work.run(EstateError.self) { unit in
      var project = try unit.sql.project(id, of: principal.organisation)
      try principal.mayWrite(in: id)
      try Self.require(version, project.version)
      try project.rename(to: name)
      try unit.sql.update(project)
      try unit.record(ProjectRenamed(project: id, name: name), organisation: principal.organisation)
      try unit.audit(.update, "estate.project", id, by: principal, .plain("name", name))
      return project
    }
  }

  /// One project; needs `estate.read`.
  package func project(_ id: ID<Project>, by principal: Principal) async throws(EstateError) -> Project {
    try principal.mayRead()
    return try await work.read(EstateError.self) { sql in
      let project = try sql.project(id, of: principal.organisation)
      guard try sql.projects(reachedBy: principal, for: .estateRead)?.contains(id) ?? true else {
        throw EstateError.projectUnknown
      }
      return project
    }
  }

  /// The organisation's projects, oldest first; needs `estate.read`.
  package func projects(_ page: PageRequest, by principal: Principal) async throws(EstateError) -> Page<Project> {
    try principal.mayRead()
    let after = try Self.position(page, ID<Project>.self)
    return try await work.read(EstateError.self) { sql in
      let reached = try sql.projects(reachedBy: principal, for: .estateRead)
      let found = try sql.projects(of: principal.organisation, reached, after: after, limit: page.limit + 1)
      return Self.page(found, page) { $0.id.description }
    }
  }

  // MARK: Buildings

  /// Adds a building with all its staircases, floors and rooms in one unit of work; needs `estate.write` in the
  /// project.
  ///
  /// - Throws: `.projectUnknown`, `.nameTaken`, `.fieldInvalid`.
  package func addBuilding(_ new: NewBuilding, by principal: Principal) async throws(EstateError) -> Building {
    try principal.mayWrite()
    try new.check()
    return try await work.run(EstateError.self) { unit in
      _ = try unit.sql.project(new.project, of: principal.organisation)
      try principal.mayWrite(in: new.project)
      let building = Building(
        id: unit.newID(), organisation: principal.organisation, project: new.project, name: new.name,
        rooms: new.rooms, createdAt: unit.now, version: 1)
      try unit.sql.insert(building)
      try Self.addRooms(new, to: building, unit)
      let event = BuildingAdded(building: building.id, project: new.project, name: new.name, rooms: new.rooms)
      try unit.record(event, organisation: principal.organisation)
      try unit.audit(
        .create, "estate.building", building.id, by: principal, .plain("name", new.name),
        .plain("rooms", "\(new.rooms)"))
      return building
    }
  }

  /// One building; needs `estate.read`.
  package func building(_ id: ID<Building>, by principal: Principal) async throws(EstateError) -> Building {
    try principal.mayRead()
    return try await work.read(EstateError.self) { sql in try sql.building(id, for: .estateRead, principal) }
  }

  /// Buildings, oldest first; needs `estate.read`.
  ///
  /// - Parameter project: nil for all projects.
  package func buildings(
    project: ID<Project>? = nil, _ page: PageRequest, by principal: Principal
  ) async throws(EstateError) -> Page<Building> {
    try principal.mayRead()
    let after = try Self.position(page, ID<Building>.self)
    return try await work.read(EstateError.self) { sql in
      let reach = try Self.reach(of: principal, for: .estateRead, in: sql)
      let found = try sql.buildings(
        of: principal.organisation, reach, project: project, after: after, limit: page.limit + 1)
      return Self.page(found, page) { $0.id.description }
    }
  }
}

extension Estate {
  // MARK: Rooms

  /// All rooms of a building where they are; needs `estate.read`.
  package func board(_ building: ID<Building>, by principal: Principal) async throws(EstateError) -> Board {
    try principal.mayRead()
    return try await work.read(EstateError.self) { sql in
      try sql.board(sql.building(building, for: .estateRead, principal))
    }
  }

  /// One room and where it is; needs `estate.read`.
  package func room(_ id: ID<Room>, by principal: Principal) async throws(EstateError) -> RoomPlace {
    try principal.mayRead()
    return try await work.read(EstateError.self) { sql in try sql.room(id, for: .estateRead, principal) }
  }

  /// Rooms in the order of building, staircase, floor from below, place; needs `estate.read`.
  package func rooms(_ query: RoomQuery, by principal: Principal) async throws(EstateError) -> Page<RoomPlace> {
    try principal.mayRead()
    var after: RoomPosition?
    if let cursor = query.page.cursor { after = try RoomPosition(cursor) }
    let position = after
    return try await work.read(EstateError.self) { sql in
      let reach = try Self.reach(of: principal, for: .estateRead, in: sql)
      let found = try sql.rooms(query, of: principal.organisation, reach, after: position)
      return Self.page(found, query.page) { RoomPosition($0.room).text }
    }
  }

  /// Gives a room another name; needs `estate.write`.
  ///
  /// - Parameter version: the one that was read; nil to change whatever is there.
  package func renameRoom(
    _ id: ID<Room>, to name: String, expecting version: Int64?, by principal: Principal
  ) async throws(EstateError) -> RoomPlace {
    try principal.mayWrite()
    return try await work.run(EstateError.self) { unit in
      var room = try unit.sql.room(id, for: .estateWrite, principal).room
      try Self.require(version, room.version)
      try room.rename(to: name)
      try unit.sql.update(room, of: principal.organisation)
      try unit.record(RoomRenamed(room: id, name: name), organisation: principal.organisation)
      try unit.audit(.update, "estate.room", id, by: principal, .plain("name", name))
      return try unit.sql.room(id, of: principal.organisation)
    }
  }

  /// The building that a room is in, inside another context's unit of work; nil when the organisation has no such
  /// room.
  package static func building(
    of room: ID<Room>, organisation: ID<Organisation>, in sql: SQLConnection
  ) throws -> ID<Building>? {
    try place(of: room, organisation: organisation, in: sql)?.room.building
  }

  /// Where a room is, inside another context's unit of work; nil when the organisation has no such room.
  package static func place(
    of room: ID<Room>, organisation: ID<Organisation>, in sql: SQLConnection
  ) throws -> RoomPlace? {
    do {
      return try sql.room(room, of: organisation)
    } catch EstateError.roomUnknown {
      return nil
    }
  }
}

extension Estate {
  private static func addRooms(_ new: NewBuilding, to building: Building, _ unit: Unit) throws {
    for position in 1...new.units {
      let staircase = BuildingUnit(
        id: unit.newID(), building: building.id, position: position, name: String(position))
      try unit.sql.insert(staircase, of: building.organisation)
      for level in new.levels {
        let floor = Floor(id: unit.newID(), unit: staircase.id, level: level, name: String(level))
        try unit.sql.insert(floor, of: building.organisation)
        for place in 1...new.roomsOfFloor {
          let room = Room(
            id: unit.newID(), building: building.id, unit: staircase.id, floor: floor.id, unitPosition: position,
            floorLevel: level, position: place, name: new.roomName(level: level, position: place), version: 1)
          try unit.sql.insert(room, of: building.organisation)
        }
      }
    }
  }

  private static func require(_ expected: Int64?, _ current: Int64) throws(EstateError) {
    guard expected == nil || expected == current else { throw .stale(current: current) }
  }

  private static func position<T>(_ page: PageRequest, _: ID<T>.Type) throws(EstateError) -> ID<T>? {
    guard let cursor = page.cursor else { return nil }
    guard let id = ID<T>(cursor) else { throw .cursorInvalid }
    return id
  }

  /// A page of what was found with one more than it holds.
  private static func page<T: Sendable>(_ found: [T], _ page: PageRequest, _ cursor: (T) -> String) -> Page<T> {
    guard found.count > page.limit, page.limit > 0 else { return Page(items: found, next: nil) }
    let items = Array(found.prefix(page.limit))
    return Page(items: items, next: items.last.map(cursor))
  }
}

extension Principal {
  fileprivate func mayRead() throws(EstateError) {
    do { try requireSomewhere(.estateRead) } catch { throw EstateError(error) }
  }

  fileprivate func mayWrite() throws(EstateError) {
    do { try requireSomewhere(.estateWrite) } catch { throw EstateError(error) }
  }

  /// - Parameter project: nil for all of the organisation.
  fileprivate func mayWrite(in project: ID<Project>?) throws(EstateError) {
    do {
      if let project {
        try require(.estateWrite, in: .project(project.tagged()))
      } else {
        try require(.estateWrite)
      }
    } catch { throw EstateError(error) }
  }
}
