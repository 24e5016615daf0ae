import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kernel
import NIOCore
import TestSupport
import Testing

@testable import OpenAPI

@Suite("Rate limits")
struct RateLimiterTests {
  @Test("allow a burst, then so many a second, and say how long to wait")
  func bucket() throws {
    let clock = ManualClock()
    let limiter = RateLimiter(burst: 3, perSecond: 0.5, time: clock.timekeeper)
    for _ in 1...3 { try limiter.take("a") }
    let problem = #expect(throws: Problem.self) { try limiter.take("a") }
    #expect(problem?.headers[.retryAfter] == "2")
    try limiter.take("b")
    clock.advance(by: .seconds(2))
    try limiter.take("a")
    #expect(throws: Problem.self) { try limiter.take("a") }
  }

  @Test("remember a bounded number of names, and those that asked most the longest")
  func bounded() throws {
    let clock = ManualClock()
    let limiter = RateLimiter(burst: 2, perSecond: 1, namesMax: 16, time: clock.timekeeper)
    try limiter.take("loud")
    try limiter.take("loud")
    for number in 0..<1_000 { try limiter.take("name\(number)") }
    #expect(limiter.names <= 16)
    #expect(throws: Problem.self) { try limiter.take("loud") }
  }

  @Test("a clock set back neither gives nor takes")
  func clockBack() throws {
    let clock = ManualClock()
    let limiter = RateLimiter(burst: 1, perSecond: 1, time: clock.timekeeper)
    try limiter.take("a")
    clock.set(clock.now.advanced(by: .seconds(-3_600)))
    #expect(throws: Problem.self) { try limiter.take("a") }
    clock.advance(by: .seconds(1))
    try limiter.take("a")
  }
}

@Suite("Cursors")
struct CursorTests {
  private let cursors = Cursors(secret: Array(0..<32))

  @Test("come back as they were, for the same list only")
  func sealed() throws {
    let text = try cursors.seal("1,2,房间", scope: "rooms")
    #expect(try cursors.open(String.self, text, scope: "rooms") == "1,2,房间")
    #expect(throws: Problem.self) { try cursors.open(String.self, text, scope: "rooms?building=1") }
    #expect(throws: Problem.self) {
      try Cursors(secret: Array(repeating: 1, count: 32)).open(String.self, text, scope: "rooms")
    }
  }

  @Test("are refused when a single character differs")
  func tampered() throws {
    let text = try cursors.seal("4711", scope: "rooms")
    for index in text.indices {
      var copy = text
      copy.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
      guard copy != text, (try? cursors.open(String.self, copy, scope: "rooms")) != nil else { continue }
      // The last character of base64 has bits that count for nothing.
      #expect(index == text.index(before: text.endIndex) || text[text.index(after: index)] == ".")
    }
    for text in ["", ".", "a.b", "....", String(repeating: "a", count: 5_000)] {
      #expect(throws: Problem.self) { try cursors.open(String.self, text, scope: "rooms") }
    }
  }
}

@Suite("Errors of the HTTP side")
struct ProblemTests {
  @Test("a path that does not exist is answered with a problem that names the request")
  func unknownPath() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let response = try await client.send(.get, "/api/v1/nothing")
      #expect(response.status == .notFound)
      #expect(response.problemCode == "route.unknown")
      let document = try JSONDecoder().decode(
        Problem.Document.self, from: Data(response.body.readableBytesView))
      #expect(document.status == 404)
      #expect(document.type == "urn:anju:problem:route.unknown")
      #expect(document.instance == "urn:anju:request:\(response.headers[.requestID] ?? "")")
      #expect(!document.detail.isEmpty && !document.remedy.isEmpty && !document.title.isEmpty)
    }
  }

  @Test("every answer carries the security headers and a request id of its own")
  func headers() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      var ids: Set<String> = []
      for path in ["/api/v1/openapi.json", "/api/v1/rooms", "/api/v1/nothing"] {
        let response = try await client.send(.get, path)
        for (name, value) in RequestShell.securityHeaders { #expect(response.headers[name] == value) }
        ids.insert(response.headers[.requestID] ?? "")
      }
      #expect(ids.count == 3)
    }
  }

  @Test("bodies that are too large, of another type or malformed are refused with their own status", arguments: [
    ("application/json", String(repeating: " ", count: 70_000), 413, "body.tooLarge"),
    ("text/plain", "{}", 415, "body.mediaType"), ("", "{}", 415, "body.mediaType"),
    ("application/json", "{", 400, "body.malformed"), ("application/json", "", 400, "body.malformed"),
    ("application/json", String(repeating: "[", count: 10_000), 400, "body.malformed"),
    ("application/json", "[]", 422, "body.invalid"), ("application/json", "{}", 422, "body.invalid"),
    ("application/json", #"{"name":7}"#, 422, "body.invalid"),
    ("application/json", #"{"name":"A","nmae":"B"}"#, 422, "body.invalid"),
    ("application/json", #"{"name":"A","name":"B"}"#, 400, "body.malformed"),
    ("application/json", #"{"name":" A"}"#, 422, "estate.fieldInvalid"),
  ])
  func bodies(type: String, body: String, status: Int, code: String) async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      var headers = HTTPFields.key("all")
      headers[.contentType] = type
      let response = try await client.send(.post, "/api/v1/projects", headers, body)
      #expect(response.status.code == status)
      #expect(response.problemCode == code)
    }
  }

  @Test("a charset beside the type is no other type")
  func charset() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      var headers = HTTPFields.key("all")
      headers[.contentType] = "Application/JSON; charset=utf-8"
      let response = try await client.send(.post, "/api/v1/projects", headers, #"{"name":"A"}"#)
      #expect(response.status == .created)
    }
  }

  @Test("parameters that are unknown, twice, out of range or no id are refused", arguments: [
    "?limt=5", "?limit=5&limit=6", "?limit=0", "?limit=201", "?limit=x", "?building=7", "?cursor=abc",
    "?text=\(String(repeating: "a", count: 65))", "?cursor=",
  ])
  func parameters(query: String) async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let response = try await client.send(.get, "/api/v1/rooms\(query)")
      #expect(response.status == .badRequest, "\(query)")
      #expect(response.problemCode != nil)
    }
  }

  @Test("a target that is too long is refused")
  func target() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let response = try await client.send(.get, "/api/v1/rooms?text=\(String(repeating: "a", count: 9_000))")
      #expect(response.status == .uriTooLong)
    }
  }

  @Test("an error nobody foresaw is answered without its details")
  func broken() async throws {
    struct Secret: Error {}
    let endpoint = Endpoint(
      .get, "/api/v1/broken", "break", tag: "test", "Breaks.", access: .open, answer: .nothing
    ) { _ in throw Secret() }
    let scene = try await Scene(extra: [endpoint])
    try await scene.application().test(.router) { client in
      let response = try await client.send(.get, "/api/v1/broken")
      #expect(response.status == .internalServerError)
      #expect(response.problemCode == "server.broken")
      #expect(!String(buffer: response.body).contains("Secret"))
    }
  }

  @Test("a use case that takes too long is given up and says so")
  func slow() async throws {
    let clock = ManualClock()
    let answer = try await withThrowingTaskGroup(of: Int?.self) { group in
      group.addTask {
        try await within(.seconds(30), time: clock.timekeeper) {
          try await Task.sleep(for: .seconds(3_600))
          return 1
        }
      }
      await clock.waitForSleepers()
      clock.advance(by: .seconds(30))
      return try await group.next() ?? nil
    }
    #expect(answer == nil)
  }
}

