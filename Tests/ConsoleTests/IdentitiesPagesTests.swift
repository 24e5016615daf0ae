import HTTPTypes
import HummingbirdTesting
import Identities
import Kernel
import TestSupport
import Testing
import Vault

@testable import Console

@Suite("The pages of identity certificates", .clause("8.8b"))
struct IdentitiesPagesTests {
  private func world() async throws -> World {
    let world = try await World.make()
    try world.signing.make("ca-tls", algorithm: "p256", of: world.fresh.organisation)
    _ = try await world.identities.establish(.tls, by: world.principal)
    return world
  }

  private func form(_ fields: [String: String]) -> String {
    fields.map { "\($0.key)=\(PageQuery.encode($0.value))" }.joined(separator: "&")
  }

  private func issue(_ world: World, _ holder: String, request: String? = nil) async throws -> TestResponse {
    try await world.post(
      "/identities",
      form([
        "chain": "tls", "profile": "device", "holder": holder, "owner": "海清安防", "days": "365",
        "request": try request ?? TestRequests.tls(holder),
      ]))
  }

  @Test("are drawn in both languages without a missing text", arguments: ["zh-CN", "en"])
  func drawn(language: String) async throws {
    let world = try await world()
    let empty = try await world.get("/identities", language: language)
    #expect(empty.status == .ok)
    #expect(empty.text.contains("purpose=ca-application algorithm=sm2"))
    let made = try await issue(world, "gate-01")
    let path = try #require(made.headers[.location]?.split(separator: "?").first.map(String.init))
    for page in ["/identities", path, path + "/revocation"] {
      let shown = try await world.get(page, language: language)
      #expect(shown.status == .ok && shown.text.contains("gate-01"))
      #expect(!shown.text.contains("identities.") && !shown.text.contains("identityR"), "a text is missing in \(page)")
    }
  }

  @Test("a certificate is issued by a form, downloaded, renewed, and revoked after a question")
  func life() async throws {
    let world = try await world()
    let made = try await issue(world, "gate-01")
    #expect(made.status == .seeOther)
    let path = try #require(made.headers[.location]?.split(separator: "?").first.map(String.init))
    let file = try await world.get(path + "/file")
    #expect(file.text.hasPrefix("-----BEGIN CERTIFICATE-----"))
    #expect(file.headers[.contentDisposition] == "attachment; filename=\"gate-01-tls.pem\"")
    let renewed = try await world.post(path + "/renewal", "days=30&request=")
    #expect(renewed.status == .seeOther && renewed.headers[.location] != path)
    let dialog = try await world.get(path + "/revocation", fragment: true)
    #expect(dialog.text.contains("吊销 gate-01") && !dialog.text.contains("<html"))
    let silent = try await world.post(path + "/revocation", "reason=keyCompromise&note=")
    #expect(silent.status == .unprocessableContent && silent.text.contains("请填写说明"))
    let revoked = try await world.post(path + "/revocation", form(["reason": "keyCompromise", "note": "被盗"]))
    #expect(revoked.status == .seeOther)
    let shown = try await world.get(path)
    #expect(shown.text.contains("已吊销") && shown.text.contains("密钥泄露") && !shown.text.contains("/renewal"))
  }

  @Test("what was typed stays when the request is not as it must be", .clause("8.8b"))
  func refused() async throws {
    let world = try await world()
    let forged = try await issue(world, "gate-01", request: TestRequests.forged(TestRequests.tls("gate-01")))
    #expect(forged.status == .unprocessableContent)
    #expect(forged.text.contains("请求的签名与其密钥不符") && forged.text.contains("海清安防"))
    let mismatch = try await issue(world, "gate-01", request: TestRequests.tls("gate-02"))
    #expect(mismatch.text.contains("请求中的名称与填写的不一致"))
    world.signing.fail(.sealed)
    let down = try await issue(world, "gate-01")
    #expect(down.status == .unprocessableContent && down.text.contains("密钥服务不能签名"))
  }

  @Test("are not shown to who may not see them, and offer no act to who may only look")
  func rights() async throws {
    let world = try await world()
    #expect(try await world.get("/identities", key: World.readerKey).status == .forbidden)
    #expect(try await !world.get("/today", key: World.readerKey).text.contains("href=\"/identities\""))
    let refused = try await world.post("/identities/authorities", "chain=application", key: World.readerKey)
    #expect(refused.status == .forbidden)
  }

  @Test("an authority gets a successor, which takes over, and is retired", arguments: ["zh-CN", "en"])
  func succession(language: String) async throws {
    let world = try await world()
    let old = try #require(try await world.identities.authorities(by: world.principal).first)
    let page = try await world.get("/identities", language: language).text
    #expect(page.contains("purpose=ca-tls-2 algorithm=p256") && page.contains("--public-address"))
    try world.signing.make("ca-tls-2", algorithm: "p256", of: world.fresh.organisation)
    let made = try await world.post("/identities/authorities", "chain=tls&follows=\(old.id)")
    #expect(made.status == .seeOther)
    let new = try #require(try await world.identities.authorities(by: world.principal).first)
    #expect(new.generation == 2)
    let prepared = try await world.get("/identities?done=prepared", language: language).text
    #expect(prepared.contains("/identities/authorities/\(new.id)/takeover") && !prepared.contains("/retirement"))
    #expect(try await world.post("/identities/authorities/\(old.id)/takeover", "").status == .unprocessableContent)
    #expect(try await world.post("/identities/authorities/\(new.id)/takeover", "").status == .seeOther)
    let shown = try await world.get("/identities?done=tookOver", language: language).text
    #expect(shown.contains("/identities/authorities/\(old.id)/retirement") && shown.contains("purpose=ca-tls-3"))
    for text in [page, prepared, shown] {
      #expect(!text.contains("identities.") && !text.contains("identityAuthorityState"), "a text is missing")
    }
    #expect(try await world.post("/identities/authorities/\(old.id)/retirement", "").status == .seeOther)
    let refused = try await world.post("/identities/authorities/\(new.id)/retirement", "", key: World.readerKey)
    #expect(refused.status == .forbidden)
  }

  @Test("an authority without a key says how it is made")
  func authority() async throws {
    let world = try await world()
    let early = try await world.post("/identities/authorities", "chain=application")
    #expect(early.status == .unprocessableContent && early.text.contains("密钥服务还没有此机构的密钥"))
    try world.signing.make("ca-application", algorithm: "sm2", of: world.fresh.organisation)
    let made = try await world.post("/identities/authorities", "chain=application")
    #expect(made.status == .seeOther)
    #expect(try await world.get("/identities").text.contains("revocation-list"))
  }
}
