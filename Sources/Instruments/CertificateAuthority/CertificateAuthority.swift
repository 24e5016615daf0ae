import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// A small certificate authority: one P-256 key, one self-signed certificate, and what they sign.
///
/// It keeps no record of what it issued: serial numbers, revocations and their storage are its user's. Times are
/// seconds since 1970 UTC and, like serial numbers, are passed in.
public struct CertificateAuthority: Sendable {
  let certificate: Certificate
  let key: P256.Signing.PrivateKey

  /// Makes a new authority with a new key.
  ///
  /// - Parameters:
  ///   - name: its common name, 1 to 64 characters.
  ///   - serial: 8 to 20 random bytes.
  ///   - from: when its certificate begins to be valid.
  ///   - days: for how long; 1 to 36,525.
  /// - Throws: `.nameInvalid`, `.serialInvalid`, `.validityInvalid`.
  public static func create(
    name: String, serial: [UInt8], from: Int64, days: Int
  ) throws(CertificateAuthorityError) -> CertificateAuthority {
    let key = P256.Signing.PrivateKey()
    let publicKey = Certificate.PublicKey(key.publicKey)
    let subject = try Self.distinguishedName(name)
    let validity = try Validity(from: from, days: days)
    let serialNumber = try Self.serialNumber(serial)
    let certificate = try Self.wrapping {
      try Certificate(
        version: .v3,
        serialNumber: serialNumber,
        publicKey: publicKey,
        notValidBefore: validity.notBefore,
        notValidAfter: validity.notAfter,
        issuer: subject,
        subject: subject,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true, cRLSign: true))
          SubjectKeyIdentifier(hash: publicKey)
        },
        issuerPrivateKey: Certificate.PrivateKey(key))
    }
    return CertificateAuthority(certificate: certificate, key: key)
  }

  /// Takes up an authority that was stored.
  ///
  /// - Throws: `.unreadable` when a PEM text is not one, `.keyMismatch` when the key is not the certificate's,
  ///   `.notAnAuthority` when the certificate may not sign others.
  public init(certificatePEM: String, privateKeyPEM: String) throws(CertificateAuthorityError) {
    let certificate = try Self.wrapping { try Certificate(pemEncoded: certificatePEM) }
    let key = try Self.wrapping { try P256.Signing.PrivateKey(pemRepresentation: privateKeyPEM) }
    guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else { throw .keyMismatch }
    let constraints = try Self.wrapping { try certificate.extensions.basicConstraints }
    guard case .isCertificateAuthority? = constraints else { throw .notAnAuthority }
    self.init(certificate: certificate, key: key)
  }

  init(certificate: Certificate, key: P256.Signing.PrivateKey) {
    self.certificate = certificate
    self.key = key
  }

  /// The authority's certificate: what others trust.
  public var certificatePEM: String {
    get throws(CertificateAuthorityError) {
      try Self.wrapping { try certificate.serializeAsPEM().pemString }
    }
  }

  /// The authority's private key (PKCS #8): a secret.
  public var privateKeyPEM: String { key.pemRepresentation }

  /// When the authority's own certificate ends, in seconds since 1970.
  public var notAfter: Int64 { Int64(certificate.notValidAfter.timeIntervalSince1970) }

  // MARK: Pieces

  /// The validity of one certificate.
  struct Validity {
    let notBefore: Date
    let notAfter: Date

    init(from: Int64, days: Int) throws(CertificateAuthorityError) {
      // 253402300799 is 9999-12-31T23:59:59Z, the last moment a certificate can name.
      guard (1...36_525).contains(days), (0...253_402_300_799 - Int64(days) * 86_400).contains(from) else {
        throw .validityInvalid
      }
      self.notBefore = Date(timeIntervalSince1970: Double(from))
      self.notAfter = Date(timeIntervalSince1970: Double(from + Int64(days) * 86_400))
    }
  }

  static func distinguishedName(_ commonName: String) throws(CertificateAuthorityError) -> DistinguishedName {
    guard (1...64).contains(commonName.count), !commonName.utf8.contains(0) else { throw .nameInvalid(commonName) }
    return try wrapping { try DistinguishedName { CommonName(commonName) } }
  }

  /// A positive number of the bytes given, as RFC 5280 asks for.
  static func serialNumber(_ bytes: [UInt8]) throws(CertificateAuthorityError) -> Certificate.SerialNumber {
    guard (8...20).contains(bytes.count), bytes.contains(where: { $0 != 0 }) else { throw .serialInvalid }
    var positive = bytes
    positive[0] &= 0x7f
    return Certificate.SerialNumber(bytes: positive)
  }

  /// Runs a call of the certificate library; what it throws becomes `.unreadable`.
  static func wrapping<T>(_ body: () throws -> T) throws(CertificateAuthorityError) -> T {
    do { return try body() } catch { throw .unreadable(String(describing: error)) }
  }
}
