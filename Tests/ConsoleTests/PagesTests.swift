import Devices
import Foundation
import HTTPTypes
import HummingbirdTesting
import Kernel
import OpenAPI
import TestSupport
import Testing

@testable import Console

@Suite("Pages")
struct PagesTests {
  static let paths = ["/today", "/rooms", "/alarms", "/devices", "/audit", "/help"]

  @Test("a stranger is led to the sign-in page and back", arguments: paths)
  func stranger(_ path: String) async throws {
    let answer = try await World.make().get(path, key: nil)
    #expect(answer.status == .seeOther)
    #expect(answer.headers[.location]?.hasPrefix("/sign-in?back=%2F") == true)
  }

  @Test("a stranger's part of a page and a stranger's act are refused, not led away")
  func strangerFragment() async throws {
    let world = try await World.make()
    #expect(try await world.get("/devices", fragment: true, key: nil).status == .unauthorized)
    let alarm = "/alarms/0197c1de-0000-7000-8000-000000000000/acknowledge"
    #expect(try await world.post(alarm, key: nil).status == .unauthorized)
  }

  @Test("every page is drawn in both languages under the strict policy", .clause("5.1c"), arguments: paths)
  func drawn(_ path: String) async throws {
    let world = try await World.make()
    try await world.happens("smokeAlarm", at: "SD-201")
    for (language, name) in [("zh-CN", "安居"), ("en", "Anju")] {
      let answer = try await world.get(path, language: language)
      #expect(answer.status == .ok)
      #expect(answer.text.contains("<html lang=\"\(language)\""))
      #expect(answer.text.contains(" · \(name)</title>"))
      #expect(!answer.text.contains("{{"))
      let policy = try #require(answer.headers[.contentSecurityPolicy])
      #expect(policy.contains("script-src 'self'") && !policy.contains("unsafe"))
    }
  }

  @Test("the board shows every room, and the room in alarm in red")
  func board() async throws {
    let world = try await World.make()
    try await world.happens("smokeAlarm", at: "SD-201")
    let text = try await world.get("/rooms").text
    #expect(text.matches(of: #/class="rm/#).count == 12)
    #expect(text.matches(of: #/data-s="alm"/#).count == 1)
    #expect(text.contains("201 室，告警，烟雾报警"))
    #expect(text.matches(of: #/tabindex="0" aria-label="[0-9]/#).count == 1)
  }

  @Test("a room that was never heard is unknown, one that is heard is normal, one that is silent is offline",
    .clause("8.6d"))
  func roomStates() async throws {
    let world = try await World.make()
    #expect(try await world.get("/rooms").text.matches(of: #/data-s="unk"/#).count == 12)
    var numbers = [try await world.device("LK-101").device.number, try await world.device("SD-101").device.number]
    world.liveness.connected(numbers, at: world.fresh.clock.now)
    world.liveness.heard(numbers, at: world.fresh.clock.now)
    #expect(try await world.get("/rooms").text.contains("101 室，正常，2 在线"))
    numbers.removeLast()
    world.liveness.disconnected(numbers, at: world.fresh.clock.now)
    world.fresh.clock.advance(by: .seconds(400))
    try await LivenessService(devices: world.devices, board: world.liveness).turn()
    #expect(try await world.get("/rooms").text.contains("101 室，离线，门锁离线"))
  }

  @Test("htmx gets the part, a browser the whole page")
  func fragments() async throws {
    let world = try await World.make()
    let part = try await world.get("/devices?q=LK", fragment: true).text
    #expect(part.hasPrefix("<div id=\"list\""))
    #expect(!part.contains("<html"))
    #expect(try await world.get("/devices?q=LK").text.contains("<html"))
  }

  @Test("the list of devices is searched, sorted and paged by its address")
  func devices() async throws {
    let world = try await World.make()
    let locks = try await world.get("/devices?kind=lock&sort=-name&size=10").text
    #expect(locks.contains("第 1–10 条，共 12 条"))
    let first = try #require(locks.firstMatch(of: #/LK-\d+/#))
    #expect(first.output == "LK-304")
    #expect(locks.contains("href=\"/devices?kind=lock&amp;page=2&amp;size=10&amp;sort=-name\""))
    let second = try await world.get("/devices?kind=lock&sort=-name&size=10&page=2").text
    #expect(second.contains("第 11–12 条，共 12 条"))
    #expect(try await world.get("/devices?q=nothing").text.contains("没有符合条件的设备"))
  }

  @Test("the export has the rows of the filter")
  func export() async throws {
    let answer = try await World.make().get("/devices?kind=lock&format=csv")
    #expect(answer.headers[.contentType] == "text/csv; charset=utf-8")
    let lines = answer.text.split(separator: "\r\n")
    #expect(lines.count == 13)
    #expect(lines[0].hasSuffix("名称,类型,位置,状态,最近消息,物模型,登记状态,登记时间"))
  }