@Suite("Who asks")
struct AccessTests {
  @Test("a wrong key is an error even beside a good cookie, on open paths too")
  func wrongKey() async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      var headers = HTTPFields.cookie("all")
      headers[.authorization] = "Bearer wrong"
      for path in ["/api/v1/rooms", "/api/v1/openapi.json"] {
        let response = try await client.send(.get, path, headers)
        #expect(response.status == .unauthorized)
        #expect(response.headers[.wwwAuthenticate] == "Bearer realm=\"anju\"")
      }
      headers[.authorization] = "Basic YWxsOmFsbA=="
      #expect(try await client.send(.get, "/api/v1/rooms", headers).status == .unauthorized)
    }
  }

  @Test("wrong tokens are limited by address, and good ones then wait too")
  func guessing() async throws {
    let scene = try await Scene()
    let failures = RateLimiter(burst: 5, perSecond: 0.1, time: scene.fresh.clock.timekeeper)
    try await scene.application(failures: failures).test(.router) { client in
      for _ in 1...5 { #expect(try await client.send(.get, "/api/v1/rooms", .key("guess")).status == .unauthorized) }
      let response = try await client.send(.get, "/api/v1/rooms", .key("all"))
      #expect(response.status == .tooManyRequests)
      #expect(response.headers[.retryAfter] == "10")
    }
  }

  @Test("a principal that asks too much waits; others do not")
  func rate() async throws {
    let scene = try await Scene(rates: { time in
      OpenAPISurface.Rates(
        ofPrincipal: RateLimiter(burst: 3, perSecond: 1, time: time),
        ofAddress: RateLimiter(burst: 3, perSecond: 1, time: time),
        ofSignIn: RateLimiter(burst: 3, perSecond: 1, time: time))
    })
    try await scene.application().test(.router) { client in
      for _ in 1...3 { #expect(try await client.send(.get, "/api/v1/rooms").status == .ok) }
      let response = try await client.send(.get, "/api/v1/rooms")
      #expect(response.status == .tooManyRequests)
      #expect(response.headers[.retryAfter] == "1")
      #expect(try await client.send(.get, "/api/v1/rooms", .key("stranger")).status == .ok)
    }
  }

  @Test("a cookie changes something only from a page of this site", arguments: [
    (["Sec-Fetch-Site": "same-origin"], true), (["Origin": "https://localhost"], true), ([:], false),
    (["Sec-Fetch-Site": "cross-site"], false), (["Sec-Fetch-Site": "same-site"], false),
    (["Sec-Fetch-Site": "none"], false), (["Origin": "https://evil.example"], false), (["Origin": "null"], false),
    (["Origin": "http://localhost"], false), (["Origin": "https://localhost.evil.example"], false),
    (["Sec-Fetch-Site": "cross-site", "Origin": "https://localhost"], false),
  ])
  func forgery(extra: [String: String], isAllowed: Bool) async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      var headers: HTTPFields = [.cookie: "\(SessionCookie.name)=all"]
      for (name, value) in extra { headers[try #require(HTTPField.Name(name))] = value }
      let response = try await client.send(.post, "/api/v1/projects", headers, #"{"name":"A"}"#)
      #expect(response.status == (isAllowed ? .created : .forbidden))
      #expect(try await client.send(.get, "/api/v1/projects", headers).status == .ok)
    }
  }

  @Test("the cookie can not be read by scripts, sent without TLS or from another site")
  func cookie() {
    let header = SessionCookie.give("t", secondsMax: 60)
    for part in ["__Host-anju=t", "Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=60"] {
      #expect(header.components(separatedBy: "; ").contains(part))
    }
    #expect(!header.contains("Domain"))
    #expect(SessionCookie.take.contains("Max-Age=0"))
  }
}
