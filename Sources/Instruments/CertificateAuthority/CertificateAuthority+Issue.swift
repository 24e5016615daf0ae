import Crypto
import FoundationEssentials
import SwiftASN1
import X509

#if canImport(Glibc)
  import Glibc
#endif

extension CertificateAuthority {
  /// A certificate just signed.
  public struct Issued: Sendable, Hashable {
    public let certificatePEM: String
    public let certificateDER: [UInt8]
    /// Hexadecimal, lower case, as `PeerCertificate.serialText` gives it.
    public let serial: String
    /// SHA-256 of the DER bytes, hexadecimal.
    public let fingerprint: String
    /// Seconds since 1970.
    public let notBefore: Int64
    public let notAfter: Int64
  }

  /// What a server's certificate is good for.
  public enum ServerName: Sendable, Hashable {
    case dns(String)
    /// IPv4 or IPv6 in its usual text.
    case ip(String)
  }

  /// Signs a certificate for a server and makes its P-256 key.
  ///
  /// - Parameters:
  ///   - names: at least one; the first is the common name too.
  ///   - serial: 8 to 20 random bytes.
  /// - Returns: the certificate and its private key (PKCS #8 PEM, a secret).
  public func issueServer(
    names: [ServerName], serial: [UInt8], from: Int64, days: Int
  ) throws(CertificateAuthorityError) -> (certificate: Issued, privateKeyPEM: String) {
    let generalNames = try names.map { (name) throws(CertificateAuthorityError) in try Self.generalName(name) }
    guard let first = names.first else { throw .nameInvalid("") }
    let commonName = switch first { case .dns(let name), .ip(let name): name }
    let key = P256.Signing.PrivateKey()
    let issued = try issue(
      publicKey: Certificate.PublicKey(key.publicKey), commonName: String(commonName.prefix(64)),
      names: generalNames, usage: .serverAuth, serial: serial, validity: Validity(from: from, days: days))
    return (issued, key.pemRepresentation)
  }

  /// Signs a client's certificate from its request (PKCS #10).
  ///
  /// The request proves that its sender holds the key; its subject and extensions are not read: subject and names
  /// are those given here. Renewal is the same call, with the old key or a new one.
  ///
  /// - Parameters:
  ///   - requestPEM: at most 16 KiB; a P-256 or P-384 key.
  ///   - uri: the only subject alternative name.
  ///   - serial: 8 to 20 random bytes.
  public func issueClient(
    requestPEM: String, commonName: String, uri: String, serial: [UInt8], from: Int64, days: Int
  ) throws(CertificateAuthorityError) -> Issued {
    guard requestPEM.utf8.count <= Self.requestBytesMax else {
      throw .requestTooLarge(bytesMax: Self.requestBytesMax)
    }
    let request = try Self.wrapping { try CertificateSigningRequest(pemEncoded: requestPEM) }
    guard P256.Signing.PublicKey(request.publicKey) != nil || P384.Signing.PublicKey(request.publicKey) != nil else {
      throw .keyTooWeak
    }
    guard request.publicKey.isValidSignature(request.signature, for: request) else { throw .possessionNotProven }
    return try issue(
      publicKey: request.publicKey, commonName: commonName, names: [.uniformResourceIdentifier(uri)],
      usage: .clientAuth, serial: serial, validity: Validity(from: from, days: days))
  }

  static let requestBytesMax = 16 * 1_024

  private func issue(
    publicKey: Certificate.PublicKey, commonName: String, names: [GeneralName], usage: ExtendedKeyUsage.Usage,
    serial: [UInt8], validity: Validity
  ) throws(CertificateAuthorityError) -> Issued {
    guard validity.notAfter <= certificate.notValidAfter else { throw .outlivesAuthority }
    let subject = try Self.distinguishedName(commonName)
    let serialNumber = try Self.serialNumber(serial)
    let signed = try Self.wrapping {
      try Certificate(
        version: .v3,
        serialNumber: serialNumber,
        publicKey: publicKey,
        notValidBefore: validity.notBefore,
        notValidAfter: validity.notAfter,
        issuer: certificate.subject,
        subject: subject,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage([usage])
          SubjectAlternativeNames(names)
          SubjectKeyIdentifier(hash: publicKey)
          AuthorityKeyIdentifier(
            keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
        },
        issuerPrivateKey: Certificate.PrivateKey(key))
    }
    return try Self.issued(signed)
  }

  static func issued(_ certificate: Certificate) throws(CertificateAuthorityError) -> Issued {
    let pem = try wrapping { try certificate.serializeAsPEM() }
    return Issued(
      certificatePEM: pem.pemString, certificateDER: pem.derBytes,
      serial: hexadecimal(certificate.serialNumber.bytes), fingerprint: hexadecimal(SHA256.hash(data: pem.derBytes)),
      notBefore: Int64(certificate.notValidBefore.timeIntervalSince1970),
      notAfter: Int64(certificate.notValidAfter.timeIntervalSince1970))
  }

  private static func generalName(_ name: ServerName) throws(CertificateAuthorityError) -> GeneralName {
    switch name {
    case .dns(let text):
      guard (1...253).contains(text.utf8.count), text.utf8.allSatisfy(isDNSByte) else { throw .nameInvalid(text) }
      return .dnsName(text)
    case .ip(let text):
      var v4 = in_addr()
      if inet_pton(AF_INET, text, &v4) == 1 {
        return .ipAddress(ASN1OctetString(contentBytes: ArraySlice(withUnsafeBytes(of: v4) { Array($0) })))
      }
      var v6 = in6_addr()
      guard inet_pton(AF_INET6, text, &v6) == 1 else { throw .nameInvalid(text) }
      return .ipAddress(ASN1OctetString(contentBytes: ArraySlice(withUnsafeBytes(of: v6) { Array($0) })))
    }
  }

  private static func isDNSByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "*"):
      true
    default: false
    }
  }
}

/// Lower-case hexadecimal.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
