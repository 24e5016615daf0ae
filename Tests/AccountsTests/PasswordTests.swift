import Foundation
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Accounts

@Suite("A password")
struct PasswordTests {
  private static let rules = PasswordRules(breached: BreachList(["password", "dragonfly", "letmein", "123456"]))

  @Test(
    "is refused for what is wrong with it", .clause("9.3a"),
    arguments: [
      ("Short1!", PasswordFault.length), (String(repeating: "Aa1!", count: 300), .length),
      ("Aa1Aa1Aa1Aa1", .monotonous), ("onlysmalllett", .simple),
      ("83920174652", .simple),
      ("wang.fang-01", .name), ("Wang Fang 2026", .name), ("1234567890-", .sequence), ("qwertyuiop12", .sequence),
      ("abcdefghijkl1", .sequence), ("0987654321!", .sequence), ("Password123!", .breached),
      ("p4$$w0rd-2026", .breached),
      ("dragonfly-99", .breached), ("LetMeInLetMeIn1", .breached),
    ])
  func refused(_ text: String, _ fault: PasswordFault) {
    let error = #expect(throws: AccountsError.self) {
      try Self.rules.check(text, name: "wang.fang", displayName: "Wang Fang")
    }
    #expect(error == .passwordWeak(fault))
  }

  @Test(
    "is taken when it is long, or mixed, and not what everybody tries", .clause("9.3a"),
    arguments: [
      "correct horse battery staple", "onlysmalllettersbutlong", "tk4f-9wqz-77", "安居乐业之家园2026年", "my password for work",
      "Tuesday's 3 green cars",
    ])
  func taken(_ text: String) throws {
    try Self.rules.check(text, name: "wang.fang", displayName: "王芳")
  }

  @Test("made here is never refused by the rules")
  func own() throws {
    let random = SharedRandom(seed: 4)
    for _ in 0..<200 {
      try Self.rules.check(Secrets.password { random.bytes($0) }, name: "admin", displayName: "Admin")
    }
  }

  @Test("of the collected list is found by eight bytes of its hash; a damaged file is not read")
  func file() throws {
    let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    #expect(BreachList(file: bytes)?.count == 2)
    #expect(BreachList(file: []) == nil)
    #expect(BreachList(file: Array(bytes.dropLast())) == nil)
    #expect(BreachList(file: Array(bytes.suffix(8) + bytes.prefix(8))) == nil)
    // SHA-256 of "password" begins 5e884898da280471.
    let list = try #require(BreachList(file: [0x5e, 0x88, 0x48, 0x98, 0xda, 0x28, 0x04, 0x71]))
    #expect(list.contains("PassWord"))
    #expect(!list.contains("passwort"))
  }

  @Test("does not come back while it is one of the last five", .clause("9.3a"), arguments: Backend.allCases)
  func history(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    _ = try await house.add("wang")
    let opened = try await house.signIn("wang")
    let all = [House.password] + (1...5).map { "another one, number \($0)" }
    for (old, new) in zip(all, all.dropFirst()) {
      house.fresh.clock.advance(by: .seconds(1))
      for former in all.prefix(while: { $0 != new }).suffix(5) {
        await #expect(throws: AccountsError.passwordWeak(.reused)) {
          try await house.accounts.changePassword(from: old, to: former, keeping: nil, by: opened.principal)
        }
        try await house.accounts.unlock(opened.principal.id, by: house.administrator)
      }
      try await house.accounts.changePassword(from: old, to: new, keeping: nil, by: opened.principal)
    }
    // Five others were between.
    house.fresh.clock.advance(by: .seconds(1))
    try await house.accounts.changePassword(
      from: all[5], to: House.password, keeping: nil, by: opened.principal)
    let kept = try await house.fresh.store.read { try $0.row("SELECT count(*) AS n FROM password_history")?.int("n") }
    #expect(try #require(kept) <= 6)
  }
}
