internal import CGuomi

extension SM2 {
  /// A lasting key for the key exchange of GB/T 32918.3.
  public struct ExchangeKey: Sendable {
    let scalar: PrivateScalar

    /// - Parameter secret: 32 bytes, big-endian, from 1 to n - 2.
    public init(secret: SecretBytes) throws(SM2Error) { scalar = try PrivateScalar(secret: secret) }

    private init(_ scalar: PrivateScalar) { self.scalar = scalar }

    public static func generate(random: RandomSource) throws(SM2Error) -> ExchangeKey {
      ExchangeKey(try PrivateScalar.generate(random: random))
    }

    public var publicKey: ExchangePublicKey { ExchangePublicKey(scalar.point) }

    /// Lends the secret, for a caller that seals it.
    public func withUnsafeSecret<Result, Failure: Error>(
      _ body: (SecretBytes) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      try body(scalar.secret)
    }
  }

  /// The public half of an `ExchangeKey`.
  public struct ExchangePublicKey: Hashable, Sendable {
    public let point: PublicPoint

    public init(_ point: PublicPoint) { self.point = point }
  }

  /// The key exchange of GB/T 32918.3 with its confirmation, which is not optional here: neither side gets the key
  /// before the other has shown that it holds the same.
  ///
  /// `Initiator` → share → `Responder` → share, confirmation → `finish` → confirmation → `finish`.
  /// Prefer `AgreementKey` with signatures: this exchange falls when an ephemeral number leaks.
  public enum KeyExchange {
    /// The longest key.
    public static let keyByteCountMax = 1_024

    /// Who takes part, as both sides know it.
    public struct Party: Sendable {
      let key: ExchangePublicKey
      let id: [UInt8]

      /// - Parameter id: the distinguishing id.
      public init(key: ExchangePublicKey, id: [UInt8] = SM2.defaultID) {
        self.key = key
        self.id = id
      }
    }

    /// The side that begins (A).
    public struct Initiator: ~Copyable {
      private let key: ExchangeKey
      private let fresh: PrivateScalar
      private let id: [UInt8]
      private let peer: Party
      private let byteCount: Int

      /// - Parameters:
      ///   - byteCount: of the key agreed on, 1 to 1,024.
      public init(
        key: ExchangeKey, id: [UInt8] = SM2.defaultID, peer: Party, byteCount: Int, random: RandomSource
      ) throws(SM2Error) {
        try self.init(
          key: key, id: id, peer: peer, byteCount: byteCount, fresh: PrivateScalar.generate(random: random))
      }

      init(key: ExchangeKey, id: [UInt8], peer: Party, byteCount: Int, fresh: PrivateScalar) throws(SM2Error) {
        precondition((1...keyByteCountMax).contains(byteCount), "a key has 1 to \(keyByteCountMax) bytes")
        self.key = key
        self.fresh = fresh
        self.id = id
        self.peer = peer
        self.byteCount = byteCount
      }

      /// R, for the responder: 65 bytes.
      public var share: [UInt8] { fresh.point.x963 }

      /// Takes the responder's answer.
      ///
      /// - Returns: the key, and the confirmation to send back, without which the responder has no key.
      /// - Throws: `.confirmationFailed`, `.publicKeyInvalid`.
      public consuming func finish(
        share: [UInt8], confirmation: [UInt8]
      ) throws(SM2Error) -> (key: SecretBytes, confirmation: [UInt8]) {
        let answer = try PublicPoint(x963: share)
        let agreed = try Agreed(
          key: key, fresh: fresh, peer: peer.key.point, peerShare: answer,
          initiator: (id, key.scalar.point, fresh.point), responder: (peer.id, peer.key.point, answer),
          byteCount: byteCount)
        guard equalInConstantTime(agreed.responderConfirmation, confirmation) else { throw .confirmationFailed }
        return (agreed.key, agreed.initiatorConfirmation)
      }
    }

    /// The side that answers (B).
    public struct Responder: ~Copyable {
      private let agreed: Agreed
      /// R, for the initiator: 65 bytes.
      public let share: [UInt8]

