import Foundation
import Guomi
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Identities

@Suite("The succession of authorities", .clause("8.8b"), .timeLimit(.minutes(5)))
struct SuccessionTests {
  /// The chain's authority and the one that follows it, which has not taken over.
  private func pair(
    _ desk: Desk, _ chain: IdentityChain
  ) async throws -> (old: IdentityAuthority, new: IdentityAuthority) {
    let old = try await desk.authority(chain)
    try desk.approve(chain, generation: old.generation + 1)
    let new = try await desk.identities.establish(chain, following: old.id, by: desk.principal)
    return (old, new)
  }

  private func states(_ desk: Desk, _ chain: IdentityChain) async throws -> [IdentityAuthority.State] {
    try await desk.identities.authorities(by: desk.principal).filter { $0.chain == chain }.map(\.state)
  }

  @Test("the next one has a key of its own, is known before it issues, and takes over",
    arguments: Backend.allCases, IdentityChain.allCases)
  func takesOver(backend: Backend, chain: IdentityChain) async throws {
    let desk = try await Desk(backend)
    let (identities, by) = (desk.identities, desk.principal)
    let first = try await desk.authority(chain)
    await #expect(throws: IdentitiesError.authorityExists(chain)) { try await identities.establish(chain, by: by) }
    let missing = IdentitiesError.authorityKeyMissing(chain, generation: 2)
    #expect(missing.remedy.contains("purpose=ca-\(chain.rawValue)-2 "))
    await #expect(throws: missing) { try await identities.establish(chain, following: first.id, by: by) }
    let (old, new) = try await pair(desk, chain)
    #expect(new.state == .next && new.generation == 2 && new.list.number == 1)
    #expect(try await identities.published(new.id) == new)
    await #expect(throws: IdentitiesError.authorityExists(chain)) {
      try await identities.establish(chain, following: old.id, by: by)
    }
    // Until then, the old one issues.
    let early = try await desk.issue(chain, "early")
    #expect(early.authority == old.id)
    await #expect(throws: IdentitiesError.authorityState(.issuing)) { try await identities.takeOver(old.id, by: by) }
    await #expect(throws: IdentitiesError.authorityState(.issuing)) { try await identities.retire(old.id, by: by) }
    #expect(try await identities.takeOver(new.id, by: by).state == .issuing)
    #expect(try await states(desk, chain) == [.issuing, .superseded])
    await #expect(throws: IdentitiesError.authorityState(.issuing)) { try await identities.takeOver(new.id, by: by) }
    await #expect(throws: IdentitiesError.authorityState(.superseded)) {
      try await identities.establish(chain, following: old.id, by: by)
    }
    let late = try await desk.issue(chain, "late")
    let renewed = try await identities.renew(early.id, request: nil, days: nil, by: by)
    #expect(late.authority == new.id && renewed.authority == new.id && renewed.renews == early.id)
    // Both chains are good during the overlap.
    for certificate in [early, late, renewed] { #expect(try await desk.verdict(certificate) == nil) }
    // The other chain has not moved.
    #expect(try await states(desk, chain == .tls ? .application : .tls) == [.issuing])
  }

  @Test("the old one's certificates are revoked on its own list while the new one issues",
    arguments: IdentityChain.allCases)
  func lists(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let (old, new) = try await pair(desk, chain)
    let (bad, good) = (try await desk.issue(chain, "bad"), try await desk.issue(chain, "good"))
    _ = try await desk.identities.takeOver(new.id, by: desk.principal)
    let late = try await desk.issue(chain, "late")
    _ = try await desk.identities.revoke(bad.id, reason: .keyCompromise, note: "stolen", by: desk.principal)
    #expect(try await desk.verdict(bad) == .revoked)
    for certificate in [good, late] { #expect(try await desk.verdict(certificate) == nil) }
    #expect(try await desk.identities.published(old.id).list.number == old.list.number + 1)
    #expect(try await desk.identities.published(new.id).list.number == 1)
    desk.fresh.clock.advance(by: .seconds(86_401))
    // Both of this chain, and the one of the other.
    #expect(try await desk.identities.publishDue() == 3)
    // A key that leaked under the old one is not taken by the new one either.
    let request = try desk.request(chain, "again")
    let compromised = try await desk.issue(chain, "again", request: request)
    _ = try await desk.identities.revoke(compromised.id, reason: .keyCompromise, note: "stolen", by: desk.principal)
    await #expect(throws: IdentitiesError.keyInUse) { try await desk.issue(chain, "again", request: request) }
  }

  @Test("the old one is retired when all that it issued has ended, and not before", arguments: IdentityChain.allCases)
  func retires(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let (old, new) = try await pair(desk, chain)
    let certificate = try await desk.issue(chain, days: 10)
    await #expect(throws: IdentitiesError.authorityState(.next)) {
      try await desk.identities.retire(new.id, by: desk.principal)
    }
    _ = try await desk.identities.takeOver(new.id, by: desk.principal)
    #expect(try await desk.identities.unended(by: desk.principal) == [old.id: 1])
    await #expect(throws: IdentitiesError.authorityInUse(count: 1)) {
      try await desk.identities.retire(old.id, by: desk.principal)
    }
    desk.fresh.clock.advance(by: .seconds(11 * 86_400))
    #expect(try await desk.identities.retire(old.id, by: desk.principal).state == .retired)
    #expect(try await desk.verdict(certificate) == .expired)
    let number = try await desk.identities.published(old.id).list.number
    desk.fresh.clock.advance(by: .seconds(86_400))
    _ = try await desk.identities.publishDue()
    #expect(try await desk.identities.published(old.id).list.number == number)
    await #expect(throws: IdentitiesError.authorityState(.retired)) {
      try await desk.identities.retire(old.id, by: desk.principal)
    }
  }

  @Test("a successor is asked for while there is still time for the longest certificate and a year")
  func ending() async throws {
    let desk = try await Desk()
    let authority = try await desk.authority(.tls)
    let end = authority.validUntil
    let due = end.advanced(by: .seconds(-IdentityAuthority.endingDays * 86_400))
    #expect(!authority.isEnding(at: due) && authority.isEnding(at: due.advanced(by: .seconds(1))))
    desk.fresh.clock.set(end.advanced(by: .seconds(-100 * 86_400)))
    await #expect(throws: IdentitiesError.outlivesAuthority) { try await desk.issue(.tls, "late", days: 365) }
    let (_, new) = try await pair(desk, .tls)
    _ = try await desk.identities.takeOver(new.id, by: desk.principal)
    #expect(try await desk.verdict(try await desk.issue(.tls, "late", days: 365)) == nil)
  }

  @Test("needs the officer's permission and second factor, and each step is in the audit log", .clause("6.8.2g"))
  func rights() async throws {
    let desk = try await Desk()
    let (_, new) = try await pair(desk, .tls)
    let clerk = desk.fresh.principal([.identitiesRead, .identitiesWrite])
    await #expect { try await desk.identities.takeOver(new.id, by: clerk) } throws: { error in
      (error as? IdentitiesError)?.kind == .denied
    }
    _ = try await desk.identities.takeOver(new.id, by: desk.principal)
    let rows = try await desk.fresh.store.read { sql in
      try sql.rows("SELECT verb FROM audit_entry WHERE kind = 'identity.authority' ORDER BY sequence")
        .map { try $0.text("verb") }
    }
    #expect(rows == ["create", "create", "create", "update", "update"])
    #expect(try await desk.fresh.store.read { sql in
      try sql.row("SELECT count(*) AS count FROM journal WHERE kind = 'identity.authorityChanged'")?.int("count")
    } == 2)
  }
}

