import Audit
package import Kernel
import SQLStore
package import Vault

/// Identity certificates of third parties (身份证书): two authorities an organisation, what they issued, and lists of
/// what is no longer good. It is the root of trust for third parties' devices and systems; the authorities' private
/// keys are in the key service, which signs what is drafted here.
///
/// - Source: clauses 8.8 b and 8.7.
package struct Identities: Sendable {
  /// The most bytes of a request, or of a certificate that is shown.
  package static let requestBytesMax = 16 * 1_024

  package let work: Work
  let keys: AuthorityKeys
  let randomBytes: @Sendable (Int) -> [UInt8]

  /// - Parameters:
  ///   - keys: the key service.
  ///   - randomBytes: so many fresh random bytes, for serial numbers.
  package init(work: Work, keys: any KeySource, randomBytes: @escaping @Sendable (Int) -> [UInt8]) {
    self.work = work
    self.keys = AuthorityKeys(source: keys)
    self.randomBytes = randomBytes
  }

  // MARK: Looking

  /// Certificates, newest first; needs `identities.read`.
  ///
  /// - Throws: `.cursorInvalid`.
  package func certificates(
    _ query: IdentityQuery, by principal: Principal
  ) async throws(IdentitiesError) -> Page<IdentityCertificate> {
    try principal.may(.identitiesRead)
    let before = query.page.cursor.map { ID<IdentityCertificate>($0) }
    if case .some(.none) = before { throw .cursorInvalid }
    let now = work.time.now()
    return try await work.read(IdentitiesError.self) { sql in
      let found = try sql.identities(query, of: principal.organisation, before: before ?? nil, at: now)
      let items = Array(found.prefix(query.page.limit))
      return Page(items: items, next: found.count > query.page.limit ? items.last?.id.description : nil)
    }
  }

  /// One certificate; needs `identities.read`.
  package func certificate(
    _ id: ID<IdentityCertificate>, by principal: Principal
  ) async throws(IdentitiesError) -> IdentityCertificate {
    try principal.may(.identitiesRead)
    return try await work.read(IdentitiesError.self) { sql in try sql.identity(id, of: principal.organisation) }
  }

  /// The organisation's authorities, at most one a chain; needs `identities.read`.
  package func authorities(by principal: Principal) async throws(IdentitiesError) -> [IdentityAuthority] {
    try principal.may(.identitiesRead)
    return try await work.read(IdentitiesError.self) { sql in try sql.authorities(of: principal.organisation) }
  }

  /// An authority as anybody may see it: its certificate and its list are what others need to believe or not.
  package func published(_ id: ID<IdentityAuthority>) async throws(IdentitiesError) -> IdentityAuthority {
    try await work.read(IdentitiesError.self) { sql in
      guard let authority = try sql.authority(id) else { throw IdentitiesError.authorityUnknown }
      return authority
    }
  }

  /// Sixteen bytes whose number is positive and of full length.
  func newSerial() -> [UInt8] {
    var serial = randomBytes(16)
    serial[0] = serial[0] & 0x7f | 0x40
    return serial
  }

  func authority(
    _ chain: IdentityChain, of organisation: ID<Organisation>
  ) async throws(IdentitiesError) -> IdentityAuthority {
    try await work.read(IdentitiesError.self) { sql in
      guard let found = try sql.authorities(of: organisation).first(where: { $0.chain == chain }) else {
        throw IdentitiesError.authorityMissing(chain)
      }
      return found
    }
  }
}

extension Principal {
  /// - Throws: `.denied`.
  func may(_ permission: Permission) throws(IdentitiesError) {
    do { try require(permission) } catch { throw IdentitiesError(error) }
  }

  /// As `may`, with the second factor shown not long ago.
  func mayFresh(_ permission: Permission, at now: Instant) throws(IdentitiesError) {
    do {
      try require(permission)
      try requireFresh(permission, at: now)
    } catch { throw IdentitiesError(error) }
  }
}
