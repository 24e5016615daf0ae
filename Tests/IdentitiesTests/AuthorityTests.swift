import Guomi
import Kernel
import ServiceLifecycle
import SQLStore
import TestSupport
import Testing
import Vault

@testable import Identities

@Suite("Authorities of identity certificates", .clause("8.8b"), .timeLimit(.minutes(5)))
struct AuthorityTests {
  @Test("are established once two custodians approved their keys, and once only", arguments: Backend.allCases)
  func established(backend: Backend) async throws {
    let desk = try await Desk(backend, established: false)
    for chain in IdentityChain.allCases {
      await #expect(throws: IdentitiesError.authorityMissing(chain)) { try await desk.issue(chain) }
      await #expect(throws: IdentitiesError.authorityKeyMissing(chain)) {
        try await desk.identities.establish(chain, by: desk.principal)
      }
      try desk.approve(chain)
      let authority = try await desk.identities.establish(chain, by: desk.principal)
      #expect(try await desk.identities.published(authority.id) == authority)
      #expect(authority.list.number == 1 && !authority.isListBehind)
      await #expect(throws: IdentitiesError.authorityExists(chain)) {
        try await desk.identities.establish(chain, by: desk.principal)
      }
    }
    let all = try await desk.identities.authorities(by: desk.principal)
    #expect(all.map(\.chain) == [.tls, .application])
    await #expect(throws: IdentitiesError.authorityUnknown) {
      try await desk.identities.published(desk.fresh.work.ids.next())
    }
  }

  @Test("a revocation is on the next list at once, and the certificate is not believed any more",
    arguments: Backend.allCases, IdentityChain.allCases)
  func revoked(backend: Backend, chain: IdentityChain) async throws {
    let desk = try await Desk(backend)
    let (bad, good) = (try await desk.issue(chain, "bad"), try await desk.issue(chain, "good"))
    let revoked = try await desk.identities.revoke(bad.id, reason: .keyCompromise, note: "lost", by: desk.principal)
    #expect(revoked.state(at: desk.fresh.clock.now) == .revoked && revoked.reason == .keyCompromise)
    #expect(try await desk.verdict(bad) == .revoked)
    #expect(try await desk.verdict(good) == nil)
    let authority = try await desk.authority(chain)
    #expect(authority.list.number == 2 && !authority.isListBehind)
    await #expect(throws: IdentitiesError.revoked) {
      try await desk.identities.renew(bad.id, request: nil, days: nil, by: desk.principal)
    }
    let again = try await desk.identities.revoke(bad.id, reason: .superseded, note: "again", by: desk.principal)
    #expect(again.reason == .keyCompromise)
    guard chain == .application else { return }
    let list = try SM2RevocationList(der: authority.list.der)
    let root = try SM2Certificate(der: authority.certificate)
    let certificate = try SM2Certificate(der: bad.der)
    #expect(list.count == 1 && list.entry(serial: certificate.serial)?.reason == .keyCompromise)
    let now = desk.fresh.clock.now.milliseconds / 1_000
    #expect(throws: SM2CertificateError.revoked(serial: bad.serial, reason: .keyCompromise)) {
      try SM2ChainVerifier(roots: [root], lists: [list]).verify(certificate, at: now, purpose: .clientAuthentication)
    }
  }

  @Test("a revocation holds while the key service is down, and its list follows", arguments: IdentityChain.allCases)
  func behind(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let certificate = try await desk.issue(chain)
    let before = try await desk.authority(chain)
    desk.keys.fail(.sealed)
    _ = try await desk.identities.revoke(certificate.id, reason: .superseded, note: "old", by: desk.principal)
    #expect(try await desk.verdict(certificate) == .revoked)
    let during = try await desk.authority(chain)
    #expect(during.list == before.list && during.isListBehind)
    await #expect(throws: IdentitiesError.keyService(.sealed)) { try await desk.identities.publishDue() }
    desk.keys.fail(nil)
    #expect(try await desk.identities.publishDue() == 1)
    let after = try await desk.authority(chain)
    #expect(after.list.number == before.list.number + 1 && !after.isListBehind)
  }

  @Test("lists are made anew each day, six days before they end")
  func daily() async throws {
    let desk = try await Desk()
    #expect(try await desk.identities.publishDue() == 0)
    desk.fresh.clock.advance(by: .seconds(86_400))
    #expect(try await desk.identities.publishDue() == 2)
    #expect(try await desk.identities.publishDue() == 0)
    for chain in IdentityChain.allCases {
      let list = try await desk.authority(chain).list
      #expect(list.number == 2)
      #expect(list.nextAt.microseconds(since: list.madeAt) / 1_000_000 >= 7 * 86_400 - 1)
    }
  }

  @Test("a list that a wrong clock made in the future is replaced when the clock is right again")
  func clockJump() async throws {
    let desk = try await Desk()
    let now = desk.fresh.clock.now
    desk.fresh.clock.set(now.advanced(by: .seconds(400 * 86_400)))
    #expect(try await desk.identities.publishDue() == 2)
    desk.fresh.clock.set(now.advanced(by: .seconds(60)))
    #expect(try await desk.identities.publishDue() == 2)
    #expect(try await desk.identities.publishDue() == 0)
    for chain in IdentityChain.allCases {
      let list = try await desk.authority(chain).list
      #expect(list.number == 3 && list.madeAt == desk.fresh.clock.now)
    }
    // Before the authorities were: nothing is issued that would not be good, nothing is believed.
    let certificate = try await desk.issue(.tls)
    desk.fresh.clock.set(now.advanced(by: .seconds(-40 * 86_400)))
    for chain in IdentityChain.allCases {
      await #expect(throws: IdentitiesError.authorityNotYetValid) { try await desk.issue(chain, "early") }
    }
    #expect(try await desk.verdict(certificate) == .notYetValid)
  }

  @Test("a service makes them")
  func service() async throws {
    let desk = try await Desk()
    let certificate = try await desk.issue(.tls)
    desk.keys.fail(.unreachable("gone"))
    _ = try await desk.identities.revoke(certificate.id, reason: .superseded, note: "old", by: desk.principal)
    let keeper = Task { try await RevocationListKeeper(identities: desk.identities).run() }
    await desk.fresh.clock.waitForSleepers()
    #expect(try await desk.authority(.tls).isListBehind)
    desk.keys.fail(nil)
    desk.fresh.clock.advance(by: RevocationListKeeper.pollInterval)
    await desk.fresh.clock.waitForSleepers()
    #expect(try await !desk.authority(.tls).isListBehind)
    keeper.cancel()
    try await keeper.value
  }

  @Test("what has ended leaves the lists after a week")
  func ended() async throws {
    let desk = try await Desk()
    let certificate = try await desk.issue(.application, days: 10)
    _ = try await desk.identities.revoke(certificate.id, reason: .superseded, note: "old", by: desk.principal)
    func count() async throws -> Int {
      _ = try await desk.identities.publishDue()
      return try SM2RevocationList(der: try await desk.authority(.application).list.der).count
    }
    desk.fresh.clock.advance(by: .seconds(16 * 86_400))
    #expect(try await count() == 1)
    desk.fresh.clock.advance(by: .seconds(2 * 86_400))
    #expect(try await count() == 0)
  }

  @Test("tables can be made twice", arguments: Backend.allCases)
  func migrations(backend: Backend) async throws {
    let desk = try await Desk(backend)
    try await desk.fresh.store.migrate([Identities.migrations])
    #expect(try await desk.identities.authorities(by: desk.principal).count == 2)
  }
}
