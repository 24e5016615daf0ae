import Foundation
import Kernel
import TestSupport
import Testing

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

  @Test("is sealed where it is stored: for its account only, and not with another key")
  func sealing() async throws {
    let random = SharedRandom(seed: 8)
    let box = LocalSecretBox(key: random.bytes(32), random: { random.bytes($0) })
    let sealed = try await box.seal([1, 2, 3], for: "a")
    #expect(try await box.open(sealed, for: "a") == [1, 2, 3])
    #expect(try await box.seal([1, 2, 3], for: "a") != sealed)
    await #expect(throws: SecretBoxFailure.wrong) { try await box.open(sealed, for: "b") }
    for place in [0, 24, sealed.count - 1] {
      var changed = sealed
      changed[place] ^= 1
      await #expect(throws: SecretBoxFailure.wrong) { try await box.open(changed, for: "a") }
    }
    let other = LocalSecretBox(key: random.bytes(32), random: { random.bytes($0) })
    await #expect(throws: SecretBoxFailure.wrong) { try await other.open(sealed, for: "a") }
    await #expect(throws: SecretBoxFailure.wrong) { try await box.open([], for: "a") }
    #expect("\(box)" == "‹secret›")
    #expect(String(reflecting: box) == "‹secret›" || !String(reflecting: box).contains("["))
  }
}
