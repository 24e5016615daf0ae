internal import CGuomi

extension SM2 {
  /// A public key as such, before it is said what it is for: a point of the curve, checked.
  public struct PublicPoint: Hashable, Sendable, CustomStringConvertible {
    /// x ‖ y, 64 bytes.
    let coordinates: [UInt8]

    /// - Parameter coordinates: x ‖ y.
    init(coordinates: [UInt8]) throws(SM2Error) {
      guard coordinates.count == 64 else { throw .publicKeyInvalid }
      try SM2.require(guomi_sm2_is_point(coordinates), else: .publicKeyInvalid)
      self.coordinates = coordinates
    }

    /// For a point that the C layer computed.
    private init(computed: [UInt8]) { coordinates = computed }

    /// - Parameter x963: 04 ‖ x ‖ y, or 02 or 03 ‖ x.
    /// - Throws: `.publicKeyInvalid` when it is no point of the curve; infinity is none.
    public init(x963: some Collection<UInt8>) throws(SM2Error) {
      let bytes = Array(x963)
      switch (bytes.first, bytes.count) {
      case (4, 65):
        try self.init(coordinates: Array(bytes[1...]))
      case (2, 33), (3, 33):
        var point = [UInt8](repeating: 0, count: 64)
        let x = Array(bytes[1...])
        try SM2.require(guomi_sm2_decompress(x, Int32(bytes[0] & 1), &point), else: .publicKeyInvalid)
        self.init(computed: point)
      default: throw .publicKeyInvalid
      }
    }

    /// kG.
    static func multiplyBase(_ scalar: SecretBytes) throws(SM2Error) -> PublicPoint {
      var point = [UInt8](repeating: 0, count: 64)
      try SM2.require(scalar.pointee { guomi_sm2_multiply_base($0, &point) }, else: .privateKeyInvalid)
      return PublicPoint(computed: point)
    }

    /// 04 ‖ x ‖ y, 65 bytes.
    public var x963: [UInt8] { [4] + coordinates }

    /// 02 or 03 ‖ x, 33 bytes.
    public var compressed: [UInt8] { [2 | (coordinates[63] & 1)] + coordinates[..<32] }

    /// The uncompressed form in hexadecimal.
    public var description: String { hexadecimal(x963) }
  }

  /// A private number from 1 to n - 2 and its point. The keys of the several uses hold one.
  struct PrivateScalar: Sendable {
    let secret: SecretBytes
    let point: PublicPoint

    init(secret: SecretBytes) throws(SM2Error) {
      guard secret.count == 32, secret.pointee({ guomi_sm2_is_private($0) }) == 1 else { throw .privateKeyInvalid }
      self.secret = secret
      point = try PublicPoint.multiplyBase(secret)
    }

    static func generate(random: RandomSource) throws(SM2Error) -> PrivateScalar {
      for _ in 0..<SM2.drawsMax {
        let secret = try SM2.draw(random)
        if secret.pointee({ guomi_sm2_is_private($0) }) == 1 { return try PrivateScalar(secret: secret) }
      }
      throw .random(RandomFailure(reason: "no random number is in the range of SM2"))
    }
  }
}
