import Audit
package import Kernel
import SQLStore

extension Privacy {
  /// What holds now for every purpose that rests on consent: one's own, or another's with `privacy.read`.
  package func consents(of id: ID<DataSubject>, by principal: Principal) async throws(PrivacyError) -> [ConsentState] {
    let subject = try await person(id, by: principal)
    let purposes = policy.purposes
    return try await work.read(PrivacyError.self) { sql in
      ConsentState.derive(purposes, from: try sql.consents(of: subject))
    }
  }

  /// The ledger's lines in order, a page at a time: one's own, or another's with `privacy.read`.
  package func ledger(
    of id: ID<DataSubject>, _ page: PageRequest, by principal: Principal
  ) async throws(PrivacyError) -> Page<ConsentEntry> {
    let subject = try await person(id, by: principal)
    guard let after = Int64(page.cursor ?? "0") else { throw .cursorInvalid }
    return try await work.read(PrivacyError.self) { sql in
      let found = try sql.consents(of: subject, after: after, limit: page.limit + 1)
      let items = Array(found.prefix(page.limit))
      return Page(items: items, next: found.count > page.limit ? items.last.map { String($0.number) } : nil)
    }
  }

  /// Whether a purpose may be pursued for a person by consent now. For other contexts: asks no permission.
  package func isGranted(_ purpose: String, by subject: DataSubject) async throws(PrivacyError) -> Bool {
    let purposes = policy.purposes
    return try await work.read(PrivacyError.self) { sql in
      ConsentState.derive(purposes, from: try sql.consents(of: subject)).contains {
        $0.purpose.key == purpose && $0.isGranted
      }
    }
  }

  /// Gives or withdraws consent; takes effect with this commit, and the journal tells the others.
  ///
  /// Oneself, the guardian of a minor, or the staff before whom it was said, with `privacy.write` and where it is
  /// written down. Withdrawing is never harder than giving: whoever may give may withdraw, and a child too.
  ///
  /// - Parameters:
  ///   - evidence: for the staff: the signed form's number.
  ///   - asGuardian: for the staff: whether it was the guardian who said it.
  /// - Throws: `.purposeUnknown`, `.notByConsent`, `.notExplicit`, `.textOutdated`, `.guardianNeeded`, `.notGiven`,
  ///   `.erased`.
  package func record(
    _ will: ConsentWill, for id: ID<DataSubject>, evidence: String? = nil, asGuardian: Bool = false,
    by principal: Principal
  ) async throws(PrivacyError) -> ConsentState {
    let purpose = try checked(will)
    let subject = DataSubject(organisation: principal.organisation, id: id)
    if principal.permissions.contains(.privacyWrite) { _ = try await person(id, with: .privacyWrite, by: principal) }
    let purposes = policy.purposes
    return try await work.run(PrivacyError.self) { unit in
      // Two at once get numbers one after the other.
      try unit.lockOrder()
      let by = try Self.voice(will, for: subject, evidence, asGuardian, principal, unit)
      guard try !unit.sql.isErased(subject) else { throw PrivacyError.erased }
      let states = ConsentState.derive(purposes, from: try unit.sql.consents(of: subject))
      let before = states.first { $0.purpose.key == purpose.key }
      // Once more is no change: the ledger tells of changes.
      if will.act == .grant, let granted = before?.granted, granted.version == purpose.current.version,
        let before
      {
        return before
      }
      if will.act == .withdraw, before?.granted == nil { throw PrivacyError.notGiven }
      let number = try unit.sql.lastConsentNumber(of: subject) + 1
      guard number <= Self.ledgerMax else { throw PrivacyError.tooMany(max: Self.ledgerMax) }
      let version = will.act == .grant ? purpose.current.version : before?.granted?.version ?? purpose.current.version
      let entry = ConsentEntry(
        number: number, purpose: purpose.key, version: version, act: will.act, by: by, principal: principal.id,
        at: unit.now, language: will.language, channel: will.channel, address: principal.origin.address)
      try unit.append(entry, purpose.versions[version - 1], of: subject, agent: principal.origin.agent)
      try unit.changed(entry, of: subject, by: principal, evidence: evidence)
      return ConsentState(
        purpose: purpose, granted: will.act == .grant ? entry : nil, withdrawn: will.act == .withdraw ? entry : nil)
    }
  }

