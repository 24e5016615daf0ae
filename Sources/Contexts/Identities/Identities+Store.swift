import Kernel
import SQLStore

extension SQLConnection {
  // MARK: Authorities

  func insert(_ authority: IdentityAuthority) throws {
    try execute(
      """
      INSERT INTO identity_authority (organisation, id, chain, generation, state, certificate, established_at,
        valid_until, revocations, list, list_number, list_made_at, list_next_at, list_revocations)
      VALUES (\(authority.organisation), \(authority.id), \(authority.chain.rawValue), \(authority.generation),
        \(authority.state.rawValue), \(authority.certificate), \(authority.establishedAt), \(authority.validUntil),
        \(authority.revocations), \(authority.list.der),
        \(authority.list.number), \(authority.list.madeAt), \(authority.list.nextAt), \(authority.list.revocations))
      """)
  }

  func authorities(of organisation: ID<Organisation>) throws -> [IdentityAuthority] {
    try rows(
      """
      SELECT * FROM identity_authority WHERE organisation = \(organisation) ORDER BY chain DESC, generation DESC
      """
    ).map { try IdentityAuthority($0) }
  }

  /// Of any organisation: what an authority publishes is for everybody.
  func authority(_ id: ID<IdentityAuthority>) throws -> IdentityAuthority? {
    try row("SELECT * FROM identity_authority WHERE id = \(id)").map { try IdentityAuthority($0) }
  }

  /// Those whose list is to be made anew, the oldest first. One that was made in the future is among them: the clock
  /// was wrong then or is now, and whoever checks does not believe a list of tomorrow.
  func authoritiesDue(madeBefore: Instant, orAfter: Instant) throws -> [IdentityAuthority] {
    try rows(
      """
      SELECT * FROM identity_authority
      WHERE state <> 'retired'
        AND (list_made_at <= \(madeBefore) OR list_made_at > \(orAfter) OR list_revocations < revocations)
      ORDER BY list_made_at LIMIT 100
      """
    ).map { try IdentityAuthority($0) }
  }

  /// Sets where an authority stands, and nothing else.
  ///
  /// - Throws: `.authorityState` when it does not stand where it was thought to.
  func move(
    _ authority: IdentityAuthority, to state: IdentityAuthority.State
  ) throws -> IdentityAuthority {
    let changed = try execute(
      """
      UPDATE identity_authority SET state = \(state.rawValue)
      WHERE organisation = \(authority.organisation) AND id = \(authority.id) AND state = \(authority.state.rawValue)
      """)
    guard changed == 1, let moved = try self.authority(authority.id) else {
      throw IdentitiesError.authorityState(authority.state)
    }
    return moved
  }

  /// How many certificates of each of an organisation's authorities have not ended.
  func unended(of organisation: ID<Organisation>, at now: Instant) throws -> [ID<IdentityAuthority>: Int] {
    try rows(
      """
      SELECT authority, count(*) AS count FROM identity_certificate
      WHERE organisation = \(organisation) AND valid_until >= \(now) GROUP BY authority
      """
    ).reduce(into: [:]) { counts, row in counts[try row.id("authority")] = try row.int("count") }
  }

  /// - Returns: false when the list is not the one that this one follows.
  func replaceList(of authority: IdentityAuthority, with list: IdentityAuthority.List) throws -> Bool {
    try execute(
      """
      UPDATE identity_authority SET list = \(list.der), list_number = \(list.number),
        list_made_at = \(list.madeAt), list_next_at = \(list.nextAt), list_revocations = \(list.revocations)
      WHERE organisation = \(authority.organisation) AND id = \(authority.id)
        AND list_number = \(authority.list.number)
      """) == 1
  }

  // MARK: Certificates

  func insert(_ certificate: IdentityCertificate) throws {
    try execute(
      """
      INSERT INTO identity_certificate (organisation, id, authority, chain, profile, holder, owner, dns_names, serial,
        certificate, key_digest, issued_at, valid_from, valid_until, renews)
      VALUES (\(certificate.organisation), \(certificate.id), \(certificate.authority),
        \(certificate.chain.rawValue), \(certificate.profile.rawValue), \(certificate.holder), \(certificate.owner),
        \(certificate.dnsNames.joined(separator: ",")), \(certificate.serial), \(certificate.der),
        \(certificate.keyDigest), \(certificate.issuedAt), \(certificate.validFrom), \(certificate.validUntil),
        \(certificate.renews))
      """)
  }

  /// - Throws: `.certificateUnknown`, also for another organisation's.
  func identity(
    _ id: ID<IdentityCertificate>, of organisation: ID<Organisation>
  ) throws -> IdentityCertificate {
    let row = try row("SELECT * FROM identity_certificate WHERE organisation = \(organisation) AND id = \(id)")
    guard let row else { throw IdentitiesError.certificateUnknown }
    return try IdentityCertificate(row)
  }

  func identity(serial: String, of authority: IdentityAuthority) throws -> IdentityCertificate? {
    try row(
      """
      SELECT * FROM identity_certificate
      WHERE organisation = \(authority.organisation) AND authority = \(authority.id) AND serial = \(serial)
      """
    ).map { try IdentityCertificate($0) }
  }

