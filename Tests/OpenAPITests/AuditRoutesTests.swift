import HTTPTypes
import HummingbirdTesting
import Kernel
import NIOCore
import TestSupport
import Testing

@testable import OpenAPI

@Suite("The audit log over HTTP", .clause("6.8.2g"))
struct AuditRoutesTests {
  @Test("what people do is found, with who, what, when, from where and why")
  func found() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let project = try await client.send(.post, "/api/v1/projects", .key("all"), #"{"name":"青年公寓"}"#)
      let id = try #require(try project.json()["id"]?.text)
      let query = "kind=estate.&verb=create&text=%E9%9D%92%E5%B9%B4"
      let list = try await client.send(.get, "/api/v1/audit-entries?\(query)").json()
      guard case .array(let items)? = list["items"] else { throw Problem.broken }
      #expect(items.count == 1)
      #expect(items.first?["resource"]?.text == id && items.first?["kind"]?.text == "estate.project")
      #expect(items.first?["name"]?.text == "Test" && items.first?["outcome"]?.text == "done")
      #expect(items.first?["details"]?["name"]?.text == "青年公寓")
      let number = try #require(items.first?["number"])
      guard case .integer(let number) = number else { throw Problem.broken }
      let detail = try await client.send(.get, "/api/v1/audit-entries/\(number)").json()
      #expect(detail["proof"]?["state"]?.text == "waiting")
      #expect(detail["text"]?.text?.contains("estate.project") == true)
      let stranger = try await client.send(.get, "/api/v1/audit-entries/\(number)", .key("stranger"))
      #expect(stranger.status == .notFound && stranger.problemCode == "auditEntry.unknown")
      let theirs = try await client.send(.get, "/api/v1/audit-entries", .key("stranger")).json()
      #expect(theirs["items"] == .array([]))
    }
  }

  @Test("is taken out only after a second verification")
  func export() async throws {
    let scene = try await Scene()
    // Who verified when the scene was made did so too long ago.
    scene.fresh.clock.advance(by: .seconds(Assurance.freshSeconds))
    let fresh = Principal(
      id: scene.fresh.work.ids.next(), kind: .person, organisation: scene.fresh.organisation, name: "Auditor",
      permissions: [.auditRead, .auditExport], assurance: .secondFactor(at: scene.fresh.clock.now))
    scene.tokens.give("auditor", fresh)
    try await scene.application().test(.router) { client in
      _ = try await client.send(.post, "/api/v1/projects", .key("all"), #"{"name":"=HYPERLINK(1)"}"#)
      for path in ["/api/v1/audit-table", "/api/v1/audit-proof"] {
        let refused = try await client.send(.get, path)
        #expect(refused.problemCode == "verification.needed")
      }
      let table = try await client.send(.get, "/api/v1/audit-table", .key("auditor"))
      #expect(table.status == .ok && table.headers[.contentType] == "text/csv; charset=utf-8")
      #expect(String(buffer: table.body).contains("name: =HYPERLINK(1)"))
      let early = try await client.send(.get, "/api/v1/audit-proof", .key("auditor"))
      #expect(early.problemCode == "audit.notSealedYet")
    }
  }

  @Test("tells of who was refused, at most twenty times in a row")
  func refusals() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      for _ in 0..<25 {
        let refused = try await client.send(.get, "/api/v1/projects", .key("none"))
        #expect(refused.status == .forbidden)
      }
      _ = try await client.send(.get, "/api/v1/projects", .key("nobody"))
      let list = try await client.send(.get, "/api/v1/audit-entries?outcome=refused&limit=100").json()
      guard case .array(let items)? = list["items"] else { throw Problem.broken }
      #expect(items.count == 20)
      #expect(items.first?["resource"]?.text == "/api/v1/projects")
      #expect(items.first?["details"]?["code"]?.text == "permission.missing")
    }
  }

  @Test("refuses filters that are none", arguments: ["verb=look", "outcome=maybe", "from=today", "principal=me"])
  func refused(query: String) async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let response = try await client.send(.get, "/api/v1/audit-entries?\(query)")
      #expect(response.problemCode == "parameter.invalid")
    }
  }
}
