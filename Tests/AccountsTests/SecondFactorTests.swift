import Foundation
import Kernel
import SQLStore
import TestSupport
import Testing
import Vault

@testable import Accounts

@Suite("A second factor")
struct SecondFactorTests {
  @Test(
    "makes the codes of RFC 6238",
    arguments: [
      (59, "94287082", "46119246"), (1_111_111_109, "07081804", "68084774"), (1_111_111_111, "14050471", "67062674"),
      (1_234_567_890, "89005924", "91819424"), (2_000_000_000, "69279037", "90698825"),
      (20_000_000_000, "65353130", "77737706"),
    ] as [(Int64, String, String)])
  func vectors(_ seconds: Int64, _ sha1: String, _ sha256: String) {
    let digits = Array("12345678901234567890123456789012".utf8)
    let step = TOTP.step(at: Instant(microseconds: seconds * 1_000_000))
    #expect(TOTP.code(Array(digits.prefix(20)), step: step, .sha1, digits: 8) == sha1)
    #expect(TOTP.code(digits, step: step, .sha256, digits: 8) == sha256)
  }

  @Test("is written in Base32 as RFC 4648 does")
  func base32() {
    let vectors = [
      "": "", "f": "MY", "fo": "MZXQ", "foo": "MZXW6", "foob": "MZXW6YQ", "fooba": "MZXW6YTB",
      "foobar": "MZXW6YTBOI",
    ]
    for (text, coded) in vectors {
      #expect(TOTP.base32(Array(text.utf8)) == coded)
      #expect(Base32.bytes(coded) == Array(text.utf8))
    }
    let address = TOTP.address([1, 2, 3], .sha256, account: "wang@x")
    #expect(
      address
        == "otpauth://totp/Anju:wang%40x?secret=AEBAG&issuer=Anju&algorithm=SHA256&digits=6&period=30")
  }

  @Test("comes after the password: until then a session may do nothing", .clause("9.3c"), arguments: Backend.allCases)
  func signingIn(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    _ = try await house.add("wang", .operator)
    let first = try await house.signIn("wang")
    let other = try await house.signIn("wang")
    #expect(!first.principal.assurance.hasSecondFactor)
    let (secret, codes) = try await house.setUpFactor(first, backend == .sqlite ? .sha1 : .sha256)
    let algorithm: TOTP.Algorithm = backend == .sqlite ? .sha1 : .sha256
    #expect(codes.count == Accounts.recoveryCodesCount)
    #expect(Set(codes).count == codes.count)
    #expect(try await house.principal(other.token) == nil)
    #expect(try await house.principal(first.token)?.assurance.isFresh(at: house.fresh.clock.now) == true)

    let second = try await house.signIn("wang")
    #expect(second.principal.permissions == [])
    #expect(!second.principal.isComplete)
    await #expect(throws: AccountsError.signInIncomplete) {
      try await house.accounts.sessions(of: second.principal.id, by: second.principal)
    }
    await #expect(throws: AccountsError.signInIncomplete) {
      try await house.accounts.changePassword(
        from: House.password, to: "another good one", keeping: nil, by: second.principal)
    }
    await #expect(throws: AccountsError.codeWrong) {
      try await house.accounts.verify(code: "000000", session: second.token, by: second.principal)
    }
    house.fresh.clock.advance(by: .seconds(30))
    try await house.accounts.verify(
      code: house.code(secret, algorithm), session: second.token, by: second.principal)
    let whole = try await house.principal(second.token)
    #expect(whole?.permissions == Role.operator.permissions)
    #expect(whole?.isComplete == true)
    #expect(try await house.kinds().contains("account.secondFactorShown"))
  }

  @Test("is taken a step early or late and no more, each code once", .clause("9.3c"), arguments: Backend.allCases)
  func window(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    _ = try await house.add("wang")
    let opened = try await house.signIn("wang")
    let (secret, _) = try await house.setUpFactor(opened)
    let verify = { (steps: Int64) async throws in
      try await house.accounts.verify(
        code: house.code(secret, steps: steps), session: opened.token, by: opened.principal)
    }
    // The one that set it up.
    await #expect(throws: AccountsError.codeWrong) { try await verify(0) }
    await #expect(throws: AccountsError.codeWrong) { try await verify(-1) }
    try await verify(1)
    await #expect(throws: AccountsError.codeWrong) { try await verify(1) }
    house.fresh.clock.advance(by: .seconds(300))
    await #expect(throws: AccountsError.codeWrong) { try await verify(-2) }
    await #expect(throws: AccountsError.codeWrong) { try await verify(2) }
    try await verify(-1)
    try await verify(0)
    let events = try await house.kinds()
    #expect(events.filter { $0 == "account.secondFactorFailed" }.count == 5)
  }

  @Test("shown twice at once counts once")
  func replay() async throws {
    let house = try await House.open()
    _ = try await house.add("wang")
    let opened = try await house.signIn("wang")
    let (secret, _) = try await house.setUpFactor(opened)
    house.fresh.clock.advance(by: .seconds(60))
    let code = house.code(secret)
    let right = await withTaskGroup { group in
      for _ in 0..<4 {
        group.addTask {
          (try? await house.accounts.verify(code: code, session: opened.token, by: opened.principal)) != nil
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(right == 1)
  }

  @Test("is locked after five wrong codes, whatever passwords are given between")
  func guessing() async throws {
    let house = try await House.open()
    _ = try await house.add("wang")
    let (secret, _) = try await house.setUpFactor(try await house.signIn("wang"))
    house.fresh.clock.advance(by: .seconds(60))
    for _ in 0..<5 {
      let opened = try await house.signIn("wang")
      await #expect(throws: AccountsError.codeWrong) {
        try await house.accounts.verify(code: "123456", session: opened.token, by: opened.principal)
      }
    }
    let opened = try await house.signIn("wang")
    await #expect(throws: AccountsError.locked(retryAfterSeconds: 900)) {
      try await house.accounts.verify(code: house.code(secret), session: opened.token, by: opened.principal)
    }
    try await house.accounts.unlock(opened.principal.id, by: house.administrator)
    try await house.accounts.verify(code: house.code(secret), session: opened.token, by: opened.principal)
  }

  @Test("lost is stood in for by recovery codes, each once", arguments: Backend.allCases)
  func recovery(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    _ = try await house.add("wang")
    let (_, codes) = try await house.setUpFactor(try await house.signIn("wang"))
    let opened = try await house.signIn("wang")
    try await house.accounts.verify(code: codes[3].uppercased(), session: opened.token, by: opened.principal)
    let whole = try #require(try await house.principal(opened.token))
    #expect(try await house.accounts.secondFactor(by: whole).recoveryCodesLeft == codes.count - 1)
    await #expect(throws: AccountsError.codeWrong) {
      try await house.accounts.verify(code: codes[3], session: opened.token, by: opened.principal)
    }
    let renewed = try await house.accounts.renewRecoveryCodes(by: whole)
    await #expect(throws: AccountsError.codeWrong) {
      try await house.accounts.verify(code: codes[4], session: opened.token, by: opened.principal)
    }
    try await house.accounts.verify(code: renewed[0], session: opened.token, by: opened.principal)
    house.fresh.clock.advance(by: .seconds(Assurance.freshSeconds))
    let stale = try #require(try await house.principal(opened.token))
    await #expect(throws: AccountsError.self) { try await house.accounts.renewRecoveryCodes(by: stale) }
  }

  @Test("is set up with the password only, replaced never, removed with both or by an administrator")
  func changing() async throws {
    let house = try await House.open()
    let account = try await house.add("wang")
    let opened = try await house.signIn("wang")
    await #expect(throws: AccountsError.passwordWrong) {
      try await house.accounts.offerSecondFactor(password: "wrong", by: opened.principal)
    }
    await #expect(throws: AccountsError.factorMissing) {
      try await house.accounts.confirmSecondFactor(code: "123456", session: opened.token, by: opened.principal)
    }
    let offer = try await house.accounts.offerSecondFactor(password: House.password, by: opened.principal)
    await #expect(throws: AccountsError.codeWrong) {
      try await house.accounts.confirmSecondFactor(code: "abc", session: opened.token, by: opened.principal)
    }
    // Not confirmed, it does not count.
    #expect(try await house.principal(opened.token)?.isComplete == true)
    _ = try await house.accounts.confirmSecondFactor(
      code: house.code(offer.secret), session: opened.token, by: opened.principal)
    let whole = try #require(try await house.principal(opened.token))
    await #expect(throws: AccountsError.factorExists) {
      try await house.accounts.offerSecondFactor(password: House.password, by: whole)
    }
    await #expect(throws: AccountsError.passwordWrong) {
      try await house.accounts.removeSecondFactor(password: "wrong", session: opened.token, by: whole)
    }
    try await house.accounts.removeSecondFactor(password: House.password, session: opened.token, by: whole)
    #expect(try await house.principal(opened.token)?.assurance.hasSecondFactor == false)
    _ = try await house.setUpFactor(opened)
    try await house.accounts.removeSecondFactor(of: account.id, by: house.administrator)
    #expect(try await house.principal(opened.token) == nil)
    #expect(try await house.signIn("wang").principal.isComplete)
  }

  /// The stored secret of an account, and a way to put another there.
  private func stored(_ house: House, _ name: String) async throws -> [UInt8] {
    let row = try await house.fresh.store.read { sql in
      try sql.row("SELECT secret FROM second_factor f JOIN account a ON a.id = f.account WHERE a.name = \(name)")
    }
    return try #require(row).blob("secret")
  }

  private func store(_ house: House, _ name: String, _ secret: [UInt8]) async throws {
    _ = try await house.fresh.store.write { sql in
      try sql.execute(
        "UPDATE second_factor SET secret = \(secret) WHERE account = (SELECT id FROM account WHERE name = \(name))")
    }
  }

  @Test(
    "is sealed where it is stored: changed, or moved to another account, it opens nothing and says so",
    .clause("9.4c", "9.2.2a"), arguments: Backend.allCases)
  func sealing(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    var (secrets, sessions): ([String], [OpenedSession]) = ([], [])
    for name in ["wang", "li"] {
      _ = try await house.add(name)
      let opened = try await house.signIn(name)
      secrets.append(try await house.setUpFactor(opened).secret)
      sessions.append(opened)
    }
    house.fresh.clock.advance(by: .seconds(60))
    let own = try await stored(house, "wang")
    #expect(own[1] == Suite.sm4GCM.rawValue)
    let plain = Base32.bytes(secrets[0])
    #expect(!own.indices.contains { own[$0...].starts(with: plain.prefix(8)) })
    func verify() async throws(AccountsError) {
      try await house.accounts.verify(
        code: house.code(secrets[0]), session: sessions[0].token, by: sessions[0].principal)
    }
    var wrongTag = own
    wrongTag[own.count - 1] ^= 1
    for other in [wrongTag, try await stored(house, "li")] {
      try await store(house, "wang", other)
      await #expect(throws: AccountsError.unreadable("vault.notAuthentic")) { try await verify() }
    }
    try await store(house, "wang", Array(own.prefix(20)))
    await #expect(throws: AccountsError.self) { try await verify() }
    try await store(house, "wang", own)
    house.vault.forget()
    house.keys.fail(.keyUnusable(state: "disabled"))
    await #expect(throws: AccountsError.unreadable("vault.keyUnusable")) { try await verify() }
    house.keys.fail(nil)
    try await verify()
    // Each opening stands in the audit log with its reason, also the one that failed.
    let openings = house.openings.all.filter { $0.place.table == "second_factor" && $0.failure != nil }
    #expect(openings.count >= 3 && openings.allSatisfy { !$0.access.reason.isEmpty })
  }

  @Test(
    "while the key service is down cannot be checked and locks nobody out; recovery codes and passwords still count",
    .clause("9.2.2a", "9.3c"))
  func down() async throws {
    let house = try await House.open()
    _ = try await house.add("wang")
    _ = try await house.add("li")
    let (secret, codes) = try await house.setUpFactor(try await house.signIn("wang"))
    house.fresh.clock.advance(by: .seconds(60))
    house.vault.forget()
    house.keys.fail(.unreachable("down"))
    #expect(try await house.signIn("li").principal.isComplete)
    let opened = try await house.signIn("wang")
    for _ in 0..<10 {
      let error = await #expect(throws: AccountsError.factorSealed) {
        try await house.accounts.verify(code: house.code(secret), session: opened.token, by: opened.principal)
      }
      #expect(error?.kind == .unavailable && error?.remedy.contains("recovery code") == true)
    }
    let li = try await house.signIn("li")
    await #expect(throws: AccountsError.sealed) {
      try await house.accounts.offerSecondFactor(password: House.password, by: li.principal)
    }
    try await house.accounts.verify(code: codes[0], session: opened.token, by: opened.principal)
    house.keys.fail(nil)
    let again = try await house.signIn("wang")
    try await house.accounts.verify(code: house.code(secret), session: again.token, by: again.principal)
  }
}
