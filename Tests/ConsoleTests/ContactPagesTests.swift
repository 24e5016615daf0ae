import Accounts
import HTTPTypes
import HummingbirdTesting
import Kernel
import TestSupport
import Testing

@testable import Console

@Suite("Contacts of people: masked, opened with a reason, found by the whole", .clause("9.2.2a", "9.3d"))
struct ContactPagesTests {
  private static let phone = "13800005270"

  private struct Scene {
    let world: World
    let path: String
    let clerk: Principal
  }

  private func scene() async throws -> Scene {
    let world = try await World.make()
    let first = try await world.console.services.accounts.found(organisation: "安居")
    let clerk = Principal(
      id: world.fresh.work.ids.next(), kind: .person, organisation: first.organisation, name: "王芳",
      permissions: Set(Permission.allCases), assurance: .secondFactor(at: world.fresh.clock.now))
    world.people.give(World.otherKey, clerk)
    return Scene(world: world, path: "/people/\(first.operator.id)", clerk: clerk)
  }

  @Test("one is written down, shown masked, opened with a reason, removed after a question", arguments: ["zh-CN", "en"])
  func life(language: String) async throws {
    let (world, path) = try await { ($0.world, $0.path) }(scene())
    let key = World.otherKey
    let written = try await world.post(path + "/contacts", "contact=138+0000+5270", key: key)
    #expect(written.status == .seeOther)
    let page = try await world.get(path, language: language, key: key)
    #expect(page.text.contains("138****5270") && !page.text.contains(Self.phone) && !page.text.contains("contact."))
    let asked = try await world.get(
      path + "/contacts/opening?kind=phone", language: language, fragment: true, key: key)
    #expect(asked.text.contains("name=\"reason\"") && !asked.text.contains(Self.phone))
    let without = try await world.post(path + "/contacts/opening", "kind=phone&reason=", key: key)
    #expect(without.status == .unprocessableContent && !without.text.contains(Self.phone))
    let opened = try await world.post(path + "/contacts/opening", "kind=phone&reason=a+leak", key: key)
    #expect(opened.status == .ok && opened.text.contains(Self.phone))
    #expect(opened.headers[.cacheControl] == "no-store")
    let question = try await world.get(
      path + "/contacts/removal?kind=phone", language: language, fragment: true, key: key)
    #expect(question.text.contains("btn-d") && question.text.contains("138****5270"))
    #expect(try await world.post(path + "/contacts/removal", "kind=phone", key: key).status == .seeOther)
    #expect(try await !world.get(path, key: key).text.contains("138****5270"))
    #expect(try await world.get(path + "/contacts/removal?kind=phone", key: key).status == .notFound)
  }

  @Test("the whole of a number finds its owner, a part finds nobody, and no address has it")
  func search() async throws {
    let (world, path) = try await { ($0.world, $0.path) }(scene())
    _ = try await world.post(path + "/contacts", "contact=\(Self.phone)", key: World.otherKey)
    #expect(try await world.get("/people", key: World.otherKey).text.contains("action=\"/people/contact-search\""))
    let found = try await world.post("/people/contact-search", "contact=138-0000-5270", key: World.otherKey)
    #expect(found.status == .ok && found.text.contains("href=\"\(path)\"") && !found.text.contains(Self.phone))
    let part = try await world.post("/people/contact-search", "contact=1380000", key: World.otherKey)
    #expect(part.status == .ok && !part.text.contains("href=\"\(path)\"") && part.text.contains("没有人登记"))
    let vague = try await world.post("/people/contact-search", "contact=wang", key: World.otherKey)
    #expect(vague.status == .unprocessableContent && vague.text.contains("role=\"alert\""))
  }

  @Test("who may open what is sealed but not see accounts gets there from a request")
  func counter() async throws {
    let scene = try await scene()
    let (world, path, clerk) = (scene.world, scene.path, scene.clerk)
    _ = try await world.post(path + "/contacts", "contact=\(Self.phone)", key: World.otherKey)
    world.people.give(
      World.otherKey,
      Principal(
        id: clerk.id, kind: .person, organisation: clerk.organisation, name: clerk.name,
        permissions: [.privacyRead, .privacyOpen], assurance: clerk.assurance))
    #expect(try await world.get("/privacy", key: World.otherKey).text.contains("action=\"/people/contact-search\""))
    let found = try await world.post("/people/contact-search", "contact=\(Self.phone)", key: World.otherKey)
    let counter = path.replacing("/people/", with: "/privacy/persons/")
    #expect(found.text.contains("href=\"\(counter)\""))
    let page = try await world.get(counter, key: World.otherKey)
    #expect(page.text.contains("138****5270") && page.text.contains("/contacts/opening?kind=phone"))
    #expect(try await world.get(path + "/contacts/opening?kind=phone", key: World.otherKey).status == .ok)
    let opened = try await world.post(path + "/contacts/opening", "kind=phone&reason=a+leak", key: World.otherKey)
    #expect(opened.status == .ok && opened.text.contains(Self.phone) && opened.text.contains("href=\"\(counter)\""))
    #expect(try await world.get(path, key: World.otherKey).status == .forbidden)
  }

  @Test("who may only read people sees it masked and no more")
  func reader() async throws {
    let scene = try await scene()
    let (world, path, clerk) = (scene.world, scene.path, scene.clerk)
    _ = try await world.post(path + "/contacts", "contact=z.w@example.org", key: World.otherKey)
    world.people.give(
      World.otherKey,
      Principal(
        id: clerk.id, kind: .person, organisation: clerk.organisation, name: clerk.name,
        permissions: [.accountsRead], assurance: clerk.assurance))
    let page = try await world.get(path, key: World.otherKey)
    #expect(page.text.contains("z***@example.org") && !page.text.contains("z.w@"))
    #expect(!page.text.contains("/contacts/opening") && !page.text.contains("/contacts/removal"))
    #expect(try await world.get(path + "/contacts/opening?kind=mail", key: World.otherKey).status == .forbidden)
    let opened = try await world.post(path + "/contacts/opening", "kind=mail&reason=x", key: World.otherKey)
    #expect(opened.status == .forbidden && !opened.text.contains("z.w@"))
    #expect(try await world.post("/people/contact-search", "contact=z.w@example.org", key: World.otherKey).status
      == .forbidden)
    #expect(try await world.post(path + "/contacts", "contact=a@example.org", key: World.otherKey).status == .forbidden)
  }
}