  @Test("a page that is not there says so, in the frame and with its number")
  func notFound() async throws {
    let world = try await World.make()
    for path in ["/nothing", "/devices/x", "/rooms/0197c1de-0000-7000-8000-000000000000"] {
      let answer = try await world.get(path)
      #expect(answer.status == .notFound)
      #expect(answer.text.contains("没有找到") && answer.text.contains("class=\"rail\""))
    }
  }

  @Test("what a person may not do is not offered, and refused", .clause("8.3"))
  func permissions() async throws {
    let world = try await World.make()
    try await world.happens("smokeAlarm", at: "SD-201")
    let lock = try await world.device("LK-101").device.id
    let page = try await world.get("/devices/\(lock)", key: World.readerKey).text
    #expect(!page.contains("/commands/unlock"))
    #expect(try await world.get("/devices/\(lock)/commands/unlock", key: World.readerKey).status == .forbidden)
    #expect(try await world.post("/devices/\(lock)/commands/unlock", key: World.readerKey).status == .forbidden)
    #expect(!(try await world.get("/rooms", key: World.readerKey).text.contains("确认告警")))
  }

  @Test("signing in gives a cookie that scripts cannot read, and leads back")
  func signIn() async throws {
    let answer = try await World.make().post("/sign-in", "name=admin&password=right&back=%2Fdevices", key: nil)
    #expect(answer.status == .seeOther)
    #expect(answer.headers[.location] == "/devices")
    let cookie = try #require(answer.headers[.setCookie])
    #expect(cookie.contains("HttpOnly") && cookie.contains("Secure") && cookie.contains("SameSite=Strict"))
  }

  @Test("a wrong password keeps the name and says nothing more; a locked account is told for how long")
  func signInRefused() async throws {
    let world = try await World.make()
    let wrong = try await world.post("/sign-in", "name=%22%3E%3Cb%3E&password=no", key: nil)
    #expect(wrong.status == .unauthorized)
    #expect(wrong.text.contains("账号或密码不正确。") && wrong.text.contains("value=\"&quot;&gt;&lt;b&gt;\""))
    #expect(!wrong.text.contains("value=\"no\""))
    let locked = try await world.post("/sign-in", "name=locked&password=no", key: nil)
    #expect(locked.status == .tooManyRequests)
    #expect(locked.text.contains("请在 14 分钟后重试"))
  }

  @Test("many attempts from one address are slowed down")
  func signInRate() async throws {
    let world = try await World.make()
    var last: HTTPResponse.Status = .ok
    for _ in 0..<12 { last = try await world.post("/sign-in", "name=admin&password=no", key: nil).status }
    #expect(last == .tooManyRequests)
  }

  @Test("a form from another site changes nothing")
  func crossSite() async throws {
    let world = try await World.make()
    let answer = try await world.post(
      "/sign-in", "name=admin&password=right", key: nil, headers: [.fetchSite: "cross-site"])
    #expect(answer.status == .forbidden)
    #expect(answer.headers[.setCookie] == nil)
  }

  @Test("a form that is too large or no form is refused")
  func badForms() async throws {
    let world = try await World.make()
    let large = try await world.post("/sign-in", "name=" + String(repeating: "a", count: 20_000), key: nil)
    #expect(large.status == .contentTooLarge)
    let json = try await world.post("/sign-in", "{}", key: nil, headers: [.contentType: "application/json"])
    #expect(json.status == .unsupportedMediaType)
  }

  @Test("language and theme are kept in cookies")
  func preferences() async throws {
    let answer = try await World.make().post("/preferences", "language=en&theme=dark&back=%2Frooms")
    #expect(answer.headers[.location] == "/rooms")
    #expect(answer.headers[values: .setCookie].contains { $0.hasPrefix("anju_language=en;") })
    #expect(answer.headers[values: .setCookie].contains { $0.hasPrefix("anju_theme=dark;") })
  }

  @Test("our own files are kept for good under their version, and checked without it")
  func files() async throws {
    let world = try await World.make()
    let page = try await world.get("/rooms").text
    let path = try #require(page.firstMatch(of: #/\/static\/[0-9a-f]+\/css\/tokens\.css/#)).output
    let kept = try await world.get(String(path), key: nil)
    #expect(kept.status == .ok && kept.headers[.cacheControl]?.contains("immutable") == true)
    let checked = try await world.get("/static/css/tokens.css", key: nil)
    #expect(checked.headers[.eTag] != nil && checked.headers[.cacheControl]?.contains("immutable") == false)
    #expect(try await world.get("/static/../Console.swift", key: nil).status == .notFound)
    #expect(try await world.get("/static/css/none.css", key: nil).status == .notFound)
  }
}