      /// - Parameter peerShare: of the initiator, as received.
      public init(
        key: ExchangeKey, id: [UInt8] = SM2.defaultID, peer: Party, peerShare: [UInt8], byteCount: Int,
        random: RandomSource
      ) throws(SM2Error) {
        try self.init(
          key: key, id: id, peer: peer, peerShare: peerShare, byteCount: byteCount,
          fresh: PrivateScalar.generate(random: random))
      }

      init(
        key: ExchangeKey, id: [UInt8], peer: Party, peerShare: [UInt8], byteCount: Int, fresh: PrivateScalar
      ) throws(SM2Error) {
        precondition((1...keyByteCountMax).contains(byteCount), "a key has 1 to \(keyByteCountMax) bytes")
        let asked = try PublicPoint(x963: peerShare)
        // What has no copies is made whole or not at all.
        let agreed = try Agreed(
          key: key, fresh: fresh, peer: peer.key.point, peerShare: asked,
          initiator: (peer.id, peer.key.point, asked), responder: (id, key.scalar.point, fresh.point),
          byteCount: byteCount)
        self.agreed = agreed
        share = fresh.point.x963
      }

      /// S_B, for the initiator: 32 bytes.
      public var confirmation: [UInt8] { agreed.responderConfirmation }

      /// Takes the initiator's confirmation.
      ///
      /// - Throws: `.confirmationFailed`; the key is then gone.
      public consuming func finish(confirmation: [UInt8]) throws(SM2Error) -> SecretBytes {
        guard equalInConstantTime(agreed.initiatorConfirmation, confirmation) else { throw .confirmationFailed }
        return agreed.key
      }
    }
  }
}

extension SM2.KeyExchange {
  /// What both sides compute.
  private struct Agreed {
    let key: SecretBytes
    let initiatorConfirmation: [UInt8]
    let responderConfirmation: [UInt8]

    typealias Side = (id: [UInt8], key: SM2.PublicPoint, share: SM2.PublicPoint)

    init(
      key: SM2.ExchangeKey, fresh: SM2.PrivateScalar, peer: SM2.PublicPoint, peerShare: SM2.PublicPoint,
      initiator: Side, responder: Side, byteCount: Int
    ) throws(SM2Error) {
      let scalar = try SecretBytes.make(32, else: .publicKeyInvalid) { scalar in
        key.scalar.secret.pointee { d in
          fresh.secret.pointee { r in guomi_sm2_exchange_scalar(d, r, fresh.point.coordinates, scalar) }
        }
      }
      let shared = try SecretBytes.make(64, else: .publicKeyInvalid) { shared in
        scalar.pointee { guomi_sm2_exchange_point($0, peer.coordinates, peerShare.coordinates, shared) }
      }
      let hashes =
        try SM2.identityHash(id: initiator.id, point: initiator.key).bytes
        + SM2.identityHash(id: responder.id, point: responder.key).bytes
      // x_U ‖ y_U ‖ Z_A ‖ Z_B.
      let material = SecretBytes(count: 128) { material in
        shared.withUnsafeBytes { material.copyMemory(from: $0) }
        UnsafeMutableRawBufferPointer(rebasing: material[64...]).copyBytes(from: hashes)
      }
      self.key = X963KDF.derive(secret: material, byteCount: byteCount)
      // SM3(x_U ‖ Z_A ‖ Z_B ‖ x_1 ‖ y_1 ‖ x_2 ‖ y_2), the same in both confirmations.
      let inner = shared.withUnsafeBytes { shared in
        var hash = SM3()
        hash.update(UnsafeRawBufferPointer(rebasing: shared[..<32]))
        hash.update(hashes)
        hash.update(initiator.share.coordinates)
        hash.update(responder.share.coordinates)
        return hash.digest().bytes
      }
      func confirmation(_ prefix: UInt8) -> [UInt8] {
        shared.withUnsafeBytes { shared in
          var hash = SM3()
          hash.update([prefix])
          hash.update(UnsafeRawBufferPointer(rebasing: shared[32...]))
          hash.update(inner)
          return hash.digest().bytes
        }
      }
      responderConfirmation = confirmation(2)
      initiatorConfirmation = confirmation(3)
    }
  }
}
