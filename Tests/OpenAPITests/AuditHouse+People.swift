import Accounts
import Guomi
import HTTPTypes
import HummingbirdTesting
import Kernel
import NIOCore
import Privacy
import TestSupport
import Testing

@testable import OpenAPI

extension AuditHouse {
  // MARK: Accounts

  func accounts() async throws {
    let path = "/api/v1/accounts"
    let person = try id(
      try await walk.act(
        "POST \(path)", #"{"name":"li.wei","displayName":"李伟","roles":[{"role":"guard"}]}"#, by: all,
        wanted: ["create account", "create account.role"]))
    let one = "\(path)/\(person)"
    try await walk.act(
      "PATCH \(path)/{account}", at: one, #"{"displayName":"李小伟"}"#, by: all, headers: anyVersion,
      wanted: ["update account"])
    let invited = try await walk.act(
      "POST \(path)/{account}/invitation", at: "\(one)/invitation", by: all, wanted: ["act account.invitation"])
    let token = try id(invited, "token")
    let own = try actor(person)
    try await walk.act(
      "PUT /api/v1/password-resets", #"{"token":"\#(token)","password":"correct horse battery"}"#, by: own,
      wanted: ["update account.password"])
    let given = try await walk.act(
      "POST \(path)/{account}/roles", at: "\(one)/roles", #"{"role":"maintenance"}"#, by: all,
      wanted: ["create account.role"])
    guard case .array(let roles)? = try given.json()["roles"] else { throw Problem.broken }
    let role = try #require(roles.first { $0["role"]?.text == "maintenance" }?["id"]?.text)
    try await walk.act(
      "DELETE /api/v1/roles/{role}", at: "/api/v1/roles/\(role)", by: all, wanted: ["delete account.role"])
    try await walk.act(
      "PUT \(path)/{account}/contacts", at: "\(one)/contacts", #"{"contact":"13800005270"}"#, by: all,
      wanted: ["create account.contact"])
    try await walk.act(
      "POST \(path)/{account}/contacts/openings", at: "\(one)/contacts/openings",
      #"{"kind":"phone","reason":"水管漏水"}"#, by: all, wanted: ["read sealed.account_contact"], why: "水管漏水")
    try await walk.act(
      "POST /api/v1/contact-searches", #"{"contact":"13800005270"}"#, by: all, wanted: ["act account.contact"])
    try await walk.act(
      "DELETE \(path)/{account}/contacts", at: "\(one)/contacts?kind=phone", by: all,
      wanted: ["delete account.contact"])
    try await walk.act(
      "POST \(path)/{account}/unlock", at: "\(one)/unlock", by: all, wanted: ["act account"])
    let session = try await signIn("li.wei", "correct horse battery")
    try await factor(session, "correct horse battery")
    let list = try await walk.client.send(.get, "\(one)/sessions", all.headers).json()
    guard case .array(let items)? = list["items"], let opened = items.first?["id"]?.text else {
      throw Problem.invalidBody("no session")
    }
    try await walk.act(
      "DELETE /api/v1/sessions/{session}", at: "/api/v1/sessions/\(opened)", by: all,
      wanted: ["delete account.session"])
    try await walk.act(
      "DELETE \(path)/{account}/second-factor", at: "\(one)/second-factor", by: all,
      wanted: ["delete account.secondFactor"])
    let asked = try await walk.client.send(.post, "/api/v1/password-resets", [:], #"{"name":"li.wei"}"#)
    #expect(asked.status == .accepted)
    let resets = try await walk.client.send(.get, "/api/v1/password-resets", all.headers).json()
    guard case .array(let open)? = resets["items"], let reset = open.first?["id"]?.text else {
      throw Problem.invalidBody("no reset")
    }
    try await walk.act(
      "POST /api/v1/password-resets/{reset}/approval", at: "/api/v1/password-resets/\(reset)/approval", by: all,
      wanted: ["act account.passwordReset"])
    try await walk.act(
      "POST \(path)/{account}/password-reset", at: "\(one)/password-reset", by: all,
      wanted: ["update account.password"])
    try await apiKeys()
  }

  private func apiKeys() async throws {
    let made = try await walk.act(
      "POST /api/v1/keys", #"{"name":"billing","permissions":["estate.read"]}"#, by: all, wanted: ["create apiKey"])
    let key = try #require(try made.json()["key"]?["id"]?.text)
    try await walk.act(
      "POST /api/v1/keys/{key}/rotation", at: "/api/v1/keys/\(key)/rotation", #"{"overlapSeconds":0}"#, by: all,
      wanted: ["update apiKey"])
    try await walk.act("DELETE /api/v1/keys/{key}", at: "/api/v1/keys/\(key)", by: all, wanted: ["delete apiKey"])
  }

  // MARK: One's own account

  private func actor(_ account: String, _ cookie: HTTPFields = [:]) throws -> Actor {
    Actor(headers: cookie, id: try #require(ID<Principal>(account)), origin: Origin(address: "local", agent: ""))
  }

  /// The cookie of a session.
  private func signIn(_ name: String, _ password: String) async throws -> HTTPFields {
    let opened = try await walk.client.send(
      .post, "/api/v1/session", [:], #"{"name":"\#(name)","password":"\#(password)"}"#)
    let cookie = try #require(opened.headers[.setCookie], "\(String(buffer: opened.body))")
    return .cookie(String(try #require(cookie.firstMatch(of: #/^__Host-anju=([^;]+);/#)).output.1))
  }

  /// Sets up a second factor.
  ///
  /// - Parameter actor: whose entries are expected; nil to look at none.
  private func factor(_ cookie: HTTPFields, _ password: String, by actor: Actor? = nil) async throws {
    let path = "/api/v1/session/second-factor"
    let offer = try await walk.client.send(.post, path, cookie, #"{"password":"\#(password)"}"#)
    let secret = try id(offer, "secret")
    let body = #"{"code":"\#(code(secret))"}"#
    guard let actor else {
      #expect(try await walk.client.send(.put, path, cookie, body).status == .ok)
      return try await walk.skip()
    }
    try await walk.act(
      "PUT \(path)", body, by: actor, wanted: ["platform read sealed.second_factor", "create account.secondFactor"])
  }

  private func code(_ secret: String) -> String {
    TOTP.code(Base32.bytes(secret), step: TOTP.step(at: scene.fresh.clock.now), .sha1)
  }

  func ownAccount() async throws {
    let password = "another horse battery"
    let cookie = try await signIn("operator", first.operatorPassword)
    let own = try actor(first.operator.id.description, cookie)
    try await factor(cookie, first.operatorPassword, by: own)
    try await walk.act(
      "PUT /api/v1/session/password", #"{"old":"\#(first.operatorPassword)","new":"\#(password)"}"#, by: own,
      wanted: ["update account.password"])
    try await walk.act(
      "POST /api/v1/session/recovery-codes", by: own, wanted: ["update account.secondFactor"])
    for _ in 0..<2 { _ = try await signIn("operator", password) }
    let others = try await walk.client.send(.get, "/api/v1/session/others", cookie).json()
    guard case .array(let items)? = others["items"],
      let other = items.first(where: { $0["isThis"] != true })?["id"]?.text
    else { throw Problem.invalidBody("no other session") }
    try await walk.act(
      "DELETE /api/v1/session/others/{session}", at: "/api/v1/session/others/\(other)", by: own,
      wanted: ["delete account.session"])
    try await walk.act(
      "DELETE /api/v1/session/others", by: own, wanted: ["delete account.session"])
    try await walk.act(
      "POST /api/v1/session/second-factor/removal",
      #"{"password":"\#(password)"}"#, by: own, wanted: ["delete account.secondFactor"])
  }

  // MARK: Privacy

  func privacy() async throws {
    let origin = Origin(address: "192.0.2.8", agent: "person/1")
    let person = first.operator.id
    scene.tokens.give(
      "person",
      Principal(
        id: person, kind: .person, organisation: first.organisation, name: "李晓明", permissions: [],
        assurance: .secondFactor(at: scene.fresh.clock.now), origin: origin))
    let own = Actor(headers: .key("person"), id: person, origin: origin)
    let me = "/api/v1/me/privacy-requests"
    func ask(_ kind: String, _ number: Int) async throws -> String {
      try id(
        try await walk.act(
          "POST \(me)", #"{"kind":"\#(kind)"}"#, by: own, headers: [.idempotencyKey: "r\(number)"],
          wanted: ["create privacy.request"]))
    }
    let copy = try await ask("export", 1)
    try await walk.act(
      "POST \(me)/{request}/verification", at: "\(me)/\(copy)/verification", by: own,
      wanted: ["update privacy.request", "platform update privacy.request"])
    try await PrivacyKeeper(privacy: scene.privacy, journal: scene.fresh.journal) { [] }.work()
    try await walk.skip()
    try await walk.act(
      "POST \(me)/{request}/link", at: "\(me)/\(copy)/link", by: own, wanted: ["update privacy.request"])
    let erasure = try await ask("erasure", 2)
    try await walk.act(
      "POST \(me)/{request}/withdrawal", at: "\(me)/\(erasure)/withdrawal", by: own,
      wanted: ["update privacy.request"])
    try await walk.act(
      "POST /api/v1/me/consents", #"{"act":"grant","purpose":"face","version":1,"isExplicit":true}"#, by: own,
      wanted: ["act privacy.consent"])
    try await counter(person)
    try await walk.act(
      "POST /api/v1/privacy/retention-runs", #"{"isDry":true}"#, by: all, wanted: ["act privacy.retention"])
  }

  /// What staff do for a person before them.
  private func counter(_ person: ID<Principal>) async throws {
    let path = "/api/v1/privacy/persons/\(person)"
    let route = "/api/v1/privacy/persons/{person}"
    try await walk.act(
      "POST \(route)/consents", at: "\(path)/consents",
      #"{"act":"withdraw","purpose":"face","evidence":"表格 7"}"#, by: all, wanted: ["act privacy.consent"])
    let hold = try id(
      try await walk.act(
        "POST \(route)/holds", at: "\(path)/holds", #"{"reason":"诉讼","basis":"案号 118"}"#, by: all,
        wanted: ["create privacy.hold"], why: "诉讼"))
    try await walk.act(
      "POST /api/v1/privacy/holds/{hold}/release", at: "/api/v1/privacy/holds/\(hold)/release",
      #"{"reason":"判决已生效"}"#, by: all, wanted: ["update privacy.hold"], why: "判决已生效")
    let requests = "/api/v1/privacy/requests"
    let asked = try id(
      try await walk.act(
        "POST \(route)/requests", at: "\(path)/requests", #"{"kind":"restriction"}"#, by: all,
        headers: [.idempotencyKey: "c1"], wanted: ["create privacy.request"]))
    try await walk.act(
      "POST \(requests)/{request}/verification", at: "\(requests)/\(asked)/verification",
      #"{"evidence":"居民身份证原件"}"#, by: all, wanted: ["update privacy.request"])
    let tag = try #require(
      try await walk.client.send(.get, "\(requests)/\(asked)", all.headers).headers[.eTag])
    try await walk.skip()
    try await walk.act(
      "POST \(requests)/{request}/decision", at: "\(requests)/\(asked)/decision", #"{"approve":true,"reason":"准"}"#,
      by: all, headers: [.ifMatch: tag], wanted: ["update privacy.request"])
    try await walk.act(
      "POST \(route)/restriction-end", at: "\(path)/restriction-end", #"{"reason":"已更正"}"#, by: all,
      wanted: ["update privacy.restriction"], why: "已更正")
    let export = try id(
      try await walk.act(
        "POST \(route)/requests", at: "\(path)/requests", #"{"kind":"export"}"#, by: all,
        headers: [.idempotencyKey: "c2"], wanted: ["create privacy.request"]))
    try await walk.act(
      "POST \(requests)/{request}/verification", at: "\(requests)/\(export)/verification",
      #"{"evidence":"居民身份证原件"}"#, by: all,
      wanted: ["update privacy.request", "platform update privacy.request"])
    try await PrivacyKeeper(privacy: scene.privacy, journal: scene.fresh.journal) { [] }.work()
    try await walk.skip()
    try await walk.act(
      "POST \(requests)/{request}/link", at: "\(requests)/\(export)/link", by: all, wanted: ["update privacy.request"])
    try await wards(person)
  }

  private func wards(_ guardian: ID<Principal>) async throws {
    let minor = try await scene.accounts.create(
      NewAccount(name: "xiao.ming", displayName: "小明", role: .tenant, password: nil),
      by: try #require(scene.tokens.principal("walker")))
    try await walk.skip()
    let route = "/api/v1/privacy/persons/{person}"
    try await walk.act(
      "PUT \(route)/guardian", at: "/api/v1/privacy/persons/\(minor.id)/guardian",
      #"{"guardian":"\#(guardian)","born":"2015-05-01"}"#, by: all, wanted: ["update privacy.ward"])
    let own = Actor(
      headers: .key("person"), id: guardian, origin: try #require(scene.tokens.principal("person")).origin)
    try await walk.act(
      "POST /api/v1/me/wards/{person}/consents", at: "/api/v1/me/wards/\(minor.id)/consents",
      #"{"act":"grant","purpose":"face","version":1,"isExplicit":true}"#, by: own, wanted: ["act privacy.consent"])
  }
}
