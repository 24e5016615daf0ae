import Audit
package import Kernel
import SQLStore

extension Identities {
  /// Establishes an authority: takes its public key from the key service, where two custodians approved its making,
  /// and has it sign its own certificate and its first, empty list. Needs `identities.authorities` and a second
  /// verification.
  ///
  /// - Parameter predecessor: the authority of the chain that issues now, to be followed by this one, with a key of its
  ///   own; nil for the first of a chain. What follows issues nothing before `takeOver`, so that others can get to know
  ///   it first.
  /// - Throws: `.authorityExists`, `.authorityState`, `.authorityKeyMissing`, `.keyService`, `.signatureWrong`.
  package func establish(
    _ chain: IdentityChain, following predecessor: ID<IdentityAuthority>? = nil, by principal: Principal
  ) async throws(IdentitiesError) -> IdentityAuthority {
    let now = work.time.now()
    try principal.mayFresh(.identitiesAuthorities, at: now)
    let organisation = principal.organisation
    let generation = try await generation(of: chain, organisation, following: predecessor)
    let point = try await keys.publicKey(chain, generation: generation, of: organisation)
    let draft = try IdentityIssuer.root(
      chain, name: chain.authorityName(of: organisation, generation: generation), publicKey: point,
      serial: newSerial(), from: Self.validFrom(now))
    let signature = try await keys.sign(draft.toBeSigned, chain, generation: generation, of: organisation)
    let signed = try draft.signed(with: signature)
    let bare = IdentityAuthority(
      id: work.ids.next(), organisation: organisation, chain: chain, generation: generation,
      state: predecessor == nil ? .issuing : .next, certificate: signed.der, establishedAt: now,
      validUntil: signed.validUntil,
      list: .init(der: [], number: 0, madeAt: now, nextAt: now, revocations: 0), revocations: 0)
    let list = try await newList(of: bare, revoked: [], at: now)
    return try await work.run(IdentitiesError.self) { unit in
      let authority = bare.with(list)
      do { try unit.sql.insert(authority) } catch SQLError.unique { throw IdentitiesError.authorityExists(chain) }
      try unit.record(IdentityAuthorityEstablished(authority), organisation: organisation)
      try unit.audit(
        .create, "identity.authority", authority.id, by: principal, .plain("chain", chain.rawValue),
        .plain("serial", signed.serial), .plain("generation", "\(generation)"))
      return authority
    }
  }

  /// Which of a chain's authorities the next one is, from 1.
  private func generation(
    of chain: IdentityChain, _ organisation: ID<Organisation>, following predecessor: ID<IdentityAuthority>?
  ) async throws(IdentitiesError) -> Int {
    try await work.read(IdentitiesError.self) { sql in
      let there = try sql.authorities(of: organisation).filter { $0.chain == chain }
      guard let predecessor else {
        guard there.isEmpty else { throw IdentitiesError.authorityExists(chain) }
        return 1
      }
      guard let found = there.first(where: { $0.id == predecessor }) else { throw IdentitiesError.authorityUnknown }
      guard found.state == .issuing else { throw IdentitiesError.authorityState(found.state) }
      guard !there.contains(where: { $0.state == .next }) else { throw IdentitiesError.authorityExists(chain) }
      return (there.map(\.generation).max() ?? 0) + 1
    }
  }

  /// Lets the next authority of a chain issue from now on; the one before issues no more, and what it issued stays
  /// good. Needs what establishing needs.
  ///
  /// - Throws: `.authorityUnknown`, `.authorityState` unless it is the next one.
  package func takeOver(
    _ id: ID<IdentityAuthority>, by principal: Principal
  ) async throws(IdentitiesError) -> IdentityAuthority {
    try principal.mayFresh(.identitiesAuthorities, at: work.time.now())
    return try await work.run(IdentitiesError.self) { unit in
      try unit.lockOrder()
      let there = try unit.sql.authorities(of: principal.organisation)
      guard let next = there.first(where: { $0.id == id }) else { throw IdentitiesError.authorityUnknown }
      guard next.state == .next else { throw IdentitiesError.authorityState(next.state) }
      if let before = there.first(where: { $0.chain == next.chain && $0.state == .issuing }) {
        try unit.move(before, to: .superseded, by: principal)
      }
      return try unit.move(next, to: .issuing, by: principal)
    }
  }

  /// Ends an authority for good once all that it issued has ended: no list of it is made any more, and its key can be
  /// destroyed by the custodians. Needs what establishing needs.
  ///
  /// - Throws: `.authorityUnknown`, `.authorityState` unless another one took over, `.authorityInUse`.
  package func retire(
    _ id: ID<IdentityAuthority>, by principal: Principal
  ) async throws(IdentitiesError) -> IdentityAuthority {
    try principal.mayFresh(.identitiesAuthorities, at: work.time.now())
    return try await work.run(IdentitiesError.self) { unit in
      try unit.lockOrder()
      let there = try unit.sql.authorities(of: principal.organisation)
      guard let old = there.first(where: { $0.id == id }) else { throw IdentitiesError.authorityUnknown }
      guard old.state == .superseded else { throw IdentitiesError.authorityState(old.state) }
      let left = try unit.sql.unended(of: principal.organisation, at: unit.now)[id] ?? 0
      guard left == 0 else { throw IdentitiesError.authorityInUse(count: left) }
      return try unit.move(old, to: .retired, by: principal)
    }
  }

  /// How many certificates of each authority have not ended; needs `identities.read`.
  package func unended(by principal: Principal) async throws(IdentitiesError) -> [ID<IdentityAuthority>: Int] {
    try principal.may(.identitiesRead)
    let now = work.time.now()
    return try await work.read(IdentitiesError.self) { sql in try sql.unended(of: principal.organisation, at: now) }
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
    let signature = try await keys.sign(
      draft.toBeSigned, authority.chain, generation: authority.generation, of: authority.organisation)
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
      id: id, organisation: organisation, chain: chain, generation: generation, state: state,
      certificate: certificate, establishedAt: establishedAt, validUntil: validUntil, list: list,
      revocations: revocations)
  }
}

extension Unit {
  /// Moves an authority in the succession, with its entries in journal and audit log.
  @discardableResult
  fileprivate func move(
    _ authority: IdentityAuthority, to state: IdentityAuthority.State, by principal: Principal
  ) throws -> IdentityAuthority {
    let moved = try sql.move(authority, to: state)
    try record(IdentityAuthorityChanged(moved), organisation: authority.organisation)
    try audit(
      state == .retired ? .delete : .update, "identity.authority", authority.id, by: principal,
      .plain("chain", authority.chain.rawValue), .plain("state", state.rawValue))
    return moved
  }
}
