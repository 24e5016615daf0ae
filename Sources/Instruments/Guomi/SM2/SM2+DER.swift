extension ObjectID {
  /// A key of an elliptic curve.
  static let ellipticCurveKey = ObjectID(1, 2, 840, 10045, 2, 1)
  /// The SM2 curve.
  static let sm2Curve = ObjectID(1, 2, 156, 10197, 1, 301)
  /// Signed with SM2, hashed with SM3.
  static let sm2WithSM3 = ObjectID(1, 2, 156, 10197, 1, 501)
}

extension SM2.PublicPoint {
  private static let label = "PUBLIC KEY"
  /// No public key has more bytes.
  private static let byteCountMax = 1_024

  /// - Parameter der: SubjectPublicKeyInfo, strict.
  /// - Throws: `.publicKeyInvalid`, also for a key of another curve.
  public init(der: [UInt8]) throws(SM2Error) {
    guard der.count <= Self.byteCountMax else { throw .publicKeyInvalid }
    do {
      var reader = DERReader(der)
      let info = try reader.take(DER.Tag.sequence)
      try reader.finish()
      try self.init(info: info)
    } catch { throw .publicKeyInvalid }
  }

  /// - Parameter info: the content of a SubjectPublicKeyInfo.
  init(info: ArraySlice<UInt8>) throws {
    var reader = DERReader(info)
    var algorithm = try reader.sequence()
    guard try algorithm.objectID() == .ellipticCurveKey, try algorithm.objectID() == .sm2Curve else {
      throw SM2Error.publicKeyInvalid
    }
    try algorithm.finish()
    let key = try reader.bits()
    try reader.finish()
    try self.init(x963: key)
  }

  /// SubjectPublicKeyInfo.
  public var der: [UInt8] {
    DER.sequence(DER.sequence(ObjectID.ellipticCurveKey.der, ObjectID.sm2Curve.der), DER.bits(x963))
  }

  public init(pem: String) throws(SM2Error) {
    guard let der = PEM.decode(pem, label: Self.label) else { throw .publicKeyInvalid }
    try self.init(der: der)
  }

  public var pem: String { PEM.encode(der, label: Self.label) }
}

extension SM2.Signature {
  /// No signature has more bytes in DER.
  private static let byteCountMax = 72

  /// - Parameter der: SEQUENCE of r and s, strict.
  /// - Throws: `.signatureMalformed`, also when a number is out of range.
  public init(der: some Collection<UInt8>) throws(SM2Error) {
    guard der.count <= Self.byteCountMax else { throw .signatureMalformed }
    let raw: [UInt8]
    do {
      var reader = DERReader(Array(der))
      var numbers = try reader.sequence()
      raw = try numbers.number32() + numbers.number32()
      try numbers.finish()
      try reader.finish()
    } catch { throw .signatureMalformed }
    try self.init(raw: raw)
  }

  public var der: [UInt8] { DER.sequence(DER.integer(r), DER.integer(s)) }
}

extension SM2.Ciphertext {
  /// - Parameter der: SEQUENCE of x, y, C3, C2, strict.
  /// - Source: GM/T 0009-2012, 7.2.
  public init(der: some Collection<UInt8>) throws(SM2Error) {
    guard der.count <= SM2.messageByteCountMax + 128 else { throw .ciphertextMalformed }
    let point: [UInt8], tag: ArraySlice<UInt8>, body: ArraySlice<UInt8>
    do {
      var reader = DERReader(Array(der))
      var parts = try reader.sequence()
      point = try parts.number32() + parts.number32()
      tag = try parts.take(DER.Tag.octets)
      body = try parts.take(DER.Tag.octets)
      try parts.finish()
      try reader.finish()
    } catch { throw .ciphertextMalformed }
    try self.init(checking: point, tag: Array(tag), body: Array(body))
  }

  public var der: [UInt8] {
    DER.sequence(DER.integer(point[..<32]), DER.integer(point[32...]), DER.octets(tag), DER.octets(body))
  }
}