  /// - Throws: `.keyInUse` when another certificate of the chain that has not ended has the key and is not the one that
  ///   is renewed, whichever of the chain's authorities issued it; `.tooMany`.
  func checkFree(
    _ keyDigest: [UInt8], renews: ID<IdentityCertificate>?, in authority: IdentityAuthority, at now: Instant
  ) throws {
    let others = try rows(
      """
      SELECT id, renews FROM identity_certificate
      WHERE organisation = \(authority.organisation) AND chain = \(authority.chain.rawValue)
        AND key_digest = \(keyDigest) AND (valid_until >= \(now) OR reason = 'keyCompromise')
      """)
    // A revoked one is not taken again before its end, a compromised one never.
    for other in others where try other.id("id", IdentityCertificate.self) != renews {
      throw IdentitiesError.keyInUse
    }
    let count = try row(
      """
      SELECT count(*) AS count FROM identity_certificate
      WHERE organisation = \(authority.organisation) AND authority = \(authority.id) AND valid_until >= \(now)
      """)?.int("count") ?? 0
    guard count < IdentityAuthority.certificatesMax else {
      throw IdentitiesError.tooMany(max: IdentityAuthority.certificatesMax)
    }
  }

  func revoke(_ certificate: IdentityCertificate, _ reason: IdentityRevocationReason, at now: Instant) throws {
    try execute(
      """
      UPDATE identity_certificate SET revoked_at = \(now), reason = \(reason.rawValue)
      WHERE organisation = \(certificate.organisation) AND id = \(certificate.id) AND revoked_at IS NULL
      """)
    try execute(
      """
      UPDATE identity_authority SET revocations = revocations + 1
      WHERE organisation = \(certificate.organisation) AND id = \(certificate.authority)
      """)
  }

  /// What an authority revoked, of those that had not ended at a moment.
  func revoked(of authority: IdentityAuthority, endingAfter cutoff: Instant) throws -> [RevokedIdentity] {
    try rows(
      """
      SELECT serial, revoked_at, reason FROM identity_certificate
      WHERE organisation = \(authority.organisation) AND authority = \(authority.id) AND valid_until >= \(cutoff)
        AND revoked_at IS NOT NULL ORDER BY serial
      """
    ).map { row in
      RevokedIdentity(
        serial: try row.text("serial"), at: try row.instant("revoked_at"),
        reason: IdentityRevocationReason(rawValue: try row.text("reason")) ?? .unspecified)
    }
  }

  /// Newest first, one more than the page holds.
  func identities(
    _ query: IdentityQuery, of organisation: ID<Organisation>, before id: ID<IdentityCertificate>?, at now: Instant
  ) throws -> [IdentityCertificate] {
    var sql: SQL = "SELECT * FROM identity_certificate WHERE organisation = \(organisation)"
    if let id { sql += " AND id < \(id)" }
    if let chain = query.chain { sql += " AND chain = \(chain.rawValue)" }
    if let profile = query.profile { sql += " AND profile = \(profile.rawValue)" }
    if let state = query.state { sql += Self.clause(state, at: now) }
    if let text = query.text, !text.isEmpty {
      let pattern = Self.pattern(text)
      sql += """
         AND (LOWER(holder) LIKE \(pattern) ESCAPE '\\' OR LOWER(owner) LIKE \(pattern) ESCAPE '\\'
          OR serial LIKE \(pattern) ESCAPE '\\')
        """
    }
    return try rows(sql + " ORDER BY id DESC LIMIT \(query.page.limit + 1)").map { try IdentityCertificate($0) }
  }

  private static func clause(_ state: IdentityCertificate.State, at now: Instant) -> SQL {
    let soon = now.advanced(by: .seconds(IdentityCertificate.expiringDays * 86_400))
    return switch state {
    case .revoked: " AND revoked_at IS NOT NULL"
    case .expired: " AND revoked_at IS NULL AND valid_until < \(now)"
    case .expiring: " AND revoked_at IS NULL AND valid_until >= \(now) AND valid_until < \(soon)"
    case .valid: " AND revoked_at IS NULL AND valid_until >= \(soon)"
    }
  }

  /// A LIKE pattern that finds the text anywhere, its own wildcards taken literally.
  private static func pattern(_ text: String) -> String {
    let literal = text.lowercased().flatMap { character in
      character == "%" || character == "_" || character == "\\" ? "\\\(character)" : String(character)
    }
    return "%\(String(literal))%"
  }
}

extension IdentityAuthority {
  init(_ row: SQLRow) throws {
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"),
      chain: try row.word("chain"), generation: try row.int("generation"), state: try row.word("state"),
      certificate: try row.blob("certificate"), establishedAt: try row.instant("established_at"),
      validUntil: try row.instant("valid_until"),
      list: List(
        der: try row.blob("list"), number: try row.integer("list_number"), madeAt: try row.instant("list_made_at"),
        nextAt: try row.instant("list_next_at"), revocations: try row.integer("list_revocations")),
      revocations: try row.integer("revocations"))
  }
}

extension IdentityCertificate {
  init(_ row: SQLRow) throws {
    self.init(
      id: try row.id("id"), organisation: try row.id("organisation"), authority: try row.id("authority"),
      chain: try row.word("chain"), profile: try row.word("profile"), holder: try row.text("holder"),
      owner: try row.text("owner"), dnsNames: try row.text("dns_names").split(separator: ",").map(String.init),
      serial: try row.text("serial"), der: try row.blob("certificate"), keyDigest: try row.blob("key_digest"),
      issuedAt: try row.instant("issued_at"), validFrom: try row.instant("valid_from"),
      validUntil: try row.instant("valid_until"), revokedAt: try row.optionalInstant("revoked_at"),
      reason: try row.optionalText("reason").flatMap { IdentityRevocationReason(rawValue: $0) },
      renews: try row.optionalID("renews"))
  }
}

extension SQLRow {
  /// A word of an enumeration.
  fileprivate func word<T: RawRepresentable<String>>(_ name: String) throws -> T {
    guard let value = T(rawValue: try text(name)) else {
      throw SQLError.column(name: name, message: "has an unknown word")
    }
    return value
  }
}
