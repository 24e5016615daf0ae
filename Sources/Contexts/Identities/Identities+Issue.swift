import Audit
package import Kernel
import Logging
import SQLStore

extension Identities {
  /// Issues a certificate for a request; needs `identities.write` and a second verification.
  ///
  /// - Throws: `.requestForged`, `.requestMismatch`, `.requestInvalid`, `.requestTooLarge`, `.fieldInvalid`,
  ///   `.keyInUse`, `.authorityMissing`, `.keyService`: then nothing was issued.
  package func issue(
    _ new: NewIdentityCertificate, by principal: Principal
  ) async throws(IdentitiesError) -> IdentityCertificate {
    try principal.mayFresh(.identitiesWrite, at: work.time.now())
    try new.check()
    let request = try IdentityRequest(new.request, new.chain)
    try request.check(holder: new.holder, dnsNames: new.dnsNames)
    return try await issue(
      Issue(
        chain: new.chain, profile: new.profile, holder: new.holder, owner: new.owner, dnsNames: new.dnsNames,
        request: request, days: new.days ?? new.profile.daysDefault, renews: nil),
      by: principal)
  }

  /// Issues the certificate that follows one: same holder, names and profile; the old one stays good until it ends or
  /// is revoked, so that the third party can change over. Needs what issuing needs.
  ///
  /// - Parameters:
  ///   - request: with a new key, which is better; nil to keep the key.
  ///   - days: nil for the profile's own.
  /// - Throws: `.revoked`, `.expired`, and what issuing throws.
  package func renew(
    _ id: ID<IdentityCertificate>, request pem: String?, days: Int?, by principal: Principal
  ) async throws(IdentitiesError) -> IdentityCertificate {
    let now = work.time.now()
    try principal.mayFresh(.identitiesWrite, at: now)
    let old = try await work.read(IdentitiesError.self) { sql in try sql.identity(id, of: principal.organisation) }
    try old.checkRenewable(at: now)
    let days = days ?? old.profile.daysDefault
    try old.profile.check(days: days)
    let request: IdentityRequest
    if let pem {
      request = try IdentityRequest(pem, old.chain)
      try request.check(holder: old.holder, dnsNames: old.dnsNames)
    } else {
      request = try IdentityRequest(renewing: old)
    }
    return try await issue(
      Issue(
        chain: old.chain, profile: old.profile, holder: old.holder, owner: old.owner, dnsNames: old.dnsNames,
        request: request, days: days, renews: id),
      by: principal)
  }

  /// What is to be issued, checked.
  private struct Issue: Sendable {
    let chain: IdentityChain
    let profile: IdentityProfile
    let holder: String
    let owner: String
    let dnsNames: [String]
    let request: IdentityRequest
    let days: Int
    let renews: ID<IdentityCertificate>?
  }

  private func issue(
    _ issue: Issue, by principal: Principal
  ) async throws(IdentitiesError) -> IdentityCertificate {
    let organisation = principal.organisation
    let authority = try await authority(issue.chain, of: organisation)
    guard Self.validFrom(work.time.now()) >= Self.validFrom(authority.establishedAt) else {
      throw .authorityNotYetValid
    }
    // Asked again in the transaction; here so that the key service signs nothing in vain.
    try await work.read(IdentitiesError.self) { [work] sql in
      try sql.checkFree(issue.request.keyDigest, renews: issue.renews, in: authority, at: work.time.now())
    }
    let id: ID<IdentityCertificate> = work.ids.next()
    let draft = try IdentityIssuer(authority).draft(
      IdentityIssuer.Contents(
        request: issue.request, profile: issue.profile, holder: issue.holder, dnsNames: issue.dnsNames,
        uri: IdentityCertificate.uri(id), serial: newSerial(), from: Self.validFrom(work.time.now()),
        days: issue.days, listAddress: listAddress(of: authority.id)))
    let signature = try await keys.sign(
      draft.toBeSigned, issue.chain, generation: authority.generation, of: organisation)
    let signed = try draft.signed(with: signature)
    return try await work.run(IdentitiesError.self) { unit in
      try unit.lockOrder()
      guard let current = try unit.sql.authority(authority.id), current.state == .issuing else {
        throw IdentitiesError.authorityState(.superseded)
      }
      try unit.sql.checkFree(issue.request.keyDigest, renews: issue.renews, in: authority, at: unit.now)
      if let renews = issue.renews { try unit.sql.identity(renews, of: organisation).checkRenewable(at: unit.now) }
      let certificate = IdentityCertificate(
        id: id, organisation: organisation, authority: authority.id, chain: issue.chain, profile: issue.profile,
        holder: issue.holder, owner: issue.owner, dnsNames: issue.dnsNames, serial: signed.serial, der: signed.der,
        keyDigest: issue.request.keyDigest, issuedAt: unit.now, validFrom: signed.validFrom,
        validUntil: signed.validUntil, revokedAt: nil, reason: nil, renews: issue.renews)
      try unit.sql.insert(certificate)
      try unit.record(IdentityCertificateIssued(certificate), organisation: organisation)
      try unit.audit(
        .create, "identity.certificate", id, by: principal, .plain("chain", issue.chain.rawValue),
        .plain("holder", issue.holder), .plain("serial", signed.serial),
        .plain("until", signed.validUntil.description), .plain("renews", issue.renews?.description ?? "-"))
      return certificate
    }
  }

