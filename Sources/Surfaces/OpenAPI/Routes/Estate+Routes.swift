package import Estate
import HTTPTypes
import Hummingbird
import Kernel

extension OpenAPISurface {
  /// The estate: projects, buildings, rooms.
  package static func endpoints(of estate: Estate) -> [Endpoint] {
    projectEndpoints(estate) + buildingEndpoints(estate) + roomEndpoints(estate)
  }

  private static func projectEndpoints(_ estate: Estate) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/projects", "listProjects", tag: "estate", "Projects, oldest first.",
        access: .permission(.estateRead), parameters: Endpoint.Parameter.paging, answer: .page(of: ProjectBody.self)
      ) { call in
        try call.answer(try await estate.projects(try call.page(), by: try call.principal())) { ProjectBody($0) }
      },
      Endpoint(
        .post, "/api/v1/projects", "openProject", tag: "estate", "Opens a project.",
        access: .permission(.estateWrite), body: .json(NameBody.self), answer: .json(ProjectBody.schema, .created),
        problems: [.conflict]
      ) { call in
        let body = try await call.body(NameBody.self)
        let project = try await estate.openProject(name: body.name, by: try call.principal())
        return try call.answer(ProjectBody(project), headers: [.location: "/api/v1/projects/\(project.id)"])
      },
      Endpoint(
        .get, "/api/v1/projects/{project}", "getProject", tag: "estate", "One project.",
        access: .permission(.estateRead), parameters: [.path("project", "The project's id.")],
        answer: .json(ProjectBody.schema)
      ) { call in
        let project = try await estate.project(try call.id("project"), by: try call.principal())
        return try call.resource(ProjectBody(project), version: project.version)
      },
      Endpoint(
        .patch, "/api/v1/projects/{project}", "renameProject", tag: "estate", "Gives a project another name.",
        access: .permission(.estateWrite), parameters: [.path("project", "The project's id."), .ifMatch],
        body: .json(NameBody.self), answer: .json(ProjectBody.schema), problems: Endpoint.conditional + [.conflict]
      ) { call in
        let version = try call.expectedVersion()
        let body = try await call.body(NameBody.self)
        let project = try await estate.renameProject(
          try call.id("project"), to: body.name, expecting: version, by: try call.principal())
        return try call.resource(ProjectBody(project), version: project.version)
      },
    ]
  }

  private static func buildingEndpoints(_ estate: Estate) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/buildings", "listBuildings", tag: "estate", "Buildings, oldest first.",
        access: .permission(.estateRead),
        parameters: [.query("project", "Only those of this project.", .id)] + Endpoint.Parameter.paging,
        answer: .page(of: BuildingBody.self)
      ) { call in
        let page = try await estate.buildings(
          project: try call.queryID("project"), try call.page(), by: try call.principal())
        return try call.answer(page) { BuildingBody($0) }
      },
      Endpoint(
        .post, "/api/v1/buildings", "addBuilding", tag: "estate",
        "Adds a building with all its staircases, floors and rooms.",
        access: .permission(.estateWrite), body: .json(NewBuildingBody.self),
        answer: .json(BuildingBody.schema, .created), problems: [.notFound, .conflict]
      ) { call in
        let body = try await call.body(NewBuildingBody.self)
        let building = try await estate.addBuilding(body.building, by: try call.principal())
        return try call.answer(BuildingBody(building), headers: [.location: "/api/v1/buildings/\(building.id)"])
      },
      Endpoint(
        .get, "/api/v1/buildings/{building}", "getBuilding", tag: "estate", "One building.",
        access: .permission(.estateRead), parameters: [.path("building", "The building's id.")],
        answer: .json(BuildingBody.schema)
      ) { call in
        let building = try await estate.building(try call.id("building"), by: try call.principal())
        return try call.resource(BuildingBody(building), version: building.version)
      },
      Endpoint(
        .get, "/api/v1/buildings/{building}/board", "getBoard", tag: "estate",
        "All rooms of a building where they are (房态图).",
        access: .permission(.estateRead), parameters: [.path("building", "The building's id.")],
        answer: .json(BoardBody.schema)
      ) { call in
        let board = try await estate.board(try call.id("building"), by: try call.principal())
        return try call.resource(BoardBody(board))
      },
    ]
  }

  private static func roomEndpoints(_ estate: Estate) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/rooms", "listRooms", tag: "estate",
        "Rooms in the order of building, staircase, floor and place.",
        access: .permission(.estateRead),
        parameters: [
          .query("text", "A part of the room's name.", .text(0...64, example: "1203")),
          .query("project", "Only those of this project.", .id),
          .query("building", "Only those of this building.", .id),
        ] + Endpoint.Parameter.paging,
        answer: .page(of: RoomBody.self)
      ) { call in
        let query = RoomQuery(
          text: call.value("text"), project: try call.queryID("project"), building: try call.queryID("building"),
          page: try call.page())
        return try call.answer(try await estate.rooms(query, by: try call.principal())) { RoomBody($0) }
      },
      Endpoint(
        .get, "/api/v1/rooms/{room}", "getRoom", tag: "estate", "One room and where it is.",
        access: .permission(.estateRead), parameters: [.path("room", "The room's id.")],
        answer: .json(RoomBody.schema)
      ) { call in
        let place = try await estate.room(try call.id("room"), by: try call.principal())
        return try call.resource(RoomBody(place), version: place.room.version)
      },
      Endpoint(
        .patch, "/api/v1/rooms/{room}", "renameRoom", tag: "estate", "Gives a room another name.",
        access: .permission(.estateWrite), parameters: [.path("room", "The room's id."), .ifMatch],
        body: .json(NameBody.self), answer: .json(RoomBody.schema), problems: Endpoint.conditional + [.conflict]
      ) { call in
        let version = try call.expectedVersion()
        let body = try await call.body(NameBody.self)
        let place = try await estate.renameRoom(
          try call.id("room"), to: body.name, expecting: version, by: try call.principal())
        return try call.resource(RoomBody(place), version: place.room.version)
      },
    ]
  }
}
