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
  /// Under which address others reach this platform, as `https://anju.example.com`; nil where none is known. Then
  /// certificates say nothing of where their list is.
  package let publicAddress: String?
  let keys: AuthorityKeys
  let randomBytes: @Sendable (Int) -> [UInt8]

  /// - Parameters:
  ///   - keys: the key service.
  ///   - publicAddress: without a slash at its end.
  ///   - randomBytes: so many fresh random bytes, for serial numbers.
  package init(
    work: Work, keys: any KeySource, publicAddress: String? = nil, randomBytes: @escaping @Sendable (Int) -> [UInt8]
  ) {
    self.work = work
    self.publicAddress = publicAddress
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

  /// Where an authority's list is fetched by anybody; nil without a public address.
  package func listAddress(of authority: ID<IdentityAuthority>) -> String? {
    publicAddress.map { "\($0)/api/v1/identity-authorities/\(authority)/revocation-list" }
  }

  /// The organisation's authorities, the newest of each chain first; needs `identities.read`.
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

  /// The one that issues.
  func authority(
    _ chain: IdentityChain, of organisation: ID<Organisation>
  ) async throws(IdentitiesError) -> IdentityAuthority {
    try await work.read(IdentitiesError.self) { sql in
      let there = try sql.authorities(of: organisation)
      guard let found = there.first(where: { $0.chain == chain && $0.state == .issuing }) else {
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
