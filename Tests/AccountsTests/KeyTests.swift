import Accounts
import Kernel
import TestSupport
import Testing

@Suite("An API key")
struct KeyTests {
  static func make(
    _ house: House, _ permissions: Set<Permission> = [.estateRead], expiresAt: Instant? = nil
  ) async throws -> MadeKey {
    try await house.accounts.makeKey(
      NewKey(name: "billing", permissions: permissions, expiresAt: expiresAt), by: house.operator)
  }

  @Test("stands for a system with its permissions, until it is revoked", arguments: Backend.allCases)
  func life(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let made = try await Self.make(house)
    #expect(made.text.hasPrefix(made.key.prefix + "_"))
    #expect(made.key.prefix.count == 21)
    let principal = try #require(try await house.accounts.principal(apiKey: made.text, from: House.origin))
    #expect(principal.kind == .system)
    #expect(principal.organisation == house.first.organisation)
    #expect(principal.permissions == [.estateRead])
    #expect(principal.name == "billing")
    try await house.accounts.revokeKey(made.key.id, by: house.administrator)
    try await house.accounts.revokeKey(made.key.id, by: house.administrator)
    #expect(try await house.accounts.principal(apiKey: made.text, from: House.origin) == nil)
    #expect(try await house.kinds().suffix(2) == ["apiKey.made", "apiKey.revoked"])
  }

  @Test("ends at its time")
  func expiry() async throws {
    let house = try await House.open()
    let clock = house.fresh.clock
    let made = try await Self.make(house, expiresAt: clock.now.advanced(by: .seconds(10)))
    #expect(try await house.accounts.principal(apiKey: made.text, from: House.origin) != nil)
    clock.advance(by: .seconds(10))
    #expect(try await house.accounts.principal(apiKey: made.text, from: House.origin) == nil)
    let error = await #expect(throws: AccountsError.self) { try await Self.make(house, expiresAt: clock.now) }
    #expect(error?.code == "account.fieldInvalid")
  }

  @Test("is nothing but itself")
  func forgery() async throws {
    let house = try await House.open()
    let one = try await Self.make(house).text
    let two = try await Self.make(house).text
    let handle = String(one.prefix(22))
    let wrong = [
      "", "anju_", handle, handle + String(two.dropFirst(22)), String(one.dropLast()), one + "x",
      "anju" + one.dropFirst(5), String(repeating: "x", count: 1_000),
    ]
    for text in wrong {
      #expect(try await house.accounts.principal(apiKey: text, from: House.origin) == nil, "\(text)")
    }
  }

  @Test("says when it was last used, to the minute")
  func lastUse() async throws {
    let house = try await House.open()
    let made = try await Self.make(house)
    let used = { try await house.accounts.keys(PageRequest(), by: house.administrator).items.first?.usedAt }
    #expect(try await used() == nil)
    let first = house.fresh.clock.now
    _ = try await house.accounts.principal(apiKey: made.text, from: House.origin)
    #expect(try await used() == first)
    house.fresh.clock.advance(by: .seconds(59))
    _ = try await house.accounts.principal(apiKey: made.text, from: House.origin)
    #expect(try await used() == first)
    house.fresh.clock.advance(by: .seconds(1))
    _ = try await house.accounts.principal(apiKey: made.text, from: House.origin)
    #expect(try await used() == house.fresh.clock.now)
  }

  @Test("is listed newest first, and is one of a limited number")
  func list() async throws {
    var limits = AccountsLimits()
    limits.keysMax = 3
    let house = try await House.open(limits: limits)
    var ids: [ID<APIKey>] = []
    for _ in 0..<3 {
      ids.append(try await Self.make(house).key.id)
      house.fresh.clock.advance(by: .seconds(1))
    }
    await #expect(throws: AccountsError.tooMany("API keys", max: 3)) { try await Self.make(house) }
    let page = try await house.accounts.keys(PageRequest(limit: 2), by: house.administrator)
    #expect(page.items.map(\.id) == [ids[2], ids[1]])
    let rest = try await house.accounts.keys(PageRequest(cursor: page.next, limit: 2), by: house.administrator)
    #expect(rest.items.map(\.id) == [ids[0]])
    #expect(rest.next == nil)
    await #expect(throws: AccountsError.cursorInvalid) {
      try await house.accounts.keys(PageRequest(cursor: "x"), by: house.administrator)
    }
    try await house.accounts.revokeKey(ids[0], by: house.administrator)
    _ = try await Self.make(house)
  }

  @Test("gets another secret, the old one good for a while", arguments: Backend.allCases)
  func rotation(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let made = try await Self.make(house)
    let opens = { (text: String) async throws in
      try await house.accounts.principal(apiKey: text, from: House.origin)?.id == made.key.id.tagged()
    }
    let rotated = try await house.accounts.rotateKey(made.key.id, overlapSeconds: 100, by: house.operator)
    #expect(rotated.key.prefix == made.key.prefix)
    #expect(try await opens(made.text))
    #expect(try await opens(rotated.text))
    house.fresh.clock.advance(by: .seconds(100))
    #expect(try await !opens(made.text))
    #expect(try await opens(rotated.text))
    let again = try await house.accounts.rotateKey(made.key.id, overlapSeconds: 0, by: house.operator)
    #expect(try await !opens(rotated.text))
    #expect(try await opens(again.text))
    try await house.accounts.revokeKey(made.key.id, by: house.administrator)
    #expect(try await !opens(again.text))
    await #expect(throws: AccountsError.keyUnknown) {
      try await house.accounts.rotateKey(made.key.id, overlapSeconds: 0, by: house.operator)
    }
    #expect(try await house.kinds().filter { $0 == "apiKey.rotated" }.count == 2)
  }
}
