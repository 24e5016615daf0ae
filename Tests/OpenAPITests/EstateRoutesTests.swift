import Alarms
import Devices
import Estate
import HTTPTypes
import HummingbirdTesting
import Kernel
import NIOCore
import TestSupport
import Testing

@testable import OpenAPI

@Suite("The estate over HTTP")
struct EstateRoutesTests {
  @Test("a building is made, shown, listed in pages and renamed, as a client would")
  func walk() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let project = try await client.send(.post, "/api/v1/projects", .key("all"), #"{"name":"安居苑"}"#)
      let projectID = try #require(try project.json()["id"]?.text)
      #expect(project.headers[.location] == "/api/v1/projects/\(projectID)")
      let building = try await client.send(
        .post, "/api/v1/buildings", .key("all"),
        #"{"project":"\#(projectID)","name":"2号楼","floors":12,"roomsOfFloor":14}"#)
      #expect(building.status == .created)
      let buildingID = try #require(try building.json()["id"]?.text)
      let board = try await client.send(.get, "/api/v1/buildings/\(buildingID)/board").json()
      guard case .array(let units)? = board["units"], case .array(let floors)? = units.first?["floors"] else {
        throw Problem.broken
      }
      #expect(floors.count == 12)
      var cursor = ""
      var names: [String] = []
      repeat {
        let page = try await client.send(.get, "/api/v1/rooms?building=\(buildingID)&limit=50\(cursor)").json()
        guard case .array(let items)? = page["items"] else { throw Problem.broken }
        names += items.compactMap { $0["name"]?.text }
        cursor = page["nextCursor"]?.text.map { "&cursor=\($0)" } ?? ""
      } while !cursor.isEmpty
      #expect(names.count == 168 && Set(names).count == 168)
    }
  }

  @Test("a cursor of one list is not taken by another, nor by another organisation")
  func cursors() async throws {
    let scene = try await Scene()
    let person = scene.fresh.principal()
    let project = try await scene.estate.openProject(name: "A", by: person)
    _ = try await scene.estate.addBuilding(
      NewBuilding(project: project.id, name: "1", floors: 2, roomsOfFloor: 2), by: person)
    try await scene.application().test(.router) { client in
      let page = try await client.send(.get, "/api/v1/rooms?limit=1").json()
      let cursor = try #require(page["nextCursor"]?.text)
      #expect(try await client.send(.get, "/api/v1/rooms?limit=2&cursor=\(cursor)").status == .ok)
      for (path, token) in [
        ("/api/v1/rooms?text=1&cursor=\(cursor)", "all"), ("/api/v1/buildings?cursor=\(cursor)", "all"),
        ("/api/v1/rooms?cursor=\(cursor)", "stranger"), ("/api/v1/rooms?cursor=\(cursor)A", "all"),
      ] {
        let response = try await client.send(.get, path, .key(token))
        #expect(response.problemCode == "cursor.invalid", "\(path)")
      }
    }
  }

  @Test("a change needs the version it is based on, and what is known is not sent again")
  func versions() async throws {
    let scene = try await Scene()
    let project = try await scene.estate.openProject(name: "A", by: scene.fresh.principal())
    let path = "/api/v1/projects/\(project.id)"
    try await scene.application().test(.router) { client in
      let tag = try #require(try await client.send(.get, path).headers[.eTag])
      var headers = HTTPFields.key("all")
      headers[.ifNoneMatch] = "W/\"x\", \(tag)"
      let known = try await client.send(.get, path, headers)
      #expect(known.status == .notModified)
      #expect(known.body.readableBytes == 0)
      let missing = try await client.send(.patch, path, .key("all"), #"{"name":"B"}"#)
      #expect(missing.status == .preconditionRequired)
      headers = .key("all")
      headers[.ifMatch] = tag
      let changed = try await client.send(.patch, path, headers, #"{"name":"B"}"#)
      #expect(changed.status == .ok)
      let stale = try await client.send(.patch, path, headers, #"{"name":"C"}"#)
      #expect(stale.status == .preconditionFailed)
      headers[.ifMatch] = changed.headers[.eTag]
      let again = try await client.send(.patch, path, headers, #"{"name":"C"}"#)
      #expect(again.status == .ok)
      for wrong in ["", "3", "\"\"", "\"x\"", "W/\"1-a\""] {
        headers[.ifMatch] = wrong
        let response = try await client.send(.patch, path, headers, #"{"name":"D"}"#)
        #expect((400..<500).contains(response.status.code), "\(wrong)")
      }
    }
  }

  @Test("what another organisation owns is not there")
  func tenancy() async throws {
    let scene = try await Scene()
    let person = scene.fresh.principal()
    let project = try await scene.estate.openProject(name: "A", by: person)
    let building = try await scene.estate.addBuilding(
      NewBuilding(project: project.id, name: "1", floors: 1, roomsOfFloor: 1), by: person)
    let room = try #require(try await scene.estate.rooms(RoomQuery(), by: person).items.first?.room.id)
    try await scene.application().test(.router) { client in
      for path in [
        "projects/\(project.id)", "buildings/\(building.id)", "buildings/\(building.id)/board", "rooms/\(room)",
      ] {
        let own = try await client.send(.get, "/api/v1/\(path)")
        #expect(own.status == .ok, "\(path)")
        let foreign = try await client.send(.get, "/api/v1/\(path)", .key("stranger"))
        #expect(foreign.status == .notFound, "\(path)")
      }
    }
  }
}
