/// Which certificates of an issuer are no longer good (CRL).
///
/// - Source: RFC 5280, section 5.
public struct SM2RevocationList: Sendable {
  /// The most bytes of a list, some 25,000 entries.
  public static let byteCountMax = 1 << 20
  private static let label = "X509 CRL"
  private static let numberID = ObjectID(2, 5, 29, 20)
  private static let reasonID = ObjectID(2, 5, 29, 21)

  /// - Source: RFC 5280, 5.3.1.
  public enum Reason: UInt8, Sendable, Hashable, CaseIterable {
    case unspecified = 0
    case keyCompromise = 1
    case authorityCompromise = 2
    case affiliationChanged = 3
    case superseded = 4
    case cessationOfOperation = 5
    case hold = 6
    case privilegeWithdrawn = 9
  }

  /// One certificate.
  public struct Entry: Hashable, Sendable {
    /// Big-endian; leading zeros do not count.
    public let serial: [UInt8]
    /// Seconds since 1970.
    public let at: Int64
    public let reason: Reason

    public init(serial: [UInt8], at: Int64, reason: Reason) {
      self.serial = Array(serial.drop { $0 == 0 })
      self.at = at
      self.reason = reason
    }
  }

  public let der: [UInt8]
  public let issuer: SM2Name
  /// Greater than that of every list before; big-endian. Nil where the list has none.
  public let number: [UInt8]?
  /// Seconds since 1970. After `nextUpdate` the list says nothing any more.
  public let thisUpdate: Int64
  public let nextUpdate: Int64
  /// By serial number.
  private let entries: [[UInt8]: Entry]
  let signedPart: [UInt8]
  let signature: SM2.Signature

  /// - Throws: `.malformed`, `.tooLarge`, `.algorithmUnsupported`, `.extensionUnknown`.
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

  public var count: Int { entries.count }

  /// What the list says of a certificate; nil when it is not on it.
  public func entry(serial: [UInt8]) -> Entry? { entries[Array(serial.drop { $0 == 0 })] }

  private init(reading der: [UInt8]) throws {
    let signed = try SM2Signed(der)
    var body = DERReader(signed.content)
    guard try body.integer() == 1 else { throw SM2CertificateError.malformed("version") }
    try SM2Signed.readAlgorithm(&body)
    issuer = try SM2Name(reading: &body)
    thisUpdate = try body.time()
    nextUpdate = try body.time()
    var entries: [[UInt8]: Entry] = [:]
    if let content = try body.takeOptional(DER.Tag.sequence) {
      var list = DERReader(content)
      while !list.isAtEnd {
        var one = try list.sequence()
        let entry = try Self.readEntry(&one)
        entries[entry.serial] = entry
      }
    }
    var number: [UInt8]?
    if let explicit = try body.takeOptional(0xa0) {
      var reader = DERReader(explicit)
      try Self.readExtensions(try reader.sequence()) { id, value in
        switch id {
        case Self.numberID: number = Array(try value.magnitude())
        case SM2CertificateExtensions.authorityKeyID: _ = try value.sequence()
        default: return false
        }
        return true
      }
      try reader.finish()
    }
    try body.finish()
    self.number = number
    self.entries = entries
    self.der = der
    signedPart = signed.part
    signature = signed.signature
  }

  private static func readEntry(_ one: inout DERReader) throws -> Entry {
    let serial = Array(try one.magnitude())
    let at = try one.time()
    var reason = Reason.unspecified
    if !one.isAtEnd {
      try readExtensions(try one.sequence()) { id, value in
        guard id == reasonID else { return false }
        let code = try value.take(DER.Tag.enumerated)
        guard code.count == 1, let known = code.first.flatMap(Reason.init(rawValue:)) else { throw DERError.number }
        reason = known
        return true
      }
    }
    try one.finish()
    return Entry(serial: serial, at: at, reason: reason)
  }

  /// - Parameter read: false for an extension that is not known; a critical one is then an error.
  private static func readExtensions(
    _ reader: DERReader, _ read: (ObjectID, inout DERReader) throws -> Bool
  ) throws {
    var reader = reader
    while !reader.isAtEnd {
      var one = try reader.sequence()
      let id = try one.objectID()
      let isCritical = one.nextTag == DER.Tag.boolean ? try one.boolean() : false
      var value = DERReader(try one.take(DER.Tag.octets))
      try one.finish()
      if try !read(id, &value), isCritical { throw SM2CertificateError.extensionUnknown(id.description) }
    }
  }

  /// A list that its issuer has still to sign.
  public struct Draft: Sendable {
    public let toBeSigned: [UInt8]
    private let issuer: SM2Certificate

    /// - Parameters:
    ///   - number: greater than that of every list before.
    ///   - nextUpdate: when the next list will be there at the latest, seconds since 1970.
    /// - Throws: `.notAuthority`, `.validityInvalid`, `.serialInvalid`.
    public init(
      issuer: SM2Certificate, number: UInt64, entries: [Entry], thisUpdate: Int64, nextUpdate: Int64
    ) throws(SM2CertificateError) {
      guard case .authority = issuer.extensions.role,
        issuer.extensions.keyUsage?.contains(.revocationListSigning) ?? true
      else { throw .notAuthority(subject: issuer.subject.description) }
      guard thisUpdate < nextUpdate else { throw .validityInvalid }
      var list: [[UInt8]] = []
      for entry in entries {
        guard (1...20).contains(entry.serial.count) else { throw .serialInvalid }
        let reason = SM2CertificateExtensions.extension(
          SM2RevocationList.reasonID, isCritical: false, DER.element(DER.Tag.enumerated, [entry.reason.rawValue]))
        // "Unspecified" is said by saying nothing.
        let extensions = entry.reason == .unspecified ? [] : DER.sequence(reason)
        list.append(DER.sequence(DER.integer(entry.serial), DER.time(entry.at), extensions))
      }
      let keyID = issuer.extensions.subjectKeyID ?? SM2Certificate.keyID(of: issuer.key)
      let extensions = DER.sequence(
        SM2CertificateExtensions.extension(
          SM2CertificateExtensions.authorityKeyID, isCritical: false, DER.sequence(DER.implicit(0, keyID))),
        SM2CertificateExtensions.extension(SM2RevocationList.numberID, isCritical: false, DER.integer(number)))
      toBeSigned = DER.sequence(
        DER.integer(1), SM2Signed.algorithm, issuer.subject.der, DER.time(thisUpdate), DER.time(nextUpdate),
        list.isEmpty ? [] : DER.sequence(of: list), DER.explicit(0, extensions))
      self.issuer = issuer
    }

    /// - Throws: `.signatureInvalid` when the signature is not the issuer's.
    public func signed(with signature: SM2.Signature) throws(SM2CertificateError) -> SM2RevocationList {
      guard issuer.signed(toBeSigned, signature) else {
        throw .signatureInvalid(subject: issuer.subject.description)
      }
      return try SM2RevocationList(der: SM2Signed.frame(toBeSigned, signature))
    }

    public func signed(by key: SM2.SigningKey, random: RandomSource) throws(SM2CertificateError) -> SM2RevocationList {
      let signature: SM2.Signature
      do { signature = try key.sign(toBeSigned, random: random) } catch { throw .signing(error) }
      return try signed(with: signature)
    }
  }
}
