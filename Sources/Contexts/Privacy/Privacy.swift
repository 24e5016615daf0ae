package import Audit
package import Kernel
import Logging
import SQLStore

/// What persons may ask about their data, and what is owed to them (个人信息保护): consents, requests, retention.
///
/// - Source: GB/T 35273; clause 9.3 d.
package struct Privacy: Sendable {
  /// The most lines of one person's consent ledger.
  package static let ledgerMax = 5_000
  /// The most records of one page that a provider is asked for.
  static let recordsOfPage = 200
  /// The most bytes of a copy.
  package static let exportBytesMax = 64 << 20

  let work: Work
  package let policy: PrivacyPolicy
  let audit: AuditLog
  let keys: any PersonKeys
  let random: @Sendable (Int) -> [UInt8]
  /// In the order in which a person is erased: this context and the audit log come last.
  let providers: [any HoldingsProvider]

  /// - Parameters:
  ///   - providers: of every context that holds personal data, in the order in which a person is erased: a context
  ///     before those it uses.
  ///   - random: so many bytes that nobody can guess.
  package init(
    work: Work, policy: PrivacyPolicy, audit: AuditLog, keys: any PersonKeys, providers: [any HoldingsProvider],
    random: @escaping @Sendable (Int) -> [UInt8]
  ) {
    self.work = work
    self.policy = policy
    self.audit = audit
    self.keys = keys
    self.random = random
    self.providers =
      providers + [AuditHoldings(work: work, log: audit), OwnHoldings(work: work, policy: policy, keys: keys)]
  }

  /// What is held about a person, masked: one's own, or another's with `privacy.read`.
  package func holdings(of id: ID<DataSubject>, by principal: Principal) async throws(PrivacyError) -> [Holding] {
    let subject = try await person(id, by: principal)
    let providers = providers
    return try await work.read(PrivacyError.self) { sql in
      try providers.flatMap { try $0.holdings(of: subject, in: sql) }
    }
  }

  /// Who looked at a person's data or changed it, newest first: one's own, or another's with `privacy.read`.
  package func looks(
    at id: ID<DataSubject>, _ page: PageRequest, by principal: Principal
  ) async throws(PrivacyError) -> Page<AuditEntry> {
    let subject = try await person(id, by: principal)
    do {
      let query = AuditQuery(resource: subject.id.description, page: page)
      return try await audit.search(query, of: subject.organisation)
    } catch {
      switch error {
      case .cursorInvalid: throw .cursorInvalid
      case .store(let failure): throw PrivacyError(failure)
      default: throw .store(.broken)
      }
    }
  }

  /// The person behind an id of this organisation: oneself, or another with the permission.
  ///
  /// - Throws: `.personUnknown` when nothing is held about another.
  func person(
    _ id: ID<DataSubject>, with permission: Permission = .privacyRead, by principal: Principal
  ) async throws(PrivacyError) -> DataSubject {
    let subject = DataSubject(organisation: principal.organisation, id: id)
    guard !principal.isSubject(id) else { return subject }
    try principal.mayDo(permission)
    let (providers, now) = (providers, work.time.now())
    let isKnown = try await work.read(PrivacyError.self) { sql in
      if try sql.isErased(subject) { return true }
      if try !sql.holds(on: subject, at: now).isEmpty { return true }
      return try providers.contains { try !$0.holdings(of: subject, in: sql).isEmpty }
    }
    guard isKnown else { throw .personUnknown }
    return subject
  }

  /// Whether nothing may be done with a person's data but to keep it. For other contexts: asks no permission.
  package func isRestricted(_ subject: DataSubject) async throws(PrivacyError) -> Bool {
    try await work.read(PrivacyError.self) { sql in
      try sql.row(
        """
        SELECT since FROM privacy_restriction
        WHERE organisation = \(subject.organisation) AND subject = \(subject.id)
        """) != nil
    }
  }

  /// Reads a value of a record's own key, with this context's errors.
  func opened(_ sealed: [UInt8], of subject: DataSubject, place: String) async throws(PrivacyError) -> [UInt8] {
    do { return try await keys.open(sealed, of: subject, place: place) } catch { throw keysError(error) }
  }

  func sealed(_ bytes: [UInt8], of subject: DataSubject, place: String) async throws(PrivacyError) -> [UInt8] {
    do { return try await keys.seal(bytes, of: subject, place: place) } catch { throw keysError(error) }
  }

  private func keysError(_ error: any Error) -> PrivacyError {
    if let error = error as? PrivacyError { return error }
    // What a key service says may carry what it was given: only its type is written down.
    work.logger.warning("a person's key cannot be used", metadata: ["error.type": "\(type(of: error))"])
    return .keysUnavailable
  }
}

extension Principal {
  func isSubject(_ id: ID<DataSubject>) -> Bool { kind == .person && self.id.tagged() == id }

  /// `require` with this context's error.
  func mayDo(_ permission: Permission) throws(PrivacyError) {
    do { try require(permission) } catch { throw PrivacyError(error) }
  }

  /// `requireFresh` with this context's error.
  func mustBeFresh(_ permission: Permission, at now: Instant) throws(PrivacyError) {
    do { try requireFresh(permission, at: now) } catch { throw PrivacyError(error) }
  }

  /// The platform at work in an organisation.
  static func platform(of organisation: ID<Organisation>) -> Principal {
    Principal(
      id: organisation.tagged(), kind: .platform, organisation: organisation, name: "Anju",
      permissions: [.privacyErase, .privacyRead, .privacyWrite])
  }
}
