/// A certificate of an SM2 key, signed with SM2 and SM3.
///
/// Reading one checks its form only; `SM2ChainVerifier` says whether to believe it.
/// - Source: GB/T 20518-2018, RFC 5280.
public struct SM2Certificate: Hashable, Sendable {
  /// The most bytes of a certificate.
  public static let byteCountMax = 16 * 1_024
  private static let label = "CERTIFICATE"

  public let der: [UInt8]
  /// Big-endian, without leading zeros.
  public let serial: [UInt8]
  public let issuer: SM2Name
  public let subject: SM2Name
  /// The first and last second at which it is valid, since 1970.
  public let notBefore: Int64
  public let notAfter: Int64
  /// The key as such: make of it what the certificate allows, as `SM2.VerifyingKey(certificate.key)`.
  public let key: SM2.PublicPoint
  public let extensions: SM2CertificateExtensions
  /// What the issuer signed, and its signature.
  let signedPart: [UInt8]
  let signature: SM2.Signature

  /// - Throws: `.malformed`, `.tooLarge`, `.algorithmUnsupported`, `.keyInvalid`, `.extensionUnknown`.
  public init(der: [UInt8]) throws(SM2CertificateError) {
    guard der.count <= Self.byteCountMax else { throw .tooLarge(byteCountMax: Self.byteCountMax) }
    do { try self.init(reading: der) } catch { throw SM2Signed.failure(error) }
  }

  public init(pem: String) throws(SM2CertificateError) {
    guard pem.utf8.count <= 2 * Self.byteCountMax, let der = PEM.decode(pem, label: Self.label) else {
      throw .malformed("PEM")
    }
    try self.init(der: der)
  }

  public var pem: String { PEM.encode(der, label: Self.label) }

  /// Hexadecimal, lower case.
  public var serialText: String { hexadecimal(serial) }

  /// SM3 of the whole.
  public var fingerprint: SM3.Digest { SM3.hash(der) }

  private init(reading der: [UInt8]) throws {
    let signed = try SM2Signed(der)
    var body = DERReader(signed.content)
    // Version 3, the only one with extensions.
    var version = DERReader(try body.take(0xa0))
    guard try version.integer() == 2 else { throw SM2CertificateError.malformed("version") }
    try version.finish()
    let serial = try body.magnitude()
    guard serial.count <= 20 else { throw SM2CertificateError.serialInvalid }
    try SM2Signed.readAlgorithm(&body)
    issuer = try SM2Name(reading: &body)
    var validity = try body.sequence()
    notBefore = try validity.time()
    notAfter = try validity.time()
    try validity.finish()
    subject = try SM2Name(reading: &body)
    key = try SM2.PublicPoint(info: try body.take(DER.Tag.sequence))
    // Unique ids, of version 2, may stand between.
    _ = try body.takeOptional(0x81)
    _ = try body.takeOptional(0x82)
    if let explicit = try body.takeOptional(0xa3) {
      var reader = DERReader(explicit)
      var list = try reader.sequence()
      try reader.finish()
      extensions = try SM2CertificateExtensions(reading: &list)
    } else {
      extensions = SM2CertificateExtensions()
    }
    try body.finish()
    self.der = der
    self.serial = Array(serial)
    signedPart = signed.part
    signature = signed.signature
  }

  /// Whether this certificate's key signed the other.
  func signed(_ part: [UInt8], _ signature: SM2.Signature) -> Bool {
    SM2.VerifyingKey(key).isValid(signature, for: part)
  }

  /// The id of a key in extensions: the first 20 bytes of SM3 of the point.
  static func keyID(of key: SM2.PublicPoint) -> [UInt8] { Array(SM3.hash(key.x963).bytes.prefix(20)) }
}

/// The frame that certificates, requests and revocation lists share: body, algorithm, signature.
struct SM2Signed {
  /// The body with tag and length: what is signed.
  let part: [UInt8]
  let content: ArraySlice<UInt8>
  let signature: SM2.Signature

  static let algorithm = DER.sequence(ObjectID.sm2WithSM3.der)

  init(_ der: [UInt8]) throws {
    var outer = DERReader(der)
    var parts = try outer.sequence()
    try outer.finish()
    let body = try parts.element()
    guard body.tag == DER.Tag.sequence else { throw DERError.tag }
    try Self.readAlgorithm(&parts)
    let bits = try parts.bits()
    try parts.finish()
    part = Array(body.whole)
    content = body.content
    signature = try SM2.Signature(der: bits)
  }

  /// Both places that name the algorithm must name SM2 with SM3; the parameters are left out or NULL.
  static func readAlgorithm(_ reader: inout DERReader) throws {
    var algorithm = try reader.sequence()
    guard try algorithm.objectID() == .sm2WithSM3 else { throw SM2CertificateError.algorithmUnsupported }
    if let null = try algorithm.takeOptional(DER.Tag.null), !null.isEmpty { throw DERError.tag }
    try algorithm.finish()
  }

  static func frame(_ part: [UInt8], _ signature: SM2.Signature) -> [UInt8] {
    DER.sequence(part, algorithm, DER.bits(signature.der))
  }

  /// What reading threw, as the error of this family.
  static func failure(_ error: any Error) -> SM2CertificateError {
    switch error {
    case let error as SM2CertificateError: error
    case let error as DERError: .malformed(error.rawValue)
    case SM2Error.publicKeyInvalid: .keyInvalid
    case SM2Error.signatureMalformed: .malformed("signature")
    case let error as SM2Error: .signing(error)
    default: .malformed("\(error)")
    }
  }
}