  /// Revokes a certificate for good, and makes the next list at once; needs `identities.write` and a second
  /// verification. Revoking one that is revoked changes nothing.
  ///
  /// When the key service is down the revocation holds here all the same, and the list follows when it is back
  /// (`IdentityAuthority.isListBehind`).
  ///
  /// - Parameter note: why, in the principal's own words; 1 to 500 characters.
  package func revoke(
    _ id: ID<IdentityCertificate>, reason: IdentityRevocationReason, note: String, by principal: Principal
  ) async throws(IdentitiesError) -> IdentityCertificate {
    try principal.mayFresh(.identitiesWrite, at: work.time.now())
    guard (1...500).contains(note.count), note.contains(where: { !$0.isWhitespace }) else {
      throw .fieldInvalid(field: "note", problem: "must have 1 to 500 characters")
    }
    let (certificate, authority) = try await work.run(IdentitiesError.self) { unit in
      let organisation = principal.organisation
      let found = try unit.sql.identity(id, of: organisation)
      guard let authority = try unit.sql.authority(found.authority) else { throw IdentitiesError.authorityUnknown }
      guard found.revokedAt == nil else { return (found, authority) }
      try unit.sql.revoke(found, reason, at: unit.now)
      let revoked = try unit.sql.identity(id, of: organisation)
      try unit.record(IdentityCertificateRevoked(revoked, reason), organisation: organisation)
      try unit.audit(
        .delete, "identity.certificate", id, by: principal, because: note, .plain("reason", reason.rawValue),
        .plain("holder", found.holder), .plain("serial", found.serial))
      return (revoked, authority)
    }
    do throws(IdentitiesError) { _ = try await publish(authority) } catch {
      work.logger.warning(
        "a revocation is not on its list yet",
        metadata: ["identity.certificate": "\(id)", "error.code": "\(error.code)"])
    }
    return certificate
  }
}

extension NewIdentityCertificate {
  /// - Throws: `.fieldInvalid`.
  func check() throws(IdentitiesError) {
    guard IdentityCertificate.isHolder(holder) else {
      throw .fieldInvalid(field: "holder", problem: "must have 1 to 64 characters of A-Z a-z 0-9 . _ -")
    }
    guard (1...100).contains(owner.count), owner.contains(where: { !$0.isWhitespace }),
      !owner.contains(where: \.isNewline)
    else { throw .fieldInvalid(field: "owner", problem: "must have 1 to 100 characters in one line") }
    guard dnsNames.count <= profile.namesMax else {
      throw .fieldInvalid(field: "dnsNames", problem: "must be \(profile.namesMax) at most for a \(profile.rawValue)")
    }
    guard dnsNames.allSatisfy(IdentityCertificate.isDNSName), Set(dnsNames).count == dnsNames.count else {
      throw .fieldInvalid(field: "dnsNames", problem: "must be full host names in small letters, each once")
    }
    if let days { try profile.check(days: days) }
  }
}

extension IdentityProfile {
  func check(days: Int) throws(IdentitiesError) {
    guard (1...daysMax).contains(days) else {
      throw .fieldInvalid(field: "days", problem: "must lie within 1 and \(daysMax) for a \(rawValue)")
    }
  }
}

extension IdentityCertificate {
  func checkRenewable(at now: Instant) throws(IdentitiesError) {
    guard revokedAt == nil else { throw .revoked }
    guard now <= validUntil else { throw .expired }
  }
}
