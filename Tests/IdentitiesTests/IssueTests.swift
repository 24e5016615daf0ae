import Kernel
import SQLStore
import TestSupport
import Testing
import Vault

@testable import Identities

@Suite("Identity certificates of third parties", .clause("8.8b", "8.7a"), .timeLimit(.minutes(5)))
struct IssueTests {
  @Test("are issued on either chain and are believed", arguments: Backend.allCases, IdentityChain.allCases)
  func issued(backend: Backend, chain: IdentityChain) async throws {
    let desk = try await Desk(backend)
    let device = try await desk.issue(chain)
    #expect(try await desk.verdict(device) == nil)
    #expect(device.validUntil.microseconds(since: device.validFrom) == 365 * 86_400 * 1_000_000)
    let names = ["police.example", "api.police.example"]
    let system = try await desk.issue(chain, "police", profile: .system, dnsNames: names, days: 90)
    #expect(try await desk.verdict(system) == nil)
    #expect(try await desk.verdict(system, for: .server) == nil)
    let shown = try await desk.identities.certificate(system.id, by: desk.principal)
    #expect(shown == system && shown.dnsNames == names && shown.state(at: desk.fresh.clock.now) == .valid)
    let all = try await desk.identities.certificates(IdentityQuery(), by: desk.principal)
    #expect(all.items == [system, device])
  }

  @Test("a request that its key did not sign is refused", arguments: IdentityChain.allCases)
  func forged(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let forged = try TestRequests.forged(try desk.request(chain, "gate-01"))
    let signed = desk.keys.signaturesCount
    await #expect(throws: IdentitiesError.requestForged) { try await desk.issue(chain, request: forged) }
    #expect(desk.keys.signaturesCount == signed)
  }

