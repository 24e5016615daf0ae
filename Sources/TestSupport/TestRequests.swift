package import Crypto
import SwiftASN1
import X509

/// Certificate requests (PKCS #10) for tests.
package enum TestRequests {
  /// Of a P-256 key.
  package static func tls(
    _ name: String, dnsNames: [String] = [], key: P256.Signing.PrivateKey = P256.Signing.PrivateKey()
  ) throws -> String {
    var attributes: [CertificateSigningRequest.Attribute] = []
    if !dnsNames.isEmpty {
      let extensions = try Certificate.Extensions { SubjectAlternativeNames(dnsNames.map { .dnsName($0) }) }
      attributes = [try CertificateSigningRequest.Attribute(ExtensionRequest(extensions: extensions))]
    }
    return try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName { CommonName(name) }, privateKey: Certificate.PrivateKey(key),
      attributes: CertificateSigningRequest.Attributes(attributes), signatureAlgorithm: .ecdsaWithSHA256
    ).serializeAsPEM().pemString
  }

  /// The same with one bit of its last byte turned: its signature is then no signature of it.
  package static func forged(_ pem: String) throws -> String {
    let document = try PEMDocument(pemString: pem)
    var bytes = document.derBytes
    bytes[bytes.count - 1] ^= 1
    return PEMDocument(type: document.discriminator, derBytes: bytes).pemString
  }
}
