/// A certificate that its issuer has still to sign: `toBeSigned` goes to whoever holds the key, as the key service,
/// and its signature comes back to `signed`.
public struct SM2CertificateDraft: Sendable {
  /// The years one may be valid at most.
  static let yearsMax: Int64 = 100

  public let toBeSigned: [UInt8]
  private let issuerKey: SM2.PublicPoint

  /// A certificate below an authority.
  ///
  /// - Parameters:
  ///   - key: of a request whose possession is proven.
  ///   - extensions: role, usage, purposes, names; the key ids are added.
  ///   - serial: 8 to 20 random bytes, never used before by this issuer.
  ///   - notBefore: seconds since 1970.
  /// - Throws: `.notAuthority`, `.pathTooLong`, `.validityInvalid`, `.serialInvalid`, `.nameInvalid`.
  public init(
    subject: SM2Name, key: SM2.PublicPoint, extensions: SM2CertificateExtensions, issuer: SM2Certificate,
    serial: [UInt8], notBefore: Int64, notAfter: Int64
  ) throws(SM2CertificateError) {
    guard case .authority(let pathLengthMax) = issuer.extensions.role,
      issuer.extensions.keyUsage?.contains(.certificateSigning) ?? true
    else { throw .notAuthority(subject: issuer.subject.description) }
    if case .authority(let below) = extensions.role, let pathLengthMax {
      guard let below, below < pathLengthMax else { throw .pathTooLong(subject: subject.description) }
    }
    guard issuer.notBefore <= notBefore, notAfter <= issuer.notAfter else { throw .validityInvalid }
    try self.init(
      subject: subject, key: key, extensions: extensions, issuerName: issuer.subject, issuerKey: issuer.key,
      issuerKeyID: issuer.extensions.subjectKeyID ?? SM2Certificate.keyID(of: issuer.key), serial: serial,
      notBefore: notBefore, notAfter: notAfter)
  }

  /// The root of a hierarchy, which its own key signs.
  public init(
    root subject: SM2Name, key: SM2.PublicPoint, pathLengthMax: Int?, serial: [UInt8], notBefore: Int64,
    notAfter: Int64
  ) throws(SM2CertificateError) {
    var extensions = SM2CertificateExtensions()
    extensions.role = .authority(pathLengthMax: pathLengthMax)
    extensions.keyUsage = [.certificateSigning, .revocationListSigning]
    try self.init(
      subject: subject, key: key, extensions: extensions, issuerName: subject, issuerKey: key,
      issuerKeyID: SM2Certificate.keyID(of: key), serial: serial, notBefore: notBefore, notAfter: notAfter)
  }

  private init(
    subject: SM2Name, key: SM2.PublicPoint, extensions: SM2CertificateExtensions, issuerName: SM2Name,
    issuerKey: SM2.PublicPoint, issuerKeyID: [UInt8], serial: [UInt8], notBefore: Int64, notAfter: Int64
  ) throws(SM2CertificateError) {
    guard (8...20).contains(serial.count), let first = serial.first, first < 0x80, serial.contains(where: { $0 > 0 })
    else { throw .serialInvalid }
    // Years that both forms of time can write.
    guard (-631_152_000...253_402_300_799).contains(notBefore), notBefore < notAfter,
      notAfter - notBefore <= Self.yearsMax * 366 * 86_400, notAfter <= 253_402_300_799
    else { throw .validityInvalid }
    var extensions = extensions
    extensions.subjectKeyID = SM2Certificate.keyID(of: key)
    extensions.authorityKeyID = issuerKeyID
    toBeSigned = DER.sequence(
      DER.explicit(0, DER.integer(2)), DER.integer(serial), SM2Signed.algorithm, issuerName.der,
      DER.sequence(DER.time(notBefore), DER.time(notAfter)), subject.der, key.der,
      DER.explicit(3, try extensions.der()))
    self.issuerKey = issuerKey
  }

  /// The finished certificate.
  ///
  /// - Throws: `.signatureInvalid` when the signature is not the issuer's: a mistake of the signer never gets out.
  public func signed(with signature: SM2.Signature) throws(SM2CertificateError) -> SM2Certificate {
    let certificate = try SM2Certificate(der: SM2Signed.frame(toBeSigned, signature))
    guard SM2.VerifyingKey(issuerKey).isValid(signature, for: toBeSigned) else {
      throw .signatureInvalid(subject: certificate.subject.description)
    }
    return certificate
  }

  /// The same where the key is at hand.
  public func signed(by key: SM2.SigningKey, random: RandomSource) throws(SM2CertificateError) -> SM2Certificate {
    let signature: SM2.Signature
    do { signature = try key.sign(toBeSigned, random: random) } catch { throw .signing(error) }
    return try signed(with: signature)
  }
}
