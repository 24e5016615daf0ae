public import Crypto
import Foundation
import SwiftASN1
import X509

/// A device's private key (P-256), made on the device: only the request leaves it.
public struct DeviceKey: Sendable {
  private let key: P256.Signing.PrivateKey

  /// Makes a fresh key from the system's randomness.
  public init() { key = P256.Signing.PrivateKey() }

  /// Takes a key that was stored.
  public init(_ key: P256.Signing.PrivateKey) { self.key = key }

  /// Reads a key from PEM.
  public init(pem: String) throws { key = try P256.Signing.PrivateKey(pemRepresentation: pem) }

  /// The key in PEM (PKCS #8), to be kept where only the device reads it.
  public var pem: String { key.pemRepresentation }

  /// The request (PKCS #10, PEM) for a certificate that names the device as docs/device-protocol.md says: the subject
  /// alternative name `urn:anju:device:<name>`. For enrolment, and for renewal with the same or a new key.
  ///
  /// - Throws: an error of X509 when the request can not be made; not for a valid device name.
  public func certificateRequest(device: String) throws -> String {
    let attributes = try CertificateSigningRequest.Attributes([
      .init(
        ExtensionRequest(
          extensions: try Certificate.Extensions {
            SubjectAlternativeNames([.uniformResourceIdentifier("urn:anju:device:\(device)")])
          }))
    ])
    let request = try CertificateSigningRequest(
      version: .v1, subject: try DistinguishedName { CommonName(device) }, privateKey: .init(key),
      attributes: attributes, signatureAlgorithm: .ecdsaWithSHA256)
    return try request.serializeAsPEM().pemString
  }
}

/// When a certificate is to be renewed.
public struct CertificateLife: Hashable, Sendable {
  /// Milliseconds since 1970 UTC, both ends included.
  public let notBefore: Int64
  public let notAfter: Int64

  /// Reads the first certificate of a PEM text.
  public init(certificatePEM: String) throws {
    let certificate = try Certificate(pemEncoded: certificatePEM)
    notBefore = Int64(certificate.notValidBefore.timeIntervalSince1970 * 1_000)
    notAfter = Int64(certificate.notValidAfter.timeIntervalSince1970 * 1_000)
  }

  /// Whether two thirds of its time have passed: a new one is asked for while the old one still works.
  public func isRenewalDue(at time: Int64) -> Bool { time >= notBefore + (notAfter - notBefore) / 3 * 2 }
}