  /// Says that a person is a minor and who their guardian is; needs `privacy.write`.
  ///
  /// - Parameter born: the day of birth; only the days that follow from it are kept.
  package func declareWard(
    _ id: ID<DataSubject>, guardian: ID<DataSubject>, born: LocalDate, by principal: Principal
  ) async throws(PrivacyError) -> Wardship {
    try principal.mayDo(.privacyWrite)
    _ = try await person(id, with: .privacyWrite, by: principal)
    guard guardian != id else { throw .fieldInvalid(field: "guardian", problem: "must be another person") }
    let ward = Wardship(
      subject: id, guardian: guardian, childUntil: born.adding(years: 14), minorUntil: born.adding(years: 18))
    return try await work.run(PrivacyError.self) { unit in
      try unit.sql.execute(
        """
        INSERT INTO privacy_ward (organisation, subject, guardian, child_until, minor_until, declared_at)
        VALUES (\(principal.organisation), \(id), \(guardian), \(ward.childUntil), \(ward.minorUntil), \(unit.now))
        ON CONFLICT (organisation, subject) DO UPDATE SET guardian = excluded.guardian,
          child_until = excluded.child_until, minor_until = excluded.minor_until, declared_at = excluded.declared_at
        """)
      try unit.audit(.update, "privacy.ward", id, by: principal)
      return ward
    }
  }

  private func checked(_ will: ConsentWill) throws(PrivacyError) -> Purpose {
    guard let purpose = policy.purpose(will.purpose) else { throw .purposeUnknown }
    guard purpose.basis == .consent else { throw .notByConsent }
    guard will.language.count <= 16, will.channel.count <= 32 else {
      throw .fieldInvalid(field: "language", problem: "must be a language's tag")
    }
    guard will.act == .grant else { return purpose }
    guard will.version == purpose.current.version else { throw .textOutdated(current: purpose.current.version) }
    guard !purpose.isSensitive || will.isExplicit else { throw .notExplicit }
    return purpose
  }

  /// Whose will it is, if it may be theirs.
  private static func voice(
    _ will: ConsentWill, for subject: DataSubject, _ evidence: String?, _ asGuardian: Bool, _ principal: Principal,
    _ unit: Unit
  ) throws -> ConsentEntry.By {
    let ward = try unit.sql.wardship(of: subject)
    let today = unit.now.date(offsetMinutes: 480)
    let needsGuardian = will.act == .grant && ward?.needsGuardian(on: today) == true
    if principal.isSubject(subject.id) {
      guard !needsGuardian else { throw PrivacyError.guardianNeeded }
      return .oneself
    }
    if let ward, principal.isSubject(ward.guardian), ward.mayGuardian(on: today) { return .guardian }
    try principal.mayDo(.privacyWrite)
    guard let evidence, evidence.contains(where: { !$0.isWhitespace }) else {
      throw PrivacyError.fieldInvalid(field: "evidence", problem: "is missing: name the form that was signed")
    }
    guard asGuardian || !needsGuardian else { throw PrivacyError.guardianNeeded }
    return asGuardian ? .guardian : .oneself
  }
}

extension Unit {
  /// Tells journal and audit log of a new line of a ledger.
  fileprivate func changed(
    _ entry: ConsentEntry, of subject: DataSubject, by principal: Principal, evidence: String?
  ) throws {
    let event = ConsentChanged(
      person: subject.id, purpose: entry.purpose, isGranted: entry.act == .grant, version: entry.version)
    try record(event, organisation: subject.organisation)
    try audit(
      AuditEvent(
        .act, "privacy.consent", subject.id.description, by: principal, organisation: subject.organisation,
        reason: evidence,
        details: [
          .plain("act", entry.act.rawValue), .plain("purpose", entry.purpose),
          .plain("version", String(entry.version)),
        ]))
  }
}

extension LocalDate {
  /// The same day so many years later; 29 February becomes 1 March where there is none, so that nobody is taken for
  /// older than they are.
  func adding(years: Int) -> LocalDate {
    let (year, month, day) = components
    if let date = LocalDate(year: year + years, month: month, day: day) { return date }
    return LocalDate(year: year + years, month: 3, day: 1) ?? adding(days: Int64(years) * 365)
  }
}
