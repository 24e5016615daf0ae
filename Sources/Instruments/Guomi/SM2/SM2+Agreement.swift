internal import CGuomi

extension SM2 {
  /// One side's share of an ephemeral Diffie-Hellman agreement on the SM2 curve: used once, then gone.
  ///
  /// It proves nobody's identity: sign both shares, or mix a key that both sides hold into what is derived.
  public struct AgreementKey: ~Copyable, Sendable {
    private let scalar: PrivateScalar

    private init(_ scalar: PrivateScalar) { self.scalar = scalar }

    public static func generate(random: RandomSource) throws(SM2Error) -> AgreementKey {
      AgreementKey(try PrivateScalar.generate(random: random))
    }

    /// For known answers in tests.
    init(secret: SecretBytes) throws(SM2Error) { scalar = try PrivateScalar(secret: secret) }

    /// What the other side gets.
    public var share: AgreementShare { AgreementShare(scalar.point) }

    /// The shared secret, the first coordinate, 32 bytes: give it to `HKDFSM3.extract`, never use it as a key itself.
    public consuming func agree(with peer: AgreementShare) throws(SM2Error) -> SecretBytes {
      let shared = try SecretBytes.make(64, else: .publicKeyInvalid) { shared in
        scalar.secret.pointee { guomi_sm2_multiply($0, peer.point.coordinates, shared) }
      }
      return shared.part(0..<32)
    }
  }

  /// The public half of an `AgreementKey`.
  public struct AgreementShare: Hashable, Sendable {
    public let point: PublicPoint

    public init(_ point: PublicPoint) { self.point = point }

    /// - Parameter x963: as received; checked to be on the curve.
    public init(x963: some Collection<UInt8>) throws(SM2Error) { point = try PublicPoint(x963: x963) }

    /// 65 bytes.
    public var x963: [UInt8] { point.x963 }
  }
}
