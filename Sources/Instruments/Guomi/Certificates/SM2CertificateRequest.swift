/// A request for a certificate (PKCS #10): a key, the name its holder would like, and the proof that it holds the key.
///
/// - Source: RFC 2986.
public struct SM2CertificateRequest: Hashable, Sendable {
  /// The most bytes of a request.
  public static let byteCountMax = 16 * 1_024
  private static let label = "CERTIFICATE REQUEST"
  private static let extensionRequest = ObjectID(1, 2, 840, 113549, 1, 9, 14)

  public let der: [UInt8]
  /// What the sender calls itself: for the authority to check or to replace.
  public let subject: SM2Name
  public let names: [SM2CertificateExtensions.AlternativeName]
  public let key: SM2.PublicPoint

  /// Reads a request and checks that its sender holds the key.
  ///
  /// - Throws: `.possessionNotProven`, and what reading a certificate throws.
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

  /// Makes a request, on the side that holds the key.
  public init(
    subject: SM2Name, names: [SM2CertificateExtensions.AlternativeName] = [], key: SM2.SigningKey,
    random: RandomSource
  ) throws(SM2CertificateError) {
    var attributes: [UInt8] = []
    if !names.isEmpty {
      var wanted = SM2CertificateExtensions()
      wanted.names = names
      let list = DER.sequence(
        SM2CertificateExtensions.extension(
          SM2CertificateExtensions.namesID, isCritical: false, try wanted.namesDER()))
      attributes = DER.sequence(Self.extensionRequest.der, DER.set(list))
    }
    let point = key.verifyingKey.point
    let part = DER.sequence(DER.integer(0), subject.der, point.der, DER.explicit(0, attributes))
    let signature: SM2.Signature
    do { signature = try key.sign(part, random: random) } catch { throw .signing(error) }
    der = SM2Signed.frame(part, signature)
    self.subject = subject
    self.names = names
    self.key = point
  }

  private init(reading der: [UInt8]) throws {
    let signed = try SM2Signed(der)
    var body = DERReader(signed.content)
    guard try body.integer() == 0 else { throw SM2CertificateError.malformed("version") }
    subject = try SM2Name(reading: &body)
    key = try SM2.PublicPoint(info: try body.take(DER.Tag.sequence))
    var extensions = SM2CertificateExtensions()
    if let content = try body.takeOptional(0xa0) {
      var attributes = DERReader(content)
      while !attributes.isAtEnd {
        var attribute = try attributes.sequence()
        let id = try attribute.objectID()
        var values = try attribute.set()
        try attribute.finish()
        guard id == Self.extensionRequest else { continue }
        var list = try values.sequence()
        try values.finish()
        extensions = try SM2CertificateExtensions(reading: &list)
      }
    }
    try body.finish()
    guard SM2.VerifyingKey(key).isValid(signed.signature, for: signed.part) else {
      throw SM2CertificateError.possessionNotProven
    }
    names = extensions.names
    self.der = der
  }
}
