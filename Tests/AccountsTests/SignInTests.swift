import Dispatch
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Accounts

@Suite("Signing in")
struct SignInTests {
  @Test("with the first administrator's password opens a session, on both stores", arguments: Backend.allCases)
  func opens(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    #expect(house.first.administratorPassword.count == 23)
    let opened = try await house.signIn("ADMIN", house.first.administratorPassword)
    #expect(opened.principal.id == house.administrator.id)
    #expect(opened.principal.grants == house.administrator.grants)
    #expect(opened.principal.origin == House.origin)
    #expect(opened.token.count == 43)
    #expect(try await house.principal(opened.token) == opened.principal)
    #expect(
      try await house.kinds() == [
        "organisation.founded", "account.created", "account.roleAssigned", "account.created", "account.roleAssigned",
        "account.signedIn",
      ])
    #expect(try await house.accounts.organisationName(by: house.administrator) == "安居 Homes")
  }

  @Test("works only once for the first administrator's making")
  func foundOnce() async throws {
    let house = try await House.open()
    #expect(try await !house.accounts.isEmpty())
    await #expect(throws: AccountsError.alreadySetUp) { try await house.accounts.found(organisation: "Other") }
  }

  @Test("keeps neither password nor token in the store", .clause("9.2.1a"), arguments: Backend.allCases)
  func hashesOnly(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    let opened = try await house.signIn("admin", house.first.administratorPassword)
    let made = try await house.accounts.makeKey(
      NewKey(name: "k", permissions: [.estateRead]), by: house.operator)
    let factor = try await house.setUpFactor(opened, password: house.first.administratorPassword)
    let secret = String(made.text.split(separator: "_")[2])
    let stored = try await house.fresh.store.read { sql in
      try [
        "account", "session", "api_key", "journal", "password_history", "second_factor", "recovery_code",
      ].flatMap { table in
        try sql.rows("SELECT * FROM \(raw: table)").map { "\($0.values)" }
      }
    }
    #expect(!stored.joined().contains("\(Base32.bytes(factor.secret))"))
    for hidden in [house.first.administratorPassword, opened.token, secret, factor.secret, factor.codes[0]] {
      #expect(!stored.joined().contains(hidden))
      #expect(!stored.joined().contains("\(Array(hidden.utf8))"))
    }
    #expect(stored.joined().contains("$argon2id$"))
  }

  @Test("fails alike for a wrong password, an unknown name and a name that cannot be")
  func failsAlike() async throws {
    let house = try await House.open()
    for name in ["admin", "nobody", "", "x y", String(repeating: "a", count: 100)] {
      await #expect(throws: AccountsError.signInFailed) { try await house.signIn(name, "wrong password") }
    }
    await #expect(throws: AccountsError.signInFailed) {
      try await house.signIn("admin", String(repeating: "x", count: 2_000))
    }
  }

  @Test(
    "is locked after five wrong passwords, for longer each time, also with the right one", arguments: Backend.allCases)
  func locks(_ backend: Backend) async throws {
    let house = try await House.open(backend)
    for minutes in [15, 30, 60] {
      for attempt in 0..<5 {
        await #expect(throws: AccountsError.signInFailed) {
          try await house.signIn("admin", "wrong", address: "address \(minutes) \(attempt)")
        }
      }
      await #expect(throws: AccountsError.locked(retryAfterSeconds: minutes * 60)) {
        try await house.signIn("admin", house.first.administratorPassword)
      }
      house.fresh.clock.advance(by: .seconds(minutes * 60))
    }
    _ = try await house.signIn("admin", house.first.administratorPassword)
    #expect(try await house.kinds().filter { $0 == "account.locked" }.count == 3)
    #expect(try await house.kinds().filter { $0 == "account.signInFailed" }.count == 15)
    // The right password began the count anew.
    for _ in 0..<4 { await #expect(throws: AccountsError.signInFailed) { try await house.signIn("admin", "wrong") } }
    _ = try await house.signIn("admin", house.first.administratorPassword)
  }

  @Test("gives many guesses at once no more tries than one after the other")
  func parallelGuesses() async throws {
    let house = try await House.open()
    let results = await withTaskGroup { group in
      for guess in 0..<30 {
        group.addTask { () -> AccountsError? in
          do throws(AccountsError) {
            _ = try await house.signIn("admin", "guess \(guess)", address: "address \(guess)")
            return nil
          } catch {
            return error
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.filter { $0 == .signInFailed }.count == 5)
    #expect(results.filter { $0?.kind == .limited(retryAfterSeconds: 900) }.count == 25)
  }

  @Test("locks a name nobody has as it would one that exists")
  func unknownLocks() async throws {
    let house = try await House.open()
    for _ in 0..<5 { await #expect(throws: AccountsError.signInFailed) { try await house.signIn("nobody", "wrong") } }
    await #expect(throws: AccountsError.locked(retryAfterSeconds: 900)) { try await house.signIn("nobody", "wrong") }
  }

  @Test("is refused to an address after twenty wrong attempts, and allowed again as time goes by")
  func addressLimit() async throws {
    let house = try await House.open()
    for attempt in 0..<20 {
      await #expect(throws: AccountsError.signInFailed) { try await house.signIn("name\(attempt)", "wrong") }
    }
    await #expect(throws: AccountsError.tooManyAttempts(retryAfterSeconds: 15)) {
      try await house.signIn("admin", house.first.administratorPassword)
    }
    _ = try await house.signIn("admin", house.first.administratorPassword, address: "192.0.2.2")
    house.fresh.clock.advance(by: .seconds(15))
    _ = try await house.signIn("admin", house.first.administratorPassword)
  }

  @Test("remembers a bounded number of addresses")
  func bounded() async throws {
    let limiter = AttemptLimiter()
    let now = Instant(microseconds: 0)
    for _ in 0..<20 { limiter.failed("first", at: now) }
    #expect(throws: AccountsError.self) { try limiter.check("first", at: now) }
    for number in 0..<AttemptLimiter.entriesMax { limiter.failed("address \(number)", at: now) }
    #expect(throws: Never.self) { try limiter.check("first", at: now) }
    #expect(limiter.addressesCount <= AttemptLimiter.entriesMax)
  }

  @Test("refuses at once when too many hashes wait")
  func flood() async throws {
    let hasher = try PasswordHasher(cost: .least, parallelMax: 1, lineMax: 2)
    let gate = DispatchSemaphore(value: 0)
    try await withThrowingTaskGroup { group in
      for _ in 0..<3 { group.addTask { try await hasher.run { gate.wait() } } }
      try await until { hasher.waitingCount == 2 }
      await #expect(throws: AccountsError.busy) { try await hasher.hash("some password") }
      await #expect(throws: AccountsError.busy) { try await hasher.verify("some password", nil) }
      for _ in 0..<3 { gate.signal() }
      try await group.waitForAll()
    }
    // Afterwards the line is free again.
    _ = try await hasher.hash("some password")
  }

  @Test("moves an old hash to today's cost")
  func rehash() async throws {
    let house = try await House.open()
    let random = SharedRandom(seed: 9)
    let later = Accounts(
      work: house.fresh.work, hasher: try PasswordHasher(cost: .init(passes: 2, memoryBytes: 16_384)),
      vault: house.vault, random: { random.bytes($0) })
    _ = try await later.signIn(
      name: "admin", password: house.first.administratorPassword, from: House.origin)
    let hash = try await house.fresh.store.read { sql in
      try sql.row("SELECT password_hash FROM account WHERE name = 'admin'")?.text(0)
    }
    #expect(hash?.contains("m=16,t=2") == true)
    _ = try await later.signIn(
      name: "admin", password: house.first.administratorPassword, from: House.origin)
  }
}
