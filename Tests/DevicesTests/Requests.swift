import Crypto
import SwiftASN1
import X509

/// Certificate requests for tests.
enum Requests {
  static func pem(_ key: P256.Signing.PrivateKey = P256.Signing.PrivateKey()) throws -> String {
    let request = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName { CommonName("anyone") }, privateKey: Certificate.PrivateKey(key),
      attributes: .init(), signatureAlgorithm: .ecdsaWithSHA256)
    return try request.serializeAsPEM().pemString
  }
}
