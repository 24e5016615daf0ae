internal import CGuomi

extension SM2 {
  /// A key that encrypts to its owner.
  public struct EncryptionKey: Hashable, Sendable {
    public let point: PublicPoint

    public init(_ point: PublicPoint) { self.point = point }

    /// Encrypts a small secret, as a key.
    ///
    /// Anybody can: who wants to know from whom it is signs the ciphertext.
    /// - Throws: `.messageLengthInvalid`, `.random`.
    public func encrypt(_ message: SecretBytes, random: RandomSource) throws(SM2Error) -> Ciphertext {
      try message.withUnsafeBytes { (bytes) throws(SM2Error) in
        try encrypt(bytes) { () throws(SM2Error) in try SM2.draw(random) }
      }
    }

    public func encrypt(_ message: some Collection<UInt8>, random: RandomSource) throws(SM2Error) -> Ciphertext {
      try withBytes(of: message) { (bytes) throws(SM2Error) in
        try encrypt(bytes) { () throws(SM2Error) in try SM2.draw(random) }
      }
    }

    /// The ciphertext with given nonces: for the standard's vectors.
    func encrypt(
      _ message: UnsafeRawBufferPointer, nonce: () throws(SM2Error) -> SecretBytes
    ) throws(SM2Error) -> Ciphertext {
      guard (1...SM2.messageByteCountMax).contains(message.count) else { throw .messageLengthInvalid }
      // A stream of zeros would leave the message as it is: with one byte that is every 256th draw.
      for _ in 0..<128 {
        let k = try SM2.drawScalar(nonce)
        let first = try PublicPoint.multiplyBase(k).coordinates
        let shared = try SecretBytes.make(64, else: .publicKeyInvalid) { shared in
          k.pointee { guomi_sm2_multiply($0, point.coordinates, shared) }
        }
        guard let masked = SM2.mask(message, shared: shared) else { continue }
        let body = masked.withUnsafeBytes { Array($0) }
        return Ciphertext(point: first, tag: SM2.tag(of: message, shared: shared), body: body)
      }
      throw .random(RandomFailure(reason: "no nonce gives a key stream"))
    }
  }

  /// A key that decrypts what was encrypted to it, and does nothing else.
  public struct DecryptionKey: Sendable {
    private let scalar: PrivateScalar

    /// - Parameter secret: 32 bytes, big-endian, from 1 to n - 2.
    public init(secret: SecretBytes) throws(SM2Error) { scalar = try PrivateScalar(secret: secret) }

    private init(_ scalar: PrivateScalar) { self.scalar = scalar }

    public static func generate(random: RandomSource) throws(SM2Error) -> DecryptionKey {
      DecryptionKey(try PrivateScalar.generate(random: random))
    }

    public var encryptionKey: EncryptionKey { EncryptionKey(scalar.point) }

    /// - Throws: `.decryptionFailed` when the ciphertext was changed or is for another key.
    public func decrypt(_ ciphertext: Ciphertext) throws(SM2Error) -> SecretBytes {
      let shared = try SecretBytes.make(64, else: .decryptionFailed) { shared in
        scalar.secret.pointee { guomi_sm2_multiply($0, ciphertext.point, shared) }
      }
      let message = ciphertext.body.withUnsafeBytes { SM2.mask($0, shared: shared) }
      guard let message else { throw .decryptionFailed }
      let tag = message.withUnsafeBytes { SM2.tag(of: $0, shared: shared) }
      guard equalInConstantTime(tag, ciphertext.tag) else { throw .decryptionFailed }
      return message
    }

    /// Lends the secret, for a caller that seals it.
    public func withUnsafeSecret<Result, Failure: Error>(
      _ body: (SecretBytes) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      try body(scalar.secret)
    }
  }

  /// What SM2 encryption gives: the point C1, the check value C3, the masked message C2.
  public struct Ciphertext: Hashable, Sendable {
    /// x ‖ y of C1, a point of the curve.
    let point: [UInt8]
    /// C3, 32 bytes.
    let tag: [UInt8]
    /// C2, as long as the message.
    let body: [UInt8]

    init(point: [UInt8], tag: [UInt8], body: [UInt8]) {
      self.point = point
      self.tag = tag
      self.body = body
    }

    init(checking point: [UInt8], tag: [UInt8], body: [UInt8]) throws(SM2Error) {
      guard point.count == 64, tag.count == 32, (1...SM2.messageByteCountMax).contains(body.count) else {
        throw .ciphertextMalformed
      }
      try SM2.require(guomi_sm2_is_point(point), else: .ciphertextMalformed)
      self.init(point: point, tag: tag, body: body)
    }

    /// - Parameter raw: 04 ‖ x ‖ y ‖ C3 ‖ C2.
    public init(raw: some Collection<UInt8>) throws(SM2Error) {
      guard (98...97 + SM2.messageByteCountMax).contains(raw.count), raw.first == 4 else { throw .ciphertextMalformed }
      let bytes = Array(raw)
      try self.init(checking: Array(bytes[1..<65]), tag: Array(bytes[65..<97]), body: Array(bytes[97...]))
    }

    /// 04 ‖ x ‖ y ‖ C3 ‖ C2.
    public var raw: [UInt8] { [4] + point + tag + body }
  }

  /// C2 = M xor KDF(x2 ‖ y2); the same both ways. Nil when the stream is all zeros.
  static func mask(_ message: UnsafeRawBufferPointer, shared: SecretBytes) -> SecretBytes? {
    let stream = X963KDF.derive(secret: shared, byteCount: message.count)
    var all: UInt8 = 0
    let masked = SecretBytes(count: message.count) { masked in
      stream.withUnsafeBytes { stream in
        for index in 0..<message.count {
          all |= stream[index]
          masked[index] = message[index] ^ stream[index]
        }
      }
    }
    return all == 0 ? nil : masked
  }

  /// C3 = SM3(x2 ‖ M ‖ y2).
  static func tag(of message: UnsafeRawBufferPointer, shared: SecretBytes) -> [UInt8] {
    shared.withUnsafeBytes { shared in
      var hash = SM3()
      hash.update(UnsafeRawBufferPointer(rebasing: shared[..<32]))
      hash.update(message)
      hash.update(UnsafeRawBufferPointer(rebasing: shared[32...]))
      return hash.digest().bytes
    }
  }
}
