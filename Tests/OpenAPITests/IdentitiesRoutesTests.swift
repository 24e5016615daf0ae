import HTTPTypes
import HummingbirdTesting
import Identities
import Kernel
import NIOCore
import TestSupport
import Testing
import Vault

@testable import OpenAPI

@Suite("Identity certificates over HTTP", .clause("8.8b", "8.7a"))
struct IdentitiesRoutesTests {
  /// Both authorities, established through the routes.
  private func establish(_ scene: Scene, _ client: some TestClientProtocol) async throws -> [String: String] {
    var ids: [String: String] = [:]
    for chain in IdentityChain.allCases {
      let body = #"{"chain":"\#(chain.rawValue)"}"#
      let early = try await client.send(.post, "/api/v1/identity-authorities", .key("all"), body)
      #expect(early.status == .conflict && early.problemCode == "identityAuthority.keyMissing")
      try scene.signing.make(
        chain.purpose(), algorithm: chain == .tls ? "p256" : "sm2", of: scene.fresh.organisation)
      let made = try await client.send(.post, "/api/v1/identity-authorities", .key("all"), body)
      #expect(made.status == .created)
      ids[chain.rawValue] = try made.json()["id"]?.text
    }
    return ids
  }

  /// A request's JSON, its PEM with the line ends escaped.
  private func new(_ holder: String, pem: String) -> String {
    let escaped = pem.replacing("\n", with: "\\n")
    return #"{"chain":"tls","profile":"device","holder":"\#(holder)","owner":"海清","requestPEM":"\#(escaped)"}"#
  }

  @Test("are issued, listed, renewed, verified, revoked, and the list of anybody has it")
  func life() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let authority = try #require(try await establish(scene, client)["tls"])
      let pem = try TestRequests.tls("gate-01")
      let made = try await client.send(.post, "/api/v1/identity-certificates", .key("all"), new("gate-01", pem: pem))
      #expect(made.status == .created)
      let id = try #require(try made.json()["id"]?.text)
      #expect(made.headers[.location] == "/api/v1/identity-certificates/\(id)")
      let found = try await client.send(.get, "/api/v1/identity-certificates?q=gate&state=valid", .key("all"))
      #expect(try found.json()["items"]?.items.first?["id"]?.text == id)
      let renewed = try await client.send(
        .post, "/api/v1/identity-certificates/\(id)/renewal", .key("all"), #"{"days":30}"#)
      #expect(try renewed.json()["renews"]?.text == id)
      let shown = try #require(try made.json()["certificatePEM"]?.text).replacing("\n", with: "\\n")
      let question = #"{"certificatePEM":"\#(shown)","usage":"client"}"#
      let good = try await client.send(.post, "/api/v1/identity-verifications", .key("all"), question)
      #expect(try good.json()["isBelieved"] == true)
      let path = "/api/v1/identity-authorities/\(authority)/revocation-list"
      let before = try await client.send(.get, path, [:])
      #expect(before.status == .ok && before.headers[.contentType] == "application/pkix-crl")
      let revoked = try await client.send(
        .post, "/api/v1/identity-certificates/\(id)/revocation", .key("all"),
        #"{"reason":"keyCompromise","note":"被盗"}"#)
      #expect(try revoked.json()["state"] == "revoked")
      let after = try await client.send(.get, path, [:])
      #expect(after.body.readableBytes > before.body.readableBytes)
      let bad = try await client.send(.post, "/api/v1/identity-verifications", .key("all"), question)
      #expect(try bad.json()["isBelieved"] == false && bad.json()["fault"] == "revoked")
      let root = try await client.send(.get, "/api/v1/identity-authorities/\(authority)/certificate", [:])
      #expect(String(buffer: root.body).hasPrefix("-----BEGIN CERTIFICATE-----"))
    }
  }

  @Test("a forged or mismatched request, an oversize body and a key service that is down are told apart")
  func refused() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let authority = try #require(try await establish(scene, client)["tls"])
      func issue(_ body: String) async throws -> TestResponse {
        try await client.send(.post, "/api/v1/identity-certificates", .key("all"), body)
      }
      let pem = try TestRequests.tls("gate-01")
      let other = try await issue(new("gate-02", pem: pem))
      #expect(other.status == .unprocessableContent && other.problemCode == "identityRequest.mismatch")
      let forged = try await issue(new("gate-01", pem: try TestRequests.forged(pem)))
      #expect(forged.status == .unprocessableContent && forged.problemCode == "identityRequest.forged")
      let long = try await issue(new("gate-01", pem: String(repeating: "A", count: 65_536)))
      #expect(long.status == .contentTooLarge)
      scene.signing.fail(.unreachable("its socket is gone"))
      let down = try await issue(new("gate-01", pem: pem))
      #expect(down.status == .serviceUnavailable && down.problemCode == "vault.unreachable")
      let list = try await client.send(.get, "/api/v1/identity-authorities/\(authority)/revocation-list", [:])
      #expect(list.status == .ok)
    }
  }

  @Test("an authority is followed by another, which takes over, and retired when nothing of it is left")
  func succession() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let old = try #require(try await establish(scene, client)["tls"])
      let body = #"{"chain":"tls","follows":"\#(old)"}"#
      let path = "/api/v1/identity-authorities"
      let early = try await client.send(.post, path, .key("all"), body)
      #expect(early.problemCode == "identityAuthority.keyMissing")
      try scene.signing.make("ca-tls-2", algorithm: "p256", of: scene.fresh.organisation)
      let made = try await client.send(.post, path, .key("all"), body)
      #expect(made.status == .created)
      let next = try made.json()
      #expect(next["state"] == "next" && next["generation"] == .integer(2))
      let id = try #require(next["id"]?.text)
      #expect(try await client.send(.get, "\(path)/\(id)/certificate", [:]).status == .ok)
      let soon = try await client.send(.post, "\(path)/\(old)/retirement", .key("all"))
      #expect(soon.status == .conflict && soon.problemCode == "identityAuthority.state")
      let stranger = try await client.send(.post, "\(path)/\(id)/takeover", .key("stranger"))
      #expect(stranger.status == .notFound)
      let pem = try TestRequests.tls("gate-01")
      _ = try await client.send(.post, "/api/v1/identity-certificates", .key("all"), new("gate-01", pem: pem))
      #expect(try await client.send(.post, "\(path)/\(id)/takeover", .key("all")).json()["state"] == "issuing")
      let inUse = try await client.send(.post, "\(path)/\(old)/retirement", .key("all"))
      #expect(inUse.status == .conflict && inUse.problemCode == "identityAuthority.inUse")
    }
  }

  @Test("belong to one organisation")
  func others() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      _ = try await establish(scene, client)
      let pem = try TestRequests.tls("gate-01")
      let made = try await client.send(.post, "/api/v1/identity-certificates", .key("all"), new("gate-01", pem: pem))
      let id = try #require(try made.json()["id"]?.text)
      let theirs = try await client.send(.get, "/api/v1/identity-certificates/\(id)", .key("stranger"))
      #expect(theirs.status == .notFound)
      let revoke = try await client.send(
        .post, "/api/v1/identity-certificates/\(id)/revocation", .key("stranger"),
        #"{"reason":"unspecified","note":"x"}"#)
      #expect(revoke.status == .notFound)
      let all = try await client.send(.get, "/api/v1/identity-certificates", .key("stranger"))
      #expect(try all.json()["items"]?.items.isEmpty == true)
    }
  }
}

extension JSONValue {
  /// The items of an array; none of anything else.
  fileprivate var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }
}