  @Test("a request that asks for other names is refused", arguments: IdentityChain.allCases)
  func mismatched(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let other = try desk.request(chain, "gate-02")
    await #expect(throws: IdentitiesError.requestMismatch(field: "holder")) {
      try await desk.issue(chain, request: other)
    }
    let more = try desk.request(chain, "gate-01", dnsNames: ["bank.example"])
    await #expect(throws: IdentitiesError.requestMismatch(field: "dnsNames")) {
      try await desk.issue(chain, request: more)
    }
    await #expect(throws: IdentitiesError.requestMismatch(field: "dnsNames")) {
      try await desk.issue(chain, profile: .system, dnsNames: ["a.example"], request: more)
    }
  }

  @Test("a request of the other chain's kind of key is refused")
  func otherKind() async throws {
    let desk = try await Desk()
    for (chain, other) in [(IdentityChain.tls, IdentityChain.application), (.application, .tls)] {
      let request = try desk.request(other, "gate-01")
      await #expect { try await desk.issue(chain, request: request) } throws: { error in
        if case IdentitiesError.requestInvalid = error { true } else { false }
      }
    }
  }

  @Test("garbage and what is too long is refused", arguments: IdentityChain.allCases)
  func garbage(chain: IdentityChain) async throws {
    let desk = try await Desk()
    for text in ["", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"] {
      await #expect { try await desk.issue(chain, request: text) } throws: { error in
        if case IdentitiesError.requestInvalid = error { true } else { false }
      }
    }
    let long = String(repeating: "A", count: Identities.requestBytesMax + 1)
    await #expect(throws: IdentitiesError.requestTooLarge) { try await desk.issue(chain, request: long) }
  }

  @Test(
    "fields that are none are refused",
    arguments: [
      ("", "海清", [], 1, "holder"), ("a b", "海清", [], 1, "holder"), ("a", " ", [], 1, "owner"),
      ("a", "x\ny", [], 1, "owner"), ("a", "x", ["*.example.com"], 1, "dnsNames"),
      ("a", "x", ["Example.com"], 1, "dnsNames"), ("a", "x", ["a.b", "a.b"], 1, "dnsNames"),
      ("a", "x", [], 0, "days"), ("a", "x", [], 399, "days"),
    ] as [(String, String, [String], Int, String)])
  func fields(holder: String, owner: String, dnsNames: [String], days: Int, field: String) async throws {
    let desk = try await Desk()
    let new = NewIdentityCertificate(
      chain: .tls, profile: .system, holder: holder, owner: owner, dnsNames: dnsNames,
      request: try desk.request(.tls, "a"), days: days)
    await #expect { try await desk.identities.issue(new, by: desk.principal) } throws: { error in
      if case IdentitiesError.fieldInvalid(field, _) = error { true } else { false }
    }
    await #expect { try await desk.issue(.tls, dnsNames: ["a.example"]) } throws: { error in
      if case IdentitiesError.fieldInvalid("dnsNames", _) = error { true } else { false }
    }
  }

  @Test("one key is in one certificate", arguments: IdentityChain.allCases)
  func oneKey(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let request = try desk.request(chain, "gate-01")
    let first = try await desk.issue(chain, request: request)
    await #expect(throws: IdentitiesError.keyInUse) { try await desk.issue(chain, request: request) }
    let by = desk.principal
    _ = try await desk.identities.revoke(first.id, reason: .keyCompromise, note: "stolen", by: by)
    desk.fresh.clock.advance(by: .seconds(400 * 86_400))
    await #expect(throws: IdentitiesError.keyInUse) { try await desk.issue(chain, request: request) }
  }

  @Test("are renewed with the old key or a new one, and the old one stays good", arguments: IdentityChain.allCases)
  func renewed(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let old = try await desk.issue(chain, days: 40)
    desk.fresh.clock.advance(by: .seconds(20 * 86_400))
    #expect(old.state(at: desk.fresh.clock.now) == .expiring)
    let by = desk.principal
    let same = try await desk.identities.renew(old.id, request: nil, days: nil, by: by)
    #expect(same.renews == old.id && same.holder == old.holder && same.keyDigest == old.keyDigest)
    let new = try await desk.identities.renew(
      same.id, request: try desk.request(chain, "gate-01"), days: 30, by: by)
    #expect(new.keyDigest != old.keyDigest)
    for certificate in [old, same, new] { #expect(try await desk.verdict(certificate) == nil) }
    await #expect(throws: IdentitiesError.requestMismatch(field: "holder")) {
      try await desk.identities.renew(same.id, request: try desk.request(chain, "x"), days: nil, by: by)
    }
    desk.fresh.clock.advance(by: .seconds(30 * 86_400))
    #expect(try await desk.verdict(old) == .expired)
    await #expect(throws: IdentitiesError.expired) {
      try await desk.identities.renew(old.id, request: nil, days: nil, by: desk.principal)
    }
  }

  @Test("nothing is issued while the key service is down, and the error says so", arguments: IdentityChain.allCases)
  func vaultDown(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let certificate = try await desk.issue(chain, "gate-00")
    let authority = try await desk.authority(chain)
    desk.keys.fail(.unreachable("gone"))
    await #expect { try await desk.issue(chain) } throws: { error in
      guard let error = error as? IdentitiesError else { return false }
      return error.kind == .unavailable && error.code == "vault.unreachable" && error.remedy.contains("anju-vault")
    }
    #expect(try await desk.identities.certificates(IdentityQuery(), by: desk.principal).items == [certificate])
    #expect(try await desk.identities.published(authority.id).list == authority.list)
    #expect(try await desk.verdict(certificate) == nil)
  }

  @Test("what another key signed is not issued", arguments: IdentityChain.allCases)
  func keyReplaced(chain: IdentityChain) async throws {
    let desk = try await Desk()
    try desk.approve(chain)
    await #expect(throws: IdentitiesError.signatureWrong) { try await desk.issue(chain) }
    #expect(try await desk.identities.certificates(IdentityQuery(), by: desk.principal).items.isEmpty)
  }

  @Test("need a permission and a second verification, and every act is audited", .clause("9.3c", "6.8.2g"))
  func rights() async throws {
    let desk = try await Desk()
    let certificate = try await desk.issue(.tls)
    let (reader, writer) = (desk.fresh.principal([.identitiesRead]), desk.fresh.principal([.identitiesWrite]))
    await #expect(throws: IdentitiesError.denied(Denied(permission: .identitiesWrite))) {
      try await desk.identities.revoke(certificate.id, reason: .superseded, note: "x", by: reader)
    }
    await #expect(throws: IdentitiesError.denied(Denied(permission: .identitiesRead))) {
      try await desk.identities.certificate(certificate.id, by: writer)
    }
    await #expect(throws: IdentitiesError.denied(Denied(permission: .identitiesAuthorities))) {
      try await desk.identities.establish(.tls, by: writer)
    }
    let by = desk.principal
    _ = try await desk.identities.renew(certificate.id, request: nil, days: nil, by: by)
    _ = try await desk.identities.revoke(certificate.id, reason: .superseded, note: "replaced", by: by)
    desk.fresh.clock.advance(by: .seconds(Assurance.freshSeconds))
    await #expect(throws: IdentitiesError.denied(Denied(permission: .identitiesWrite, missing: .verification))) {
      try await desk.identities.renew(certificate.id, request: nil, days: nil, by: by)
    }
    let entries = try await desk.fresh.store.read { sql in
      try sql.rows("SELECT verb, kind FROM audit_entry ORDER BY sequence").map {
        try "\($0.text("verb")) \($0.text("kind"))"
      }
    }
    #expect(
      entries == [
        "create identity.authority", "create identity.authority", "create identity.certificate",
        "create identity.certificate", "delete identity.certificate",
      ])
    let stranger = Principal(
      id: desk.fresh.work.ids.next(), kind: .person, organisation: desk.fresh.work.ids.next(), name: "Stranger",
      permissions: Set(Permission.allCases), assurance: .secondFactor(at: desk.fresh.clock.now))
    await #expect(throws: IdentitiesError.certificateUnknown) {
      try await desk.identities.certificate(certificate.id, by: stranger)
    }
  }

  @Test("are found by text, chain, profile and state, in pages")
  func found() async throws {
    let desk = try await Desk()
    let gate = try await desk.issue(.tls, "gate-01", days: 20)
    let police = try await desk.issue(.application, "police_1", profile: .system)
    let door = try await desk.issue(.tls, "door-01", days: 300)
    _ = try await desk.identities.revoke(door.id, reason: .superseded, note: "x", by: desk.principal)
    func ids(_ query: IdentityQuery) async throws -> [String] {
      try await desk.identities.certificates(query, by: desk.principal).items.map(\.holder)
    }
    #expect(try await ids(IdentityQuery(text: "GATE")) == ["gate-01"])
    #expect(try await ids(IdentityQuery(text: "海清")) == ["door-01", "police_1", "gate-01"])
    #expect(try await ids(IdentityQuery(text: "_")) == ["police_1"])
    #expect(try await ids(IdentityQuery(text: String(gate.serial.prefix(20)))) == ["gate-01"])
    #expect(try await ids(IdentityQuery(chain: .application)) == ["police_1"])
    #expect(try await ids(IdentityQuery(profile: .system)) == ["police_1"])
    #expect(try await ids(IdentityQuery(state: .revoked)) == ["door-01"])
    #expect(try await ids(IdentityQuery(state: .expiring)) == ["gate-01"])
    #expect(try await ids(IdentityQuery(state: .valid)) == [police.holder])
    desk.fresh.clock.advance(by: .seconds(30 * 86_400))
    #expect(try await ids(IdentityQuery(state: .expired)) == ["gate-01"])
    let first = try await desk.identities.certificates(
      IdentityQuery(page: PageRequest(limit: 2)), by: desk.principal)
    let rest = try await desk.identities.certificates(
      IdentityQuery(page: PageRequest(cursor: first.next, limit: 2)), by: desk.principal)
    #expect(first.items.count == 2 && rest.items.map(\.holder) == ["gate-01"] && rest.next == nil)
    await #expect(throws: IdentitiesError.cursorInvalid) {
      try await desk.identities.certificates(
        IdentityQuery(page: PageRequest(cursor: "x")), by: desk.principal)
    }
  }

  @Test("no more are issued than a list of all of them can hold", arguments: IdentityChain.allCases)
  func quota(chain: IdentityChain) async throws {
    let desk = try await Desk()
    let first = try await desk.issue(chain)
    let left = IdentityAuthority.certificatesMax - 2
    try await desk.fresh.store.write { sql in
      try sql.execute(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(left))
        INSERT INTO identity_certificate (organisation, id, authority, chain, profile, holder, owner, dns_names, serial,
          certificate, key_digest, issued_at, valid_from, valid_until)
        SELECT organisation, randomblob(16), authority, chain, profile, holder || i, owner, dns_names, 'n' || i,
          certificate, randomblob(32), issued_at, valid_from, valid_until
        FROM identity_certificate CROSS JOIN n WHERE id = \(first.id)
        """)
    }
    _ = try await desk.issue(chain, "last")
    let signed = desk.keys.signaturesCount
    let full = IdentitiesError.tooMany(max: IdentityAuthority.certificatesMax)
    await #expect(throws: full) { try await desk.issue(chain, "one-more") }
    await #expect(throws: full) {
      try await desk.identities.renew(first.id, request: nil, days: nil, by: desk.principal)
    }
    #expect(desk.keys.signaturesCount == signed)
    #expect(full.kind == .conflict && full.remedy.contains("wait"))
    // The other chain has its own.
    _ = try await desk.issue(chain == .tls ? .application : .tls)
  }
}
