import Kernel
import TestSupport
import Testing

@testable import Accounts

@Suite("A lost password")
struct ResetTests {
  private static let new = "a new and better one"

  /// An account with a contact and a second factor.
  private func person(_ house: House) async throws -> (id: ID<Principal>, secret: String, codes: [String]) {
    let account = try await house.add("wang", .operator)
    let opened = try await house.signIn("wang")
    let offer = try await house.accounts.offerContact(
      "138 0000 5270", password: House.password, by: opened.principal)
    let code = try #require(house.messenger.code(to: "13800005270"))
    await #expect(throws: AccountsError.codeWrong) {
      try await house.accounts.confirmContact(offer: offer, code: "x", by: opened.principal)
    }
    try await house.accounts.confirmContact(offer: offer, code: code, by: opened.principal)
    #expect(try await house.accounts.contact(by: opened.principal) == "138****5270")
    let factor = try await house.setUpFactor(opened)
    house.fresh.clock.advance(by: .seconds(60))
    return (account.id, factor.secret, factor.codes)
  }

  private func complete(
    _ house: House, _ token: String, contact: String? = nil, factor: String? = nil
  ) async throws {
    try await house.accounts.completeReset(
      token: token, ResetProofs(contactCode: contact, factorCode: factor), newPassword: Self.new,
      from: Origin(address: token, agent: ""))
  }

  @Test("is replaced with two proofs of three, never with one", .clause("9.3b"), arguments: Backend.allCases)
  func twoProofs(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let person = try await person(house)
    let administrator = house.administrator
    for pair in ["contact and code", "contact and recovery", "code and approval", "contact and approval"] {
      house.fresh.clock.advance(by: .seconds(3_600))
      let token = try await house.accounts.askReset(name: "Wang", from: Origin(address: pair, agent: ""))
      let sent = try #require(house.messenger.code(to: "13800005270"))
      if pair.contains("approval") {
        let pending = try await house.accounts.pendingResets(by: house.administrator)
        #expect(pending.map(\.name).allSatisfy { $0 == "wang" })
        let newest = try #require(pending.max { $0.reset.id < $1.reset.id })
        await #expect(throws: AccountsError.resetRefused) { try await complete(house, token) }
        await #expect(throws: AccountsError.ownAccount) {
          try await house.accounts.approveReset(
            newest.reset.id, by: Principal(
              id: person.id, kind: .person, organisation: administrator.organisation, name: "x",
              permissions: [.accountsWrite], assurance: .secondFactor(at: house.fresh.clock.now)))
        }
        try await house.accounts.approveReset(newest.reset.id, by: house.administrator)
      }
      await #expect(throws: AccountsError.resetRefused) { try await complete(house, token) }
      let contact = pair.contains("contact") ? sent : nil
      let factor =
        pair.contains("recovery") ? person.codes[2] : pair.contains("code") ? house.code(person.secret) : nil
      if !pair.contains("approval") {
        await #expect(throws: AccountsError.resetRefused) { try await complete(house, token, contact: contact) }
        await #expect(throws: AccountsError.resetRefused) {
          try await complete(house, token, contact: "000000x", factor: factor)
        }
      }
      try await house.accounts.completeReset(
        token: token, ResetProofs(contactCode: contact, factorCode: factor),
        newPassword: "\(Self.new): \(pair)", from: Origin(address: token, agent: ""))
      _ = try await house.signIn("wang", "\(Self.new): \(pair)")
      // Used up.
      await #expect(throws: AccountsError.resetRefused) {
        try await complete(house, token, contact: contact, factor: factor)
      }
    }
    #expect(try await house.accounts.pendingResets(by: house.administrator).isEmpty)
  }

  @Test("ends all sessions, and leaves the second factor", .clause("9.3b"))
  func sessions() async throws {
    let house = try await House.open()
    let person = try await person(house)
    let opened = try await house.signIn("wang")
    let token = try await house.accounts.askReset(name: "wang", from: House.origin)
    let sent = try #require(house.messenger.code(to: "13800005270"))
    try await complete(house, token, contact: sent, factor: person.codes[0])
    #expect(try await house.principal(opened.token) == nil)
    #expect(try await house.signIn("wang", Self.new).principal.isComplete == false)
  }

  @Test("is asked for any name with the same answer, and not too often", .clause("9.3b"))
  func generic() async throws {
    let house = try await House.open()
    _ = try await person(house)
    let before = house.messenger.count
    for name in ["wang", "nobody", "x y", "operator"] {
      let token = try await house.accounts.askReset(name: name, from: Origin(address: name, agent: ""))
      #expect(token.count == 43)
      await #expect(throws: AccountsError.resetRefused) {
        try await complete(house, token, contact: "123456", factor: "123456")
      }
    }
    #expect(house.messenger.count == before + 1)
    await #expect(throws: AccountsError.resetRefused) { try await complete(house, "no token") }
    for name in ["wang", "nobody"] {
      let errors = try await asking(house, name)
      #expect(errors == [nil, nil, .tooManyAttempts(retryAfterSeconds: 1_200)], "\(name)")
    }
    // An address that asks for many names.
    for number in 0..<20 {
      _ = try? await house.accounts.askReset(name: "name\(number)", from: Origin(address: "one", agent: ""))
    }
    let error = await #expect(throws: AccountsError.self) {
      try await house.accounts.askReset(name: "other", from: Origin(address: "one", agent: ""))
    }
    #expect(error?.code == "signIn.tooManyAttempts")
  }

  private func asking(_ house: House, _ name: String) async throws -> [AccountsError?] {
    var errors: [AccountsError?] = []
    for number in 0..<3 {
      do throws(AccountsError) {
        _ = try await house.accounts.askReset(name: name, from: Origin(address: "\(name) \(number)", agent: ""))
        errors.append(nil)
      } catch {
        errors.append(error)
      }
    }
    return errors
  }

  @Test("is guessed at five times at most; what was sent is good for ten minutes")
  func limits() async throws {
    let house = try await House.open()
    let person = try await person(house)
    let token = try await house.accounts.askReset(name: "wang", from: House.origin)
    let sent = try #require(house.messenger.code(to: "13800005270"))
    for _ in 0..<PasswordReset.attemptsMax {
      await #expect(throws: AccountsError.resetRefused) {
        try await complete(house, token, contact: "wrong", factor: person.codes[0])
      }
    }
    await #expect(throws: AccountsError.resetRefused) {
      try await complete(house, token, contact: sent, factor: person.codes[0])
    }
    let late = try await house.accounts.askReset(name: "wang", from: House.origin)
    let second = try #require(house.messenger.code(to: "13800005270"))
    house.fresh.clock.advance(by: .seconds(600))
    await #expect(throws: AccountsError.resetRefused) {
      try await complete(house, late, contact: second, factor: person.codes[0])
    }
    // The recovery code was not used up by all this.
    let third = try await house.accounts.askReset(name: "wang", from: House.origin)
    try await complete(
      house, third, contact: house.messenger.code(to: "13800005270"), factor: person.codes[0])
  }

  @Test("of somebody invited is chosen with the invitation alone, once and in time", arguments: Backend.allCases)
  func invitation(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let made = try await house.accounts.create(
      NewAccount(name: "li", displayName: "Li", role: .guard, password: nil), by: house.administrator)
    #expect(made.isInvited)
    await #expect(throws: AccountsError.signInFailed) { try await house.signIn("li", "") }
    let first = try await house.accounts.invite(made.id, by: house.administrator)
    let second = try await house.accounts.invite(made.id, by: house.administrator)
    await #expect(throws: AccountsError.resetRefused) { try await complete(house, first) }
    try await complete(house, second)
    await #expect(throws: AccountsError.resetRefused) { try await complete(house, second) }
    await #expect(throws: AccountsError.notInvited) {
      try await house.accounts.invite(made.id, by: house.administrator)
    }
    #expect(try await house.signIn("li", Self.new).principal.permissions == Role.guard.permissions)
    let late = try await house.accounts.create(
      NewAccount(name: "late", displayName: "Late", role: .guard, password: nil), by: house.administrator)
    let token = try await house.accounts.invite(late.id, by: house.administrator)
    house.fresh.clock.advance(by: .seconds(72 * 3_600))
    await #expect(throws: AccountsError.resetRefused) { try await complete(house, token) }
  }

  @Test("needs no messenger: without one, the other proofs remain, and no contact is taken")
  func withoutMessenger() async throws {
    let house = try await House.open()
    _ = try await house.add("wang")
    let random = SharedRandom(seed: 2)
    let accounts = Accounts(
      work: house.fresh.work, hasher: try PasswordHasher(cost: .least), vault: house.vault,
      random: { random.bytes($0) })
    let opened = try await house.signIn("wang")
    await #expect(throws: AccountsError.messengerMissing) {
      try await accounts.offerContact("13800005270", password: House.password, by: opened.principal)
    }
    let token = try await accounts.askReset(name: "wang", from: House.origin)
    #expect(!token.isEmpty)
  }
}
