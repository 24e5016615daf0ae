import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// A certificate authority whose key is elsewhere: it knows its certificate, and drafts what the key's holder signs.
///
/// It issues below a root of one step: whoever it names is no authority.
public struct RemoteAuthority: Sendable {
  /// What a certificate is good for.
  public enum Usage: String, Sendable, Hashable, CaseIterable {
    case client
    case server

    var id: ExtendedKeyUsage.Usage { self == .client ? .clientAuth : .serverAuth }
  }

  let certificate: Certificate
  public let der: [UInt8]

  /// Takes up an authority by its certificate.
  ///
  /// - Throws: `.unreadable`, `.notAnAuthority`, `.keyTooWeak`.
  public init(der: [UInt8]) throws(CertificateAuthorityError) {
    let certificate = try CertificateAuthority.wrapping { try Certificate(derEncoded: der) }
    let constraints = try CertificateAuthority.wrapping { try certificate.extensions.basicConstraints }
    guard case .isCertificateAuthority? = constraints else { throw .notAnAuthority }
    guard P256.Signing.PublicKey(certificate.publicKey) != nil else { throw .keyTooWeak }
    self.certificate = certificate
    self.der = der
  }

  /// A root that its own key signs.
  ///
  /// - Parameters:
  ///   - name: its common name, 1 to 64 characters.
  ///   - publicKey: P-256, 65 bytes (X9.63).
  ///   - serial: 8 to 20 random bytes.
  ///   - from: seconds since 1970.
  public static func rootDraft(
    name: String, publicKey: [UInt8], serial: [UInt8], from: Int64, days: Int
  ) throws(CertificateAuthorityError) -> CertificateDraft {
    guard let point = try? P256.Signing.PublicKey(x963Representation: publicKey) else { throw .keyTooWeak }
    let key = Certificate.PublicKey(point)
    let subject = try CertificateAuthority.distinguishedName(name)
    let extensions = try CertificateAuthority.wrapping {
      try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: key)
      }
    }
    return try CertificateDraft(
      UnsignedCertificate(
        subject: subject, key: key, issuer: subject, serial: try CertificateAuthority.serialNumber(serial),
        validity: try CertificateAuthority.Validity(from: from, days: days), extensions: extensions),
      issuerKey: key)
  }

  /// A certificate for the key of a request; its names are those given here.
  ///
  /// - Parameters:
  ///   - serial: 8 to 20 random bytes, never used before.
  ///   - from: seconds since 1970.
  ///   - listAddress: where the authority's revocation list is, a URL; nil to leave it out.
  /// - Throws: `.outlivesAuthority`, `.nameInvalid`, `.serialInvalid`, `.validityInvalid`.
  public func draft(
    _ request: CertificateRequest, commonName: String, dnsNames: [String], uri: String, usages: Set<Usage>,
    serial: [UInt8], from: Int64, days: Int, listAddress: String? = nil
  ) throws(CertificateAuthorityError) -> CertificateDraft {
    let validity = try CertificateAuthority.Validity(from: from, days: days)
    guard validity.notAfter <= certificate.notValidAfter else { throw .outlivesAuthority }
    let names: [GeneralName] = dnsNames.map { .dnsName($0) } + [.uniformResourceIdentifier(uri)]
    let purposes = Usage.allCases.filter(usages.contains).map(\.id)
    var extensions = try CertificateAuthority.wrapping {
      try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage(purposes)
        SubjectAlternativeNames(names)
        SubjectKeyIdentifier(hash: request.key)
        AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
      }
    }
    if let listAddress {
      try CertificateAuthority.wrapping { try extensions.append(RevocationListAddress.extension(listAddress)) }
    }
    return try CertificateDraft(
      UnsignedCertificate(
        subject: try CertificateAuthority.distinguishedName(commonName), key: request.key,
        issuer: certificate.subject, serial: try CertificateAuthority.serialNumber(serial), validity: validity,
        extensions: extensions),
      issuerKey: certificate.publicKey)
  }

  /// A list of what is no longer good.
  ///
  /// - Parameters:
  ///   - number: greater than that of every list before.
  ///   - thisUpdate: seconds since 1970.
  ///   - nextUpdate: when the next list will be there at the latest.
  /// - Source: RFC 5280, section 5.
  public func revocationListDraft(
    number: Int64, revoked: [CertificateAuthority.Revoked], thisUpdate: Int64, nextUpdate: Int64
  ) throws(CertificateAuthorityError) -> RevocationListDraft {
    RevocationListDraft(
      toBeSigned: try RevocationListBody(
        issuer: certificate, number: number, revoked: revoked, thisUpdate: thisUpdate, nextUpdate: nextUpdate
      ).bytes(),
      issuerKey: certificate.publicKey)
  }
}

/// A revocation list that its issuer has still to sign.
public struct RevocationListDraft: Sendable {
  public let toBeSigned: [UInt8]
  let issuerKey: Certificate.PublicKey

  /// The finished list, DER.
  ///
  /// - Parameter signature: ECDSA with SHA-256, DER.
  /// - Throws: `.signatureInvalid` when it is not the issuer's.
  public func signed(with signature: [UInt8]) throws(CertificateAuthorityError) -> [UInt8] {
    guard let key = P256.Signing.PublicKey(issuerKey),
      let ecdsa = try? P256.Signing.ECDSASignature(derRepresentation: signature),
      key.isValidSignature(ecdsa, for: toBeSigned)
    else { throw .signatureInvalid }
    return try CertificateAuthority.wrapping { try SignedBody.frame(toBeSigned, signature) }
  }
}
