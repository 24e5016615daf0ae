import Accounts
import HTTPTypes
import HummingbirdTesting
import Kernel
import TestSupport
import Testing

@testable import OpenAPI

@Suite("Accounts over HTTP")
struct AccountsRoutesTests {
  private func signIn(_ password: String) -> String { #"{"name":"admin","password":"\#(password)"}"# }

  /// A session of the first system administrator, with a second factor set up and shown.
  private func administrator(
    _ scene: Scene, _ client: some TestClientProtocol, _ password: String, name: String = "admin"
  ) async throws -> HTTPFields {
    let opened = try await client.send(
      .post, "/api/v1/session", [:], #"{"name":"\#(name)","password":"\#(password)"}"#)
    let cookie = HTTPFields.cookie(try token(opened))
    let offer = try await client.send(
      .post, "/api/v1/session/second-factor", cookie, #"{"password":"\#(password)"}"#)
    let secret = try #require(try offer.json()["secret"]?.text)
    let confirmed = try await client.send(
      .put, "/api/v1/session/second-factor", cookie, #"{"code":"\#(code(scene, secret))"}"#)
    #expect(confirmed.status == .ok)
    return cookie
  }

  private func code(_ scene: Scene, _ secret: String) -> String {
    TOTP.code(Base32.bytes(secret), step: TOTP.step(at: scene.fresh.clock.now), .sha1)
  }

  /// The token in the cookie that an answer sets.
  private func token(_ response: TestResponse) throws -> String {
    let cookie = try #require(response.headers[.setCookie])
    let form = #/^__Host-anju=([^;]+); Path=\/; Secure; HttpOnly; SameSite=Strict/#
    return String(try #require(cookie.firstMatch(of: form)).output.1)
  }

  @Test("a session is opened with a password, kept in a cookie, and over after signing out")
  func session() async throws {
    let scene = try await Scene()
    let first = try await scene.accounts.found(organisation: "安居")
    try await scene.application().test(.router) { client in
      let opened = try await client.send(.post, "/api/v1/session", [:], signIn(first.administratorPassword))
      #expect(opened.status == .noContent)
      let token = try token(opened)
      let who = try await client.send(.get, "/api/v1/session", .cookie(token))
      #expect(try who.json()["name"]?.text == "admin")
      let left = try await client.send(.delete, "/api/v1/session", .cookie(token))
      #expect(left.headers[.setCookie]?.contains("Max-Age=0") == true)
      let after = try await client.send(.get, "/api/v1/session", .cookie(token))
      #expect(after.status == .unauthorized)
    }
  }

  @Test("a session is not opened by a wrong password, nor from another site's page")
  func refused() async throws {
    let scene = try await Scene()
    let first = try await scene.accounts.found(organisation: "安居")
    try await scene.application().test(.router) { client in
      let refused = try await client.send(.post, "/api/v1/session", [:], signIn("wrong"))
      #expect(refused.status == .unauthorized)
      #expect(refused.headers[.setCookie] == nil)
      let forged = try await client.send(
        .post, "/api/v1/session", [.origin: "https://evil.example"], signIn(first.administratorPassword))
      #expect(forged.problemCode == "request.crossOrigin")
    }
  }

  @Test("signing in can be tried so many times from an address, and then not even with the right password")
  func limited() async throws {
    let scene = try await Scene(rates: { OpenAPISurface.Rates(time: $0) })
    let first = try await scene.accounts.found(organisation: "安居")
    try await scene.application().test(.router) { client in
      for number in 1...10 {
        let body = #"{"name":"user\#(number)","password":"wrong"}"#
        _ = try await client.send(.post, "/api/v1/session", [:], body)
      }
      let response = try await client.send(.post, "/api/v1/session", [:], signIn(first.administratorPassword))
      #expect(response.status == .tooManyRequests)
      #expect(response.headers[.retryAfter] != nil)
    }
  }

  @Test("a second factor is due after the password, and again before what is sensitive", .clause("9.3c"))
  func secondFactor() async throws {
    let scene = try await Scene()
    let first = try await scene.accounts.found(organisation: "安居")
    let password = first.administratorPassword
    try await scene.application().test(.router) { client in
      let opened = try await client.send(.post, "/api/v1/session", [:], signIn(password))
      let early = HTTPFields.cookie(try token(opened))
      let new = #"{"name":"wang.fang","displayName":"王芳"}"#
      let unfit = try await client.send(.post, "/api/v1/accounts", early, new)
      #expect(unfit.status == .forbidden)
      #expect(unfit.problemCode == "verification.secondFactorMissing")
      let offer = try await client.send(
        .post, "/api/v1/session/second-factor", early, #"{"password":"\#(password)"}"#)
      let secret = try #require(try offer.json()["secret"]?.text)
      #expect(try offer.json()["address"]?.text?.hasPrefix("otpauth://totp/") == true)
      _ = try await client.send(
        .put, "/api/v1/session/second-factor", early, #"{"code":"\#(code(scene, secret))"}"#)

      let again = try await client.send(.post, "/api/v1/session", [:], signIn(password))
      let cookie = HTTPFields.cookie(try token(again))
      #expect(try await client.send(.get, "/api/v1/session", cookie).json()["due"]?.text == "secondFactor")
      for (method, path) in [(HTTPRequest.Method.get, "/api/v1/session/others"), (.get, "/api/v1/accounts")] {
        #expect(try await client.send(method, path, cookie).problemCode == "signIn.incomplete")
      }
      scene.fresh.clock.advance(by: .seconds(30))
      let shown = try await client.send(
        .post, "/api/v1/session/verification", cookie, #"{"code":"\#(code(scene, secret))"}"#)
      #expect(shown.status == .noContent)
      #expect(try await client.send(.post, "/api/v1/accounts", cookie, new).status == .created)
      scene.fresh.clock.advance(by: .seconds(Assurance.freshSeconds))
      let other = #"{"name":"li.wei","displayName":"李伟"}"#
      let stale = try await client.send(.post, "/api/v1/accounts", cookie, other)
      #expect(stale.status == .forbidden)
      #expect(stale.problemCode == "verification.needed")
      #expect(try stale.json()["remedy"]?.text?.contains("/api/v1/session/verification") == true)
      #expect(try await client.send(.get, "/api/v1/accounts", cookie).status == .ok)
    }
  }

  @Test("an account is made, invited, given roles, changed by its version, and its password reset", .clause("9.2.2c"))
  func accounts() async throws {
    let scene = try await Scene()
    let first = try await scene.accounts.found(organisation: "安居")
    let building = "0197c1de-5a00-7000-8000-00000000000b"
    try await scene.application().test(.router) { client in
      let cookie = try await administrator(scene, client, first.administratorPassword)
      let new = """
        {"name":"wang.fang","displayName":"王芳","roles":[{"role":"guard","scope":"building","place":"\(building)"}]}
        """
      let made = try await client.send(.post, "/api/v1/accounts", cookie, new)
      #expect(made.status == .created)
      let path = try #require(made.headers[.location])
      let again = try await client.send(.post, "/api/v1/accounts", cookie, new)
      #expect(again.status == .conflict)
      let invited = try await client.send(.post, "\(path)/invitation", cookie)
      let invitation = try #require(try invited.json()["token"]?.text)
      let chosen = try await client.send(
        .put, "/api/v1/password-resets", [:], #"{"token":"\#(invitation)","password":"correct horse battery"}"#)
      #expect(chosen.status == .noContent)
      let opened = try await client.send(
        .post, "/api/v1/session", [:], #"{"name":"wang.fang","password":"correct horse battery"}"#)
      let own = HTTPFields.cookie(try token(opened))
      let who = try await client.send(.get, "/api/v1/session", own).json()
      guard case .array(let grants)? = who["grants"] else { throw Problem.broken }
      #expect(grants.map { $0["place"]?.text } == [building])

      var headers = cookie
      headers[.ifMatch] = try await client.send(.get, path, cookie).headers[.eTag]
      let changed = try await client.send(.patch, path, headers, #"{"displayName":"王小芳"}"#)
      #expect(try changed.json()["displayName"]?.text == "王小芳")
      let stale = try await client.send(.patch, path, headers, #"{"displayName":"王芳"}"#)
      #expect(stale.status == .preconditionFailed)
      let given = try await client.send(.post, "\(path)/roles", cookie, #"{"role":"viewer"}"#)
      #expect(given.status == .created)
      let office = try await client.send(.post, "\(path)/roles", cookie, #"{"role":"auditor"}"#)
      #expect(office.problemCode == "role.dutiesExclude")
      guard case .array(let roles)? = try given.json()["roles"] else { throw Problem.broken }
      #expect(Set(roles.compactMap { $0["role"]?.text }) == ["guard", "viewer"])
      let role = try #require(roles.first { $0["role"]?.text == "viewer" }?["id"]?.text)
      #expect(try await client.send(.delete, "/api/v1/roles/\(role)", cookie).status == .ok)
      let reset = try await client.send(.post, "\(path)/password-reset", cookie)
      #expect(try reset.json()["password"]?.text?.isEmpty == false)
      let list = try await client.send(.get, "/api/v1/accounts?text=wang", cookie).json()
      guard case .array(let items)? = list["items"] else { throw Problem.broken }
      #expect(items.compactMap { $0["name"]?.text } == ["wang.fang"])
    }
  }

  @Test("asking for a lost password answers the same for every name", .clause("9.3b"))
  func lost() async throws {
    let scene = try await Scene()
    _ = try await scene.accounts.found(organisation: "安居")
    try await scene.application().test(.router) { client in
      for name in ["admin", "nobody"] {
        let asked = try await client.send(.post, "/api/v1/password-resets", [:], #"{"name":"\#(name)"}"#)
        #expect(asked.status == .accepted)
        let token = try #require(try asked.json()["token"]?.text)
        let refused = try await client.send(
          .put, "/api/v1/password-resets", [:],
          #"{"token":"\#(token)","factorCode":"123456","password":"correct horse battery"}"#)
        #expect(refused.problemCode == "passwordReset.refused")
      }
    }
  }

  @Test("a key is made, opens what it may and nothing more, and is useless once revoked", .clause("7.2.2e"))
  func keys() async throws {
    let scene = try await Scene()
    let first = try await scene.accounts.found(organisation: "安居")
    try await scene.application().test(.router) { client in
      let cookie = try await administrator(scene, client, first.operatorPassword, name: "operator")
      let made = try await client.send(
        .post, "/api/v1/keys", cookie, #"{"name":"billing","permissions":["estate.read"]}"#)
      #expect(made.status == .created)
      let text = try #require(try made.json()["text"]?.text)
      let id = try #require(try made.json()["key"]?["id"]?.text)
      let rooms = try await client.send(.get, "/api/v1/rooms", .key(text))
      #expect(rooms.status == .ok)
      let alarms = try await client.send(.get, "/api/v1/alarms", .key(text))
      #expect(alarms.status == .forbidden)
      let rotated = try await client.send(
        .post, "/api/v1/keys/\(id)/rotation", cookie, #"{"overlapSeconds":0}"#)
      let second = try #require(try rotated.json()["text"]?.text)
      #expect(try await client.send(.get, "/api/v1/rooms", .key(text)).status == .unauthorized)
      #expect(try await client.send(.get, "/api/v1/rooms", .key(second)).status == .ok)
      let revoked = try await client.send(.delete, "/api/v1/keys/\(id)", cookie)
      #expect(revoked.status == .noContent)
      let after = try await client.send(.get, "/api/v1/rooms", .key(second))
      #expect(after.status == .unauthorized)
    }
  }
}
