import HTTPTypes
import HummingbirdTesting
import Kernel
import Privacy
import TestSupport
import Testing

@testable import Console

@Suite("The pages of privacy", .clause("9.3d"))
struct PrivacyPagesTests {
  @Test("one's own data are drawn in both languages, with every part", arguments: ["zh-CN", "en"])
  func own(language: String) async throws {
    let world = try await World.make()
    for tab in ["held", "consents", "requests", "looks"] {
      let page = try await world.get("/my-data?tab=\(tab)", language: language)
      #expect(page.status == .ok)
      #expect(!page.text.contains("myData."), "a text is missing in \(tab)")
    }
    let consents = try await world.get("/my-data?tab=consents", language: language)
    #expect(consents.text.contains(language == "en" ? "Opening doors by face" : "人脸识别通行"))
  }

  @Test("consent is given by a form and shown as given, then withdrawn")
  func consent() async throws {
    let world = try await World.make()
    let vague = try await world.post("/my-data/consents", "purpose=face&version=1&act=grant")
    #expect(vague.status == .unprocessableContent)
    let given = try await world.post("/my-data/consents", "purpose=face&version=1&act=grant&explicit=yes")
    #expect(given.status == .seeOther)
    let page = try await world.get("/my-data?tab=consents")
    #expect(page.text.contains("已同意"))
    _ = try await world.post("/my-data/consents", "purpose=face&act=withdraw")
    #expect(try await !world.get("/my-data?tab=consents").text.contains("已同意"))
  }

  @Test("a request is made once by a form sent twice, listed for the staff, and its page drawn")
  func request() async throws {
    let world = try await World.make()
    for _ in 0..<2 {
      let made = try await world.post("/my-data/requests", "kind=restriction&key=k1&note=%E4%BA%89%E8%AE%AE")
      #expect(made.status == .seeOther)
    }
    let found = try await world.console.services.privacy.requests(PrivacyRequestQuery(), by: world.principal).items
    #expect(found.count == 1)
    let request = try #require(found.first)
    #expect(try await world.get("/privacy").text.contains("/privacy/\(request.id)"))
    let page = try await world.get("/privacy/\(request.id)")
    #expect(page.text.contains("争议"))
    #expect(page.text.contains("核对身份"))
    #expect(try await world.get("/privacy/\(request.id)", key: World.readerKey).status == .forbidden)
    #expect(try await world.get("/privacy", key: World.readerKey).status == .forbidden)
    #expect(try await !world.get("/today", key: World.readerKey).text.contains("href=\"/privacy\""))
  }

  @Test("a correction without a value says so beside the form")
  func invalid() async throws {
    let world = try await World.make()
    let page = try await world.post("/my-data/requests", "kind=correction&key=k2&field=accounts.displayName&value=")
    #expect(page.status == .unprocessableContent)
    #expect(page.text.contains("有一项没有填写或过长"))
  }
}
