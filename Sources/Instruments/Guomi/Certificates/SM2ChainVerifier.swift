/// Says whether a certificate leads to a root that is trusted.
///
/// Every signature is checked under the default distinguishing id, certificates and lists alike. (libcrypto 3.0 has to
/// be told it certificate by certificate, and can not be told it for a list, which is why this is ours.)
/// - Source: RFC 5280, section 6, without policies and name constraints: a certificate that insists on them is refused.
public struct SM2ChainVerifier: Sendable {
  /// The most certificates of a chain, the root included.
  public static let chainMax = 8
  /// The most certificates somebody may send along.
  public static let intermediatesMax = 16
  /// The most signatures that are checked in search of a chain.
  static let signaturesMax = 64

  /// What is asked about revocation.
  public enum Revocation: Sendable, Hashable {
    /// Every certificate below a root needs a list that is valid now.
    case required
    /// A list is heeded where there is a valid one.
    case heeded
  }

  private let roots: [SM2Certificate]
  private let lists: [SM2RevocationList]
  private let revocation: Revocation

  /// - Parameters:
  ///   - roots: trusted for what they are; only their validity is checked.
  ///   - lists: of any issuers, in any order.
  public init(roots: [SM2Certificate], lists: [SM2RevocationList] = [], revocation: Revocation = .required) {
    self.roots = roots
    self.lists = lists
    self.revocation = revocation
  }

  /// Finds a chain and checks it.
  ///
  /// - Parameters:
  ///   - intermediates: sent along; believed in nothing.
  ///   - at: seconds since 1970.
  ///   - purpose: what the certificate is shown for; nil for any.
  /// - Returns: the chain from the certificate to the root.
  /// - Throws: why not; with several ways up, why the last of them failed.
  @discardableResult
  public func verify(
    _ certificate: SM2Certificate, intermediates: [SM2Certificate] = [], at now: Int64,
    purpose: SM2CertificateExtensions.Purpose?
  ) throws(SM2CertificateError) -> [SM2Certificate] {
    guard intermediates.count <= Self.intermediatesMax else { throw .chainTooLong }
    var search = Search(verifier: self, intermediates: intermediates, now: now, purpose: purpose)
    return try search.climb([certificate])
  }

  private struct Search {
    let verifier: SM2ChainVerifier
    let intermediates: [SM2Certificate]
    let now: Int64
    let purpose: SM2CertificateExtensions.Purpose?
    var signatures = 0

    /// - Parameter chain: so far, the certificate in question first.
    mutating func climb(_ chain: [SM2Certificate]) throws(SM2CertificateError) -> [SM2Certificate] {
      guard chain.count <= SM2ChainVerifier.chainMax, let top = chain.last else { throw .chainTooLong }
      try checkAlone(top, isLeaf: chain.count == 1)
      if verifier.roots.contains(top) { return chain }
      var failure = SM2CertificateError.issuerUnknown(issuer: top.issuer.description)
      for issuer in verifier.roots + intermediates where mayHaveIssued(issuer, top) && !chain.contains(issuer) {
        do throws(SM2CertificateError) {
          try checkIssue(of: top, by: issuer, authoritiesBetween: chain.count - 1)
          return try climb(chain + [issuer])
        } catch {
          failure = error
          if error == .chainTooLong { throw error }
        }
      }
      throw failure
    }

    /// By name and, where both say it, by key; without looking at signatures.
    private func mayHaveIssued(_ issuer: SM2Certificate, _ certificate: SM2Certificate) -> Bool {
      guard issuer.subject == certificate.issuer else { return false }
      guard let wanted = certificate.extensions.authorityKeyID, let held = issuer.extensions.subjectKeyID else {
        return true
      }
      return wanted == held
    }

    private func checkAlone(_ certificate: SM2Certificate, isLeaf: Bool) throws(SM2CertificateError) {
      let subject = certificate.subject.description
      guard now >= certificate.notBefore else { throw .notYetValid(subject: subject) }
      guard now <= certificate.notAfter else { throw .expired(subject: subject) }
      if let purpose, let purposes = certificate.extensions.purposes, !purposes.contains(purpose) {
        throw .purposeNotAllowed(subject: subject)
      }
      if isLeaf, let usage = certificate.extensions.keyUsage, usage.isEmpty { throw .usageNotAllowed(subject: subject) }
    }

    private mutating func checkIssue(
      of certificate: SM2Certificate, by issuer: SM2Certificate, authoritiesBetween: Int
    ) throws(SM2CertificateError) {
      let subject = issuer.subject.description
      guard case .authority(let pathLengthMax) = issuer.extensions.role else { throw .notAuthority(subject: subject) }
      guard issuer.extensions.keyUsage?.contains(.certificateSigning) ?? true else {
        throw .usageNotAllowed(subject: subject)
      }
      if let pathLengthMax, authoritiesBetween > pathLengthMax { throw .pathTooLong(subject: subject) }
      try count()
      guard issuer.signed(certificate.signedPart, certificate.signature) else {
        throw .signatureInvalid(subject: certificate.subject.description)
      }
      try checkRevocation(of: certificate, by: issuer)
    }

    private mutating func checkRevocation(
      of certificate: SM2Certificate, by issuer: SM2Certificate
    ) throws(SM2CertificateError) {
      var isKnown = false
      for list in verifier.lists where list.issuer == issuer.subject {
        guard list.thisUpdate <= now, now < list.nextUpdate,
          issuer.extensions.keyUsage?.contains(.revocationListSigning) ?? true
        else { continue }
        try count()
        guard issuer.signed(list.signedPart, list.signature) else { continue }
        isKnown = true
        if let entry = list.entry(serial: certificate.serial), entry.at <= now {
          throw .revoked(serial: certificate.serialText, reason: entry.reason)
        }
      }
      guard isKnown || verifier.revocation == .heeded else {
        throw .revocationUnknown(issuer: issuer.subject.description)
      }
    }

    private mutating func count() throws(SM2CertificateError) {
      signatures += 1
      guard signatures <= SM2ChainVerifier.signaturesMax else { throw .chainTooLong }
    }
  }
}
