import HTTPTypes
import HummingbirdTesting
import Kernel
import TestSupport
import Testing

@testable import Console

@Suite("The auditor's pages", .clause("6.8.2g"))
struct AuditPagesTests {
  @Test("show what was done, filtered by what the address says")
  func list() async throws {
    let world = try await World.make()
    let all = try await world.get("/audit?size=100").text
    #expect(all.contains("新建 楼栋") && all.contains("3 号楼"))
    #expect(all.matches(of: #/href="\/audit\/[0-9]+"/#).count == 26, "a project, a building, 24 devices")
    let some = try await world.get("/audit?context=estate&verb=create&q=3%20%E5%8F%B7", fragment: true).text
    #expect(some.hasPrefix("<div id=\"list\""))
    #expect(some.matches(of: #/href="\/audit\/[0-9]+"/#).count == 1)
    #expect(try await world.get("/audit?from=2026-11-24").text.contains("没有符合条件的记录"))
    #expect(try await world.get("/audit?from=2026-11-23&to=2026-11-23").text.contains("新建 设备"))
    #expect(try await world.get("/audit?context=estate", language: "en").text.contains("Created Building"))
  }

  @Test("go on where the page before ended")
  func paged() async throws {
    let world = try await World.make()
    let first = try await world.get("/audit?size=10").text
    let next = try #require(first.firstMatch(of: #/rel="next" href="([^"]+)"/#)?.output.1)
    let second = try await world.get(String(next).replacing("&amp;", with: "&")).text
    let numbers = { (text: String) in Set(text.matches(of: #/href="\/audit\/([0-9]+)"/#).map { String($0.output.1) }) }
    #expect(numbers(first).count == 10 && numbers(second).count == 10)
    #expect(numbers(first).isDisjoint(with: numbers(second)))
  }

  @Test("show one entry with its state of proof, in both languages")
  func entry() async throws {
    let world = try await World.make()
    let text = try await world.get("/audit/1").text
    #expect(text.contains("第 1 条记录") && text.contains("已写入，等待计算散列") && text.contains("estate.project"))
    #expect(try await world.get("/audit/1", language: "en").text.contains("Written, not hashed yet"))
    for path in ["/audit/999", "/audit/x", "/audit/-1"] {
      #expect(try await world.get(path).status == .notFound)
    }
  }

  @Test("are not there for those without the permission, nor named in the navigation")
  func denied() async throws {
    let world = try await World.make()
    for path in ["/audit", "/audit/1", "/audit?format=csv", "/audit?format=proof", "/audit/1?format=proof"] {
      #expect(try await world.get(path, key: World.readerKey).status == .forbidden, "\(path)")
    }
    #expect(try await !world.get("/today", key: World.readerKey).text.contains("href=\"/audit\""))
    #expect(try await world.get("/today").text.contains("href=\"/audit\""))
  }

  @Test("take nothing out without a second verification")
  func export() async throws {
    let world = try await World.make()
    #expect(try await world.get("/audit?format=csv").text.contains(",create,estate.building,"))
    // Verified, but too long ago.
    world.fresh.clock.advance(by: .seconds(Assurance.freshSeconds))
    for path in ["/audit?format=csv", "/audit?format=proof", "/audit/1?format=proof"] {
      let asked = try await world.get(path)
      #expect(asked.status == .forbidden && asked.text.contains("name=\"verification-code\""), "\(path)")
      #expect(asked.text.contains("action=\"/verification\"") && asked.text.contains("?then="), "\(path)")
    }
    let page = try await world.get("/audit?verb=create&then=proof")
    #expect(page.status == .ok && page.headers[Self.refresh] == "0; url=/audit?format=proof&verb=create")
    #expect(try await world.get("/audit/1?then=proof").headers[Self.refresh] == "0; url=/audit/1?format=proof")
    #expect(try await world.get("/audit?then=https://example.org").headers[Self.refresh] == nil)
  }

  // A name of letters alone is never refused.
  private static let refresh = HTTPField.Name("Refresh")!
}