@Suite("The openssl program during the overlap of two authorities", .clause("8.8b"), .timeLimit(.minutes(5)))
struct SuccessionOpenSSLTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: folder.path(name)))
  }

  private func openssl(_ arguments: [String]) async throws -> ChildProgram.Outcome {
    try await ChildProgram.run(ChildProgram.Order("openssl", arguments, folder: folder.url.path))
  }

  private func lists(_ desk: Desk, _ authorities: [IdentityAuthority]) async throws {
    var all = ""
    for authority in authorities {
      try Data(try await desk.identities.published(authority.id).list.der).write(
        to: URL(filePath: folder.path("list.der")))
      let made = try await openssl(["crl", "-inform", "DER", "-in", "list.der"])
      #expect(made.isSuccess, "\(made)")
      all += made.output
    }
    try write("lists.pem", all)
  }

  @Test("believes both authorities' certificates with both lists, and not the new one's without its authority")
  func tls() async throws {
    let desk = try await Desk(publicAddress: "https://anju.example.com:8443")
    let old = try await desk.authority(.tls)
    try desk.approve(.tls, generation: 2)
    let new = try await desk.identities.establish(.tls, following: old.id, by: desk.principal)
    let before = try await desk.issue(.tls, "before")
    _ = try await desk.identities.takeOver(new.id, by: desk.principal)
    let after = try await desk.issue(.tls, "after")
    try write("old.pem", CertificateText.pem(old.certificate))
    try write("both.pem", CertificateText.pem(old.certificate) + CertificateText.pem(new.certificate))
    try write("before.pem", before.pem)
    try write("after.pem", after.pem)
    try await lists(desk, [old, new])
    let now = desk.fresh.clock.now.milliseconds / 1_000
    func verify(_ leaf: String, _ roots: String, at moment: Int64 = now) async throws -> ChildProgram.Outcome {
      try await openssl([
        "verify", "-x509_strict", "-crl_check", "-purpose", "sslclient", "-attime", "\(moment)", "-CAfile", roots,
        "-CRLfile", "lists.pem", leaf,
      ])
    }
    for leaf in ["before.pem", "after.pem"] {
      let good = try await verify(leaf, "both.pem")
      #expect(good.isSuccess, "\(good)")
    }
    #expect(try await verify("before.pem", "old.pem").isSuccess)
    #expect(try await !verify("after.pem", "old.pem").isSuccess)
    _ = try await desk.identities.revoke(before.id, reason: .superseded, note: "changed over", by: desk.principal)
    try await lists(desk, [old, new])
    let revoked = try await verify("before.pem", "both.pem", at: now + 1)
    #expect(!revoked.isSuccess && revoked.output.contains("certificate revoked"), "\(revoked)")
    let good = try await verify("after.pem", "both.pem", at: now + 1)
    #expect(good.isSuccess, "\(good)")
    // Each certificate says where the list of its own authority is.
    for (leaf, authority) in [("before.pem", old), ("after.pem", new)] {
      let text = try await openssl(["x509", "-in", leaf, "-noout", "-ext", "crlDistributionPoints"])
      let address =
        "URI:https://anju.example.com:8443/api/v1/identity-authorities/\(authority.id)/revocation-list"
      #expect(text.output.contains(address), "\(text)")
    }
  }

  @Test("reads the address of the list in the application chain, and believes both authorities' signatures")
  func application() async throws {
    let id = "distid:1234567812345678"
    let desk = try await Desk(publicAddress: "https://anju.example.com")
    let old = try await desk.authority(.application)
    try desk.approve(.application, generation: 2)
    let new = try await desk.identities.establish(.application, following: old.id, by: desk.principal)
    let before = try await desk.issue(.application, "before")
    _ = try await desk.identities.takeOver(new.id, by: desk.principal)
    let after = try await desk.issue(.application, "after")
    let now = desk.fresh.clock.now.milliseconds / 1_000
    for (certificate, authority, other) in [(before, old, new), (after, new, old)] {
      try write("leaf.pem", certificate.pem)
      try write("root.pem", CertificateText.pem(authority.certificate))
      try write("other.pem", CertificateText.pem(other.certificate))
      func verify(_ root: String) async throws -> ChildProgram.Outcome {
        try await openssl([
          "verify", "-x509_strict", "-purpose", "sslclient", "-attime", "\(now)", "-vfyopt", id, "-CAfile", root,
          "leaf.pem",
        ])
      }
      let good = try await verify("root.pem")
      #expect(good.isSuccess, "\(good)")
      #expect(try await !verify("other.pem").isSuccess)
      let text = try await openssl(["x509", "-in", "leaf.pem", "-noout", "-text"])
      let path = "identity-authorities/\(authority.id)/revocation-list"
      #expect(text.output.contains("URI:https://anju.example.com/api/v1/\(path)"), "\(text)")
      let read = try SM2Certificate(der: certificate.der)
      #expect(read.extensions.revocationListAddress == "https://anju.example.com/api/v1/\(path)")
      // The program can not be told the distinguishing id of a list: ours checks both.
      let lists = try await [
        desk.identities.published(old.id), desk.identities.published(new.id),
      ].map { try SM2RevocationList(der: $0.list.der) }
      let roots = try [old, new].map { try SM2Certificate(der: $0.certificate) }
      try SM2ChainVerifier(roots: roots, lists: lists, revocation: .required).verify(
        read, at: now, purpose: .clientAuthentication)
    }
  }

  @Test("without a public address certificates say nothing of a list")
  func noAddress() async throws {
    let desk = try await Desk()
    #expect(desk.identities.listAddress(of: try await desk.authority(.tls).id) == nil)
    try write("leaf.pem", try await desk.issue(.tls).pem)
    let text = try await openssl(["x509", "-in", "leaf.pem", "-noout", "-text"])
    #expect(text.isSuccess && !text.output.contains("CRL Distribution"), "\(text)")
    let read = try SM2Certificate(der: try await desk.issue(.application).der)
    #expect(read.extensions.revocationListAddress == nil)
  }
}
