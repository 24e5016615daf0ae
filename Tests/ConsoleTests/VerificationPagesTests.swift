import Accounts
import HTTPTypes
import HummingbirdTesting
import Kernel
import OpenAPI
import TestSupport
import Testing

@testable import Console

@Suite("The second verification in the pages", .clause("9.3c"))
struct VerificationPagesTests {
  /// A system administrator with a second factor, shown too long ago.
  private struct Administrator {
    let world: World
    let token: String
    let secret: String

    init() async throws {
      world = try await World.make()
      let accounts = world.console.services.accounts
      let first = try await accounts.found(organisation: "安居")
      let origin = Origin(address: "192.0.2.7", agent: "test")
      let opened = try await accounts.signIn(
        name: first.administrator.name, password: first.administratorPassword, from: origin)
      let principal = try #require(try await Identify(accounts).session(opened.token, origin))
      let offer = try await accounts.offerSecondFactor(password: first.administratorPassword, by: principal)
      secret = offer.secret
      token = opened.token
      _ = try await accounts.confirmSecondFactor(code: Self.code(secret, world), session: token, by: principal)
      world.fresh.clock.advance(by: .seconds(Assurance.freshSeconds + 60))
    }

    static func code(_ secret: String, _ world: World) -> String {
      TOTP.code(Base32.bytes(secret), step: TOTP.step(at: world.fresh.clock.now), .sha1)
    }

    var code: String { Self.code(secret, world) }

    func post(_ path: String, _ form: String) async throws -> TestResponse {
      try await world.post(
        path, form, key: nil, headers: [.cookie: "\(SessionCookie.name)=\(token)", .fetchSite: "same-origin"])
    }
  }

  private static let form = "name=li.wei&displayName=%E6%9D%8E%E4%BC%9F&role=guard&scope=organisation&back=/people"

  @Test("asks for the code, keeps what was typed, and does the act with the right code only")
  func asks() async throws {
    let administrator = try await Administrator()
    let accounts = administrator.world.console.services.accounts
    let asked = try await administrator.post("/people", Self.form)
    #expect(asked.status == .forbidden)
    #expect(asked.text.contains("name=\"verification-code\"") && asked.text.contains("autocomplete=\"one-time-code\""))
    #expect(asked.text.contains("name=\"name\" value=\"li.wei\"") && asked.text.contains("href=\"/people\""))
    let wrong = try await administrator.post("/people", Self.form + "&verification-code=000000")
    #expect(wrong.status == .unprocessableContent && wrong.text.contains("验证码不正确"))
    let done = try await administrator.post("/people", Self.form + "&verification-code=\(administrator.code)")
    #expect(done.status == .ok && done.text.contains("id=\"shown\""))
    // Not asked again for five minutes.
    let again = try await administrator.post("/people", Self.form.replacing("li.wei", with: "wang.min"))
    #expect(again.status == .ok)
    let origin = Origin(address: "192.0.2.7", agent: "test")
    let principal = try #require(try await Identify(accounts).session(administrator.token, origin))
    let found = try await accounts.accounts(AccountQuery(role: .guard), by: principal)
    #expect(Set(found.items.map(\.name)) == ["li.wei", "wang.min"])
  }

  @Test("before a file it leads back to the file's page, of this site only, with the right code only")
  func file() async throws {
    let administrator = try await Administrator()
    let form = "next=/audit?then%3Dproof&back=/audit"
    let asked = try await administrator.post("/verification", form)
    #expect(asked.status == .forbidden && asked.text.contains("verification-code"))
    let wrong = try await administrator.post("/verification", form + "&verification-code=000000")
    #expect(wrong.status == .unprocessableContent && wrong.text.contains("value=\"/audit?then=proof\""))
    let right = try await administrator.post("/verification", form + "&verification-code=\(administrator.code)")
    #expect(right.status == .seeOther && right.headers[.location] == "/audit?then=proof")
    let other = try await administrator.post("/verification", "next=//example.org&verification-code=1")
    #expect(other.headers[.location] == nil || other.headers[.location] == "/")
  }

  @Test("writes no password into the page that asks")
  func passwords() async throws {
    let administrator = try await Administrator()
    let form = Self.form + "&password-old=correct+horse&password=battery+staple"
    let asked = try await administrator.post("/people", form)
    #expect(asked.status == .forbidden && asked.text.contains("verification-code"))
    #expect(!asked.text.contains("correct horse") && !asked.text.contains("battery staple"))
  }

  @Test("is locked after five wrong codes, and says so")
  func locked() async throws {
    let administrator = try await Administrator()
    for _ in 0..<5 { _ = try await administrator.post("/people", Self.form + "&verification-code=000000") }
    let locked = try await administrator.post("/people", Self.form + "&verification-code=\(administrator.code)")
    #expect(locked.status == .unprocessableContent && locked.text.contains("锁定"))
  }
}
