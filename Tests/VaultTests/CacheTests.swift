import Guomi
import Kernel
import TestSupport
import Testing
@testable import Vault

@Suite("Keys in memory")
struct CacheTests {
  @Test("are asked for once, and again when their time is over", .clause("9.2.2a"))
  func kept() async throws {
    let stand = Stand()
    for _ in 0..<50 { let _: Sealed<String, Important> = try await stand.sealed("x") }
    #expect(stand.keys.calls == ["key.lease"])
    stand.clock.advance(by: .seconds(900))
    let sealed: Sealed<String, Important> = try await stand.sealed("x")
    #expect(stand.keys.calls.count == 2)
    _ = try await stand.vault.open(sealed, at: stand.place(), for: stand.access())
    #expect(stand.keys.calls.count == 2)
    stand.clock.advance(by: .seconds(900))
    _ = try await stand.vault.open(sealed, at: stand.place(), for: stand.access())
    #expect(stand.keys.calls.last == "key.fetch")
  }

  @Test("are bounded in number; the one not used for longest goes")
  func bounded() async throws {
    var options = Vault.Options()
    options.keysMax = 2
    let stand = Stand(options: options)
    func seal(_ purpose: String) async throws {
      let sealer = try await stand.vault.sealer(Important.self, organisation: stand.organisation, purpose: purpose)
      _ = try sealer.seal("x", at: stand.place())
    }
    for purpose in ["a", "b", "a", "c"] { try await seal(purpose) }
    #expect(stand.keys.calls.count == 3)
    try await seal("a")
    #expect(stand.keys.calls.count == 3)
    try await seal("b")
    #expect(stand.keys.calls.count == 4)
  }

  @Test("seal no more values than were asked for")
  func used() async throws {
    let stand = Stand()
    let sealer = try await stand.vault.sealer(
      Important.self, organisation: stand.organisation, purpose: "residents", count: 2)
    for _ in 0..<2 { _ = try sealer.seal("x", at: stand.place()) }
    for _ in 0..<2 { #expect(throws: VaultError.busy) { try sealer.seal("x", at: stand.place()) } }
    await #expect(throws: VaultError.self) {
      try await stand.vault.sealer(Important.self, organisation: stand.organisation, purpose: "a", count: 0)
    }
  }

  @Test("seal for their own organisation only, and no value beyond a megabyte")
  func limits() async throws {
    let stand = Stand()
    let sealer = try await stand.vault.sealer(Important.self, organisation: stand.organisation, purpose: "residents")
    let foreign = SealedPlace(organisation: ID(high: 0, low: 1), table: "resident", column: "phone", row: [1])
    #expect(throws: VaultError.self) { try sealer.seal("x", at: foreign) }
    let large = [UInt8](repeating: 1, count: (1 << 20) + 1)
    #expect(throws: VaultError.tooLarge(bytes: (1 << 20) + 1, max: 1 << 20)) {
      try sealer.seal(large, at: stand.place())
    }
    let most = try sealer.seal([UInt8](repeating: 1, count: 1 << 20), at: stand.place())
    #expect(most.stored.count == (1 << 20) + 63)
  }
}
