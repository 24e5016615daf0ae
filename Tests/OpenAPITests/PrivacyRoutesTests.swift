import Accounts
import HTTPTypes
import HummingbirdTesting
import Kernel
import NIOCore
import Privacy
import TestSupport
import Testing

@testable import OpenAPI

@Suite("Privacy over HTTP", .clause("9.3d"))
struct PrivacyRoutesTests {
  /// A person with an account, and an officer; both showed the second factor just now.
  private func people(_ scene: Scene) async throws -> (person: ID<DataSubject>, officer: Principal) {
    let first = try await scene.accounts.found(organisation: "安居 Homes")
    func principal(_ id: ID<Principal>, _ name: String, _ permissions: Set<Permission>) -> Principal {
      Principal(
        id: id, kind: .person, organisation: first.organisation, name: name, permissions: permissions,
        assurance: .secondFactor(at: scene.fresh.clock.now), origin: Origin(address: "192.0.2.7", agent: ""))
    }
    let officer = principal(scene.fresh.work.ids.next(), "王芳", Set(Permission.allCases))
    scene.tokens.give("person", principal(first.operator.id, "李晓明", []))
    scene.tokens.give("officer", officer)
    return (first.operator.id.tagged(), officer)
  }

  @Test("consent is given and withdrawn, and the ledger has both lines")
  func consents() async throws {
    let scene = try await Scene()
    _ = try await people(scene)
    try await scene.application().test(.router) { client in
      let purposes = try await client.send(.get, "/api/v1/privacy/purposes", .key("person")).json()
      guard case .array(let items)? = purposes["items"] else { throw Problem.broken }
      #expect(items.contains { $0["key"] == "face" && $0["isSensitive"] == true })
      let vague = try await client.send(
        .post, "/api/v1/me/consents", .key("person"), #"{"act":"grant","purpose":"face","version":1}"#)
      #expect(vague.status == .unprocessableContent)
      #expect(vague.problemCode == "consent.notExplicit")
      let given = try await client.send(
        .post, "/api/v1/me/consents", .key("person"),
        #"{"act":"grant","purpose":"face","version":1,"isExplicit":true}"#)
      #expect(try given.json()["isGranted"] == true)
      let ended = try await client.send(
        .post, "/api/v1/me/consents", .key("person"), #"{"act":"withdraw","purpose":"face"}"#)
      #expect(try ended.json()["isGranted"] == false)
      let ledger = try await client.send(.get, "/api/v1/me/consent-entries?limit=1", .key("person")).json()
      #expect(ledger["nextCursor"]?.text != nil)
    }
  }

  @Test("a request is made once, verified, decided on the version that was read; a hold stops an erasure")
  func erasure() async throws {
    let scene = try await Scene()
    let (person, _) = try await people(scene)
    try await scene.application().test(.router) { client in
      var headers = HTTPFields.key("person")
      headers[.idempotencyKey] = "k1"
      let made = try await client.send(.post, "/api/v1/me/privacy-requests", headers, #"{"kind":"erasure"}"#)
      #expect(made.status == .created)
      let again = try await client.send(.post, "/api/v1/me/privacy-requests", headers, #"{"kind":"erasure"}"#)
      let id = try #require(try made.json()["id"]?.text)
      #expect(try again.json()["id"]?.text == id)
      let verified = try await client.send(
        .post, "/api/v1/me/privacy-requests/\(id)/verification", .key("person"))
      #expect(try verified.json()["state"] == "verified")
      let hold = try await client.send(
        .post, "/api/v1/privacy/persons/\(person)/holds", .key("officer"), #"{"reason":"诉讼","basis":"案号 118"}"#)
      #expect(hold.status == .created)
      let read = try await client.send(.get, "/api/v1/privacy/requests/\(id)", .key("officer"))
      let tag = try #require(read.headers[.eTag])
      var decision = HTTPFields.key("officer")
      let blind = try await client.send(
        .post, "/api/v1/privacy/requests/\(id)/decision", decision, #"{"approve":true,"reason":""}"#)
      #expect(blind.status == .preconditionRequired)
      decision[.ifMatch] = "\"1-00\""
      let stale = try await client.send(
        .post, "/api/v1/privacy/requests/\(id)/decision", decision, #"{"approve":true,"reason":""}"#)
      #expect(stale.status == .preconditionFailed)
      decision[.ifMatch] = tag
      let held = try await client.send(
        .post, "/api/v1/privacy/requests/\(id)/decision", decision, #"{"approve":true,"reason":""}"#)
      #expect(try held.json()["state"] == "held")
      let own = try await client.send(.get, "/api/v1/me/privacy-requests/\(id)", .key("person")).json()
      guard case .array(let holds)? = own["holds"] else { throw Problem.broken }
      #expect(holds.first?["reason"] == "诉讼")
    }
  }

  @Test("a copy is fetched by a link that needs no session, and ends")
  func copy() async throws {
    let scene = try await Scene()
    let (person, _) = try await people(scene)
    let keeper = PrivacyKeeper(privacy: scene.privacy, journal: scene.fresh.journal) { [] }
    try await scene.application().test(.router) { client in
      var headers = HTTPFields.key("person")
      headers[.idempotencyKey] = "k1"
      let made = try await client.send(.post, "/api/v1/me/privacy-requests", headers, #"{"kind":"export"}"#)
      let id = try #require(try made.json()["id"]?.text)
      _ = try await client.send(.post, "/api/v1/me/privacy-requests/\(id)/verification", .key("person"))
      try await keeper.work()
      let link = try await client.send(.post, "/api/v1/me/privacy-requests/\(id)/link", .key("person"))
      let path = try #require(try link.json()["path"]?.text)
      for _ in 0..<3 {
        let copy = try await client.send(.get, path, [:])
        #expect(copy.status == .ok)
        #expect(copy.headers[.contentType] == "application/zip")
        #expect(copy.body.readableBytesView.starts(with: Array("PK".utf8)))
      }
      let ended = try await client.send(.get, path, [:])
      #expect(ended.status == .notFound)
      #expect(ended.problemCode == "exportLink.ended")
      let held = try await client.send(.get, "/api/v1/privacy/persons/\(person)/holdings", .key("officer"))
      #expect(held.status == .ok)
      let foreign = try await client.send(.get, "/api/v1/privacy/persons/\(person)/holdings", .key("stranger"))
      #expect(foreign.status == .notFound)
    }
  }

  @Test("a dry run of retention is begun and read")
  func retention() async throws {
    let scene = try await Scene()
    _ = try await people(scene)
    try await scene.application().test(.router) { client in
      let begun = try await client.send(
        .post, "/api/v1/privacy/retention-runs", .key("officer"), #"{"isDry":true}"#)
      #expect(begun.status == .accepted)
      let location = try #require(begun.headers[.location])
      #expect(try await client.send(.get, location, .key("officer")).status == .ok)
      // The second factor was shown, but too long ago.
      scene.fresh.clock.advance(by: .seconds(Assurance.freshSeconds))
      let real = try await client.send(
        .post, "/api/v1/privacy/retention-runs", .key("officer"), #"{"isDry":false}"#)
      #expect(real.status == .forbidden)
    }
  }
}
