import Accounts
import HTTPTypes
import HummingbirdTesting
import Kernel
import Privacy
import TestSupport
import Testing

@testable import Console

@Suite("Questions before an account's access ends, retention and the counter", .clause("9.3c", "9.3d"))
struct ConfirmPagesTests {
  @Test("retention is drawn in both languages, counted, and cleaned up after a question", arguments: ["zh-CN", "en"])
  func retention(language: String) async throws {
    let world = try await World.make()
    let page = try await world.get("/privacy/retention", language: language)
    #expect(page.status == .ok && !page.text.contains("retention."))
    #expect(try await world.get("/privacy/retention/run", language: language, fragment: true).text.contains("btn-d"))
    #expect(try await world.post("/privacy/retention", "dry=yes").status == .seeOther)
    #expect(try await world.post("/privacy/retention", "dry=no").status == .seeOther)
    let runs = try await world.console.services.privacy.retentionRuns(PageRequest(), by: world.principal)
    #expect(Set(runs.items.map(\.isDry)) == [true, false])
    let shown = try await world.get("/privacy/retention", language: language)
    #expect(shown.status == .ok && shown.text.contains(language == "en" ? "Clean-up" : "清理"))
    #expect(try await world.get("/privacy/retention", key: World.readerKey).status == .forbidden)
  }

  @Test("consent is written down at the counter with the form that was signed")
  func counter() async throws {
    let world = try await World.make()
    let first = try await world.console.services.accounts.found(organisation: "安居")
    let staff = Principal(
      id: world.fresh.work.ids.next(), kind: .person, organisation: first.organisation, name: "柜台",
      permissions: Set(Permission.allCases), assurance: .secondFactor(at: world.fresh.clock.now))
    let other = World.otherKey
    world.people.give(other, staff)
    let path = "/privacy/persons/\(first.operator.id)"
    let page = try await world.get(path, key: other)
    #expect(page.status == .ok && page.text.contains("登记同意"))
    let vague = try await world.post(path + "/consents", "purpose=face&version=1&act=grant&evidence=F1", key: other)
    #expect(vague.status == .unprocessableContent && vague.text.contains("敏感个人信息需要单独同意"))
    let given = try await world.post(
      path + "/consents", "purpose=face&version=1&act=grant&explicit=yes&evidence=F1", key: other)
    #expect(given.status == .seeOther)
    #expect(try await world.get(path, key: other).text.contains("登记撤回"))
    #expect(try await world.get("/privacy/persons/\(first.operator.id)").status == .notFound)
  }

  @Test("ending somebody's access asks first, naming whom", arguments: ["activity", "password", "second-factor"])
  func persons(act: String) async throws {
    let world = try await World.make()
    let first = try await world.console.services.accounts.found(organisation: "安居")
    let officer = Principal(
      id: world.fresh.work.ids.next(), kind: .person, organisation: first.organisation, name: "王芳",
      permissions: Set(Permission.allCases), assurance: .secondFactor(at: world.fresh.clock.now))
    world.people.give(World.otherKey, officer)
    let path = "/people/\(first.operator.id)"
    let person = try await world.get(path, key: World.otherKey)
    #expect(person.text.contains("href=\"\(path)/\(act)\" data-dialog=\"small\""))
    let dialog = try await world.get("\(path)/\(act)", fragment: true, key: World.otherKey)
    #expect(dialog.status == .ok && dialog.text.contains("btn-d") && dialog.text.contains("action=\"\(path)/\(act)\""))
    #expect(dialog.text.contains(first.operator.displayName))
    #expect(try await world.get("\(path)/\(act)", key: World.readerKey).status == .forbidden)
    world.people.give(World.otherKey, officer.onlyReading)
    #expect(try await world.get("\(path)/\(act)", key: World.otherKey).status == .forbidden)
  }
}

extension Principal {
  fileprivate var onlyReading: Principal {
    Principal(
      id: id, kind: kind, organisation: organisation, name: name, permissions: [.accountsRead], assurance: assurance)
  }
}
