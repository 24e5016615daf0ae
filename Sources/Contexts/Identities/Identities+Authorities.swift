import Audit
package import Kernel
import SQLStore

extension Identities {
  /// Establishes an authority: takes its public key from the key service, where two custodians approved its making,
  /// and has it sign its own certificate and its first, empty list. Needs `identities.authorities` and a second
  /// verification.
  ///
  /// - Throws: `.authorityExists`, `.authorityKeyMissing`, `.keyService`, `.signatureWrong`.
  package func establish(
    _ chain: IdentityChain, by principal: Principal
  ) async throws(IdentitiesError) -> IdentityAuthority {
    let now = work.time.now()
    try principal.mayFresh(.identitiesAuthorities, at: now)
    let organisation = principal.organisation
    guard try await existing(chain, organisation) == nil else { throw .authorityExists(chain) }
    let point = try await keys.publicKey(chain, of: organisation)
    let draft = try IdentityIssuer.root(
      chain, name: "\(chain.authorityName) \(organisation.description.suffix(12))", publicKey: point,
      serial: newSerial(), from: Self.validFrom(now))
    let signature = try await keys.sign(draft.toBeSigned, chain, of: organisation)
    let signed = try draft.signed(with: signature)
    let bare = IdentityAuthority(
      id: work.ids.next(), organisation: organisation, chain: chain, certificate: signed.der, establishedAt: now,
      validUntil: signed.validUntil,
      list: .init(der: [], number: 0, madeAt: now, nextAt: now, revocations: 0), revocations: 0)
    let list = try await newList(of: bare, revoked: [], at: now)
    return try await work.run(IdentitiesError.self) { unit in
      let authority = bare.with(list)
      do { try unit.sql.insert(authority) } catch SQLError.unique { throw IdentitiesError.authorityExists(chain) }
      try unit.record(IdentityAuthorityEstablished(authority), organisation: organisation)
      try unit.audit(
        .create, "identity.authority", authority.id, by: principal, .plain("chain", chain.rawValue),
        .plain("serial", signed.serial))
      return authority
    }
  }

  private func existing(
    _ chain: IdentityChain, _ organisation: ID<Organisation>
  ) async throws(IdentitiesError) -> IdentityAuthority? {
    try await work.read(IdentitiesError.self) { sql in
      try sql.authorities(of: organisation).first { $0.chain == chain }
    }
  }

  /// Five minutes back, for a clock that is a little behind; whole seconds.
  static func validFrom(_ now: Instant) -> Int64 { now.milliseconds / 1_000 - 300 }

  // MARK: Lists

  /// Makes the lists anew that are older than a day, lack a revocation, or are of a time that has not come; of all
  /// organisations.
  ///
  /// - Returns: how many were made.
  /// - Throws: `.keyService`: the lists that are there go on being given out.
  package func publishDue() async throws(IdentitiesError) -> Int {
    let now = work.time.now()
    let before = now.advanced(by: .seconds(-IdentityAuthority.listFreshSeconds))
    let after = now.advanced(by: .seconds(IdentityAuthority.clockSeconds))
    let due = try await work.read(IdentitiesError.self) { sql in
      try sql.authoritiesDue(madeBefore: before, orAfter: after)
    }
    var count = 0
    var failure: IdentitiesError?
    for authority in due {
      do throws(IdentitiesError) { count += try await publish(authority) ? 1 : 0 } catch { failure = error }
    }
    if let failure { throw failure }
    return count
  }

  /// Makes an authority's next list.
  ///
  /// - Returns: false when another process made one meanwhile.
  func publish(_ authority: IdentityAuthority) async throws(IdentitiesError) -> Bool {
    let now = work.time.now()
    let cutoff = now.advanced(by: .seconds(-IdentityAuthority.listSeconds))
    let (current, revoked) = try await work.read(IdentitiesError.self) { sql in
      guard let current = try sql.authority(authority.id) else { throw IdentitiesError.authorityUnknown }
      return (current, try sql.revoked(of: current, endingAfter: cutoff))
    }
    let list = try await newList(of: current, revoked: revoked, at: now)
    return try await work.run(IdentitiesError.self) { unit in
      guard try unit.sql.replaceList(of: current, with: list) else { return false }
      try unit.record(IdentityListPublished(current, list), organisation: current.organisation)
      return true
    }
  }

  private func newList(
    of authority: IdentityAuthority, revoked: [RevokedIdentity], at now: Instant
  ) async throws(IdentitiesError) -> IdentityAuthority.List {
    let thisUpdate = now.milliseconds / 1_000
    let nextUpdate = thisUpdate + IdentityAuthority.listSeconds
    let number = authority.list.number + 1
    let draft = try IdentityIssuer(authority).list(
      number: number, revoked: revoked, thisUpdate: thisUpdate, nextUpdate: nextUpdate)
    let signature = try await keys.sign(draft.toBeSigned, authority.chain, of: authority.organisation)
    let der: [UInt8]
    do { der = try draft.signed(signature) } catch { throw .signatureWrong }
    return IdentityAuthority.List(
      der: der, number: number, madeAt: now, nextAt: Instant(microseconds: nextUpdate * 1_000_000),
      revocations: authority.revocations)
  }
}

extension IdentityAuthority {
  /// The same with another list.
  func with(_ list: List) -> IdentityAuthority {
    IdentityAuthority(
      id: id, organisation: organisation, chain: chain, certificate: certificate, establishedAt: establishedAt,
      validUntil: validUntil, list: list, revocations: revocations)
  }
}
