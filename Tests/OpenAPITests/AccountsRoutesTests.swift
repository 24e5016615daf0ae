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
      let opened = try await client.send(.post, "/api/v1/session", [:], signIn(first.password))
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
        .post, "/api/v1/session", [.origin: "https://evil.example"], signIn(first.password))
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
      let response = try await client.send(.post, "/api/v1/session", [:], signIn(first.password))
      #expect(response.status == .tooManyRequests)
      #expect(response.headers[.retryAfter] != nil)
    }
  }

  @Test("an account is made, changed by its version, and its password reset")
  func accounts() async throws {
    let scene = try await Scene()
    let first = try await scene.accounts.found(organisation: "安居")
    try await scene.application().test(.router) { client in
      let opened = try await client.send(.post, "/api/v1/session", [:], signIn(first.password))
      let cookie = HTTPFields.cookie(try token(opened))
      let new = #"{"name":"wang.fang","displayName":"王芳","role":"guard","password":"correct horse"}"#
      let made = try await client.send(.post, "/api/v1/accounts", cookie, new)
      #expect(made.status == .created)
      let path = try #require(made.headers[.location])
      let again = try await client.send(.post, "/api/v1/accounts", cookie, new)
      #expect(again.status == .conflict)
      var headers = cookie
      headers[.ifMatch] = try await client.send(.get, path, cookie).headers[.eTag]
      let changed = try await client.send(.patch, path, headers, #"{"role":"viewer"}"#)
      #expect(try changed.json()["role"]?.text == "viewer")
      let stale = try await client.send(.patch, path, headers, #"{"role":"guard"}"#)
      #expect(stale.status == .preconditionFailed)
      let reset = try await client.send(.post, "\(path)/password-reset", cookie)
      #expect(try reset.json()["password"]?.text?.isEmpty == false)
      let list = try await client.send(.get, "/api/v1/accounts", cookie).json()
      guard case .array(let items)? = list["items"] else { throw Problem.broken }
      #expect(items.compactMap { $0["name"]?.text } == ["admin", "wang.fang"])
    }
  }

  @Test("a key is made, opens what it may and nothing more, and is useless once revoked", .clause("7.2.2e"))
  func keys() async throws {
    let scene = try await Scene()
    let first = try await scene.accounts.found(organisation: "安居")
    try await scene.application().test(.router) { client in
      let opened = try await client.send(.post, "/api/v1/session", [:], signIn(first.password))
      let cookie = HTTPFields.cookie(try token(opened))
      let made = try await client.send(
        .post, "/api/v1/keys", cookie, #"{"name":"billing","permissions":["estate.read"]}"#)
      #expect(made.status == .created)
      let text = try #require(try made.json()["text"]?.text)
      let id = try #require(try made.json()["key"]?["id"]?.text)
      let rooms = try await client.send(.get, "/api/v1/rooms", .key(text))
      #expect(rooms.status == .ok)
      let alarms = try await client.send(.get, "/api/v1/alarms", .key(text))
      #expect(alarms.status == .forbidden)
      let revoked = try await client.send(.delete, "/api/v1/keys/\(id)", cookie)
      #expect(revoked.status == .noContent)
      let after = try await client.send(.get, "/api/v1/rooms", .key(text))
      #expect(after.status == .unauthorized)
    }
  }
}
