internal import CGuomi

extension SM2 {
  /// A key that signs, and does nothing else.
  public struct SigningKey: Sendable {
    private let scalar: PrivateScalar
    /// (1 + d)^-1 mod n: computed once, so that a signature has one multiplication of a secret.
    private let inverse: SecretBytes
    public let verifyingKey: VerifyingKey

    /// - Parameter secret: 32 bytes, big-endian, from 1 to n - 2.
    public init(secret: SecretBytes) throws(SM2Error) {
      try self.init(PrivateScalar(secret: secret))
    }

    public static func generate(random: RandomSource) throws(SM2Error) -> SigningKey {
      try SigningKey(PrivateScalar.generate(random: random))
    }

    private init(_ scalar: PrivateScalar) throws(SM2Error) {
      self.scalar = scalar
      inverse = try SecretBytes.make(32, else: .privateKeyInvalid) { inverse in
        scalar.secret.pointee { guomi_sm2_inverse($0, inverse) }
      }
      verifyingKey = VerifyingKey(scalar.point)
    }

    /// Signs a message.
    ///
    /// The nonce is HMAC-SM3(random, d ‖ e): two messages never share one even when the source repeats itself.
    /// - Parameter id: the signer's distinguishing id; the verifier must use the same.
    /// - Throws: `.random`, `.idTooLong`.
    public func sign(
      _ message: some Collection<UInt8>, id: [UInt8] = SM2.defaultID, random: RandomSource
    ) throws(SM2Error) -> Signature {
      let hash = try verifyingKey.messageHash(message, id: id)
      return try sign(hash) { () throws(SM2Error) in
        var nonce = HMACSM3.Authentication(key: HMACSM3(key: try SM2.draw(random)))
        nonce.update(scalar.secret)
        nonce.update(hash.bytes)
        return nonce.secretTag()
      }
    }

    /// The signature with given nonces: `sign` makes them, and the tests take the standard's.
    func sign(_ hash: SM3.Digest, nonce: () throws(SM2Error) -> SecretBytes) throws(SM2Error) -> Signature {
      let e = hash.bytes
      for _ in 0..<SM2.drawsMax {
        let k = try SM2.drawScalar(nonce)
        let first = try PublicPoint.multiplyBase(k).coordinates
        var r = [UInt8](repeating: 0, count: 32)
        var s = [UInt8](repeating: 0, count: 32)
        let outcome = k.pointee { k in inverse.pointee { guomi_sm2_sign($0, k, first, e, &r, &s) } }
        if outcome == 1 { return Signature(r: r, s: s) }
      }
      throw .random(RandomFailure(reason: "no nonce gives a signature"))
    }

    /// Lends the secret, for a caller that seals it.
    public func withUnsafeSecret<Result, Failure: Error>(
      _ body: (SecretBytes) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      try body(scalar.secret)
    }
  }

  /// A key that verifies signatures.
  public struct VerifyingKey: Hashable, Sendable {
    public let point: PublicPoint

    public init(_ point: PublicPoint) { self.point = point }

    /// - Returns: false when the signature is of another message, id or key.
    public func isValid(
      _ signature: Signature, for message: some Collection<UInt8>, id: [UInt8] = SM2.defaultID
    ) -> Bool {
      guard let hash = try? messageHash(message, id: id) else { return false }
      var sum = [UInt8](repeating: 0, count: 32)
      var found = [UInt8](repeating: 0, count: 64)
      // t = r + s must not be 0; r and s were checked when the signature was made.
      guard guomi_sm2_sum(signature.r, signature.s, &sum) == 1,
        guomi_sm2_combine(signature.s, sum, point.coordinates, &found) == 1
      else { return false }
      return guomi_sm2_matches(hash.bytes, found, signature.r) == 1
    }

    /// e = SM3(ZA ‖ M).
    func messageHash(_ message: some Collection<UInt8>, id: [UInt8]) throws(SM2Error) -> SM3.Digest {
      var hash = SM3()
      hash.update(try SM2.identityHash(id: id, point: point).bytes)
      hash.update(message)
      return hash.digest()
    }
  }

  /// A signature: two numbers from 1 to n - 1.
  public struct Signature: Hashable, Sendable {
    /// 32 bytes each, big-endian.
    let r: [UInt8]
    let s: [UInt8]

    /// For numbers just computed.
    init(r: [UInt8], s: [UInt8]) {
      self.r = r
      self.s = s
    }

    /// - Parameter raw: r ‖ s, 64 bytes.
    /// - Throws: `.signatureMalformed`, also when a number is out of range.
    public init(raw: some Collection<UInt8>) throws(SM2Error) {
      let bytes = Array(raw)
      guard bytes.count == 64 else { throw .signatureMalformed }
      self.init(r: Array(bytes[..<32]), s: Array(bytes[32...]))
      guard guomi_sm2_is_scalar(r) == 1, guomi_sm2_is_scalar(s) == 1 else { throw .signatureMalformed }
    }

    /// r ‖ s, 64 bytes.
    public var raw: [UInt8] { r + s }
  }
}
