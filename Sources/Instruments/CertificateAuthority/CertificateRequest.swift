import Crypto
import SwiftASN1
import X509

/// A request for a certificate (PKCS #10) whose sender proved to hold its key.
///
/// - Source: RFC 2986.
public struct CertificateRequest: Sendable {
  /// The common name it asks for; nil when it has none, or more than one.
  public let commonName: String?
  /// The DNS names it asks for.
  public let dnsNames: [String]
  /// Whether it asks for other names than those: addresses, URIs, mailboxes.
  public let asksOtherNames: Bool
  /// P-256, 65 bytes (X9.63).
  public let publicKey: [UInt8]
  let key: Certificate.PublicKey

  /// Reads a request and checks its signature.
  ///
  /// - Parameter pem: at most 16 KiB; a P-256 key.
  /// - Throws: `.requestTooLarge`, `.unreadable`, `.keyTooWeak`, `.possessionNotProven`.
  public init(pem: String) throws(CertificateAuthorityError) {
    guard pem.utf8.count <= CertificateAuthority.requestBytesMax else {
      throw .requestTooLarge(bytesMax: CertificateAuthority.requestBytesMax)
    }
    let request = try CertificateAuthority.wrapping { try CertificateSigningRequest(pemEncoded: pem) }
    guard let point = P256.Signing.PublicKey(request.publicKey) else { throw .keyTooWeak }
    guard request.publicKey.isValidSignature(request.signature, for: request) else { throw .possessionNotProven }
    key = request.publicKey
    publicKey = Array(point.x963Representation)
    commonName = Self.commonName(request.subject)
    let names = try CertificateAuthority.wrapping {
      try request.attributes.extensionRequest?.extensions.subjectAlternativeNames.map { Array($0) } ?? []
    }
    dnsNames = names.compactMap { name in if case .dnsName(let text) = name { text } else { nil } }
    asksOtherNames = dnsNames.count != names.count
  }

  /// The key of a certificate that is renewed: possession was proven by the request it came from.
  ///
  /// - Throws: `.unreadable`, `.keyTooWeak`.
  public init(renewing der: [UInt8]) throws(CertificateAuthorityError) {
    let certificate = try CertificateAuthority.wrapping { try Certificate(derEncoded: der) }
    guard let point = P256.Signing.PublicKey(certificate.publicKey) else { throw .keyTooWeak }
    key = certificate.publicKey
    publicKey = Array(point.x963Representation)
    commonName = Self.commonName(certificate.subject)
    dnsNames = []
    asksOtherNames = false
  }

  private static func commonName(_ subject: DistinguishedName) -> String? {
    let names = subject.flatMap { $0 }.filter { $0.type == .RDNAttributeType.commonName }
    guard let only = names.first, names.count == 1 else { return nil }
    return String(only.value)
  }
}
