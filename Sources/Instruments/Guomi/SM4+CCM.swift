import CGuomi
import Synchronization

extension SM4 {
  /// A key that seals short messages with SM4-CCM (nonce 12, tag 16, as RFC 8998): for chips that have no GCM.
  ///
  /// Everything `GCMKey` says of nonces, wear and wiping holds here. CCM works block after block, so it is many times
  /// slower.
  public final class CCMKey: Sendable {
    /// How much longer a sealed message is than its plaintext, in bytes.
    public static let overheadByteCount = SM4.nonceByteCount + SM4.tagByteCount
    /// The longest plaintext, in bytes: its length is sealed in three bytes.
    public static let plaintextByteCountMax = (1 << 24) - 1
    /// The longest associated data, in bytes.
    public static let associatedByteCountMax = (1 << 32) - 1

    private let key: BlockKey
    private let random: RandomSource
    private let messages = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - secret: 16 bytes that serve nothing else.
    ///   - random: where nonces come from.
    /// - Throws: `.keyLength`.
    public convenience init(_ secret: SecretBytes, random: RandomSource) throws(Failure) {
      try self.init(secret, random: random, path: nil)
    }

    package init(_ secret: SecretBytes, random: RandomSource, path: Path?) throws(Failure) {
      key = try BlockKey(secret, path: path)
      self.random = random
    }

    /// Seals a message.
    ///
    /// - Returns: nonce ‖ ciphertext ‖ tag.
    /// - Throws: `.tooLong`, `.wornOut`, `.random`.
    @inlinable
    public func seal(
      _ plaintext: some Collection<UInt8>, authenticating associated: some Collection<UInt8>
    ) throws(Failure) -> [UInt8] {
      try withBytes(of: plaintext) { (plaintext) throws(Failure) in
        try withBytes(of: associated) { (associated) throws(Failure) in
          try sealMessage(plaintext, authenticating: associated)
        }
      }
    }

    /// Opens a message.
    ///
    /// - Throws: `.truncated`, `.notAuthentic`.
    @inlinable
    public func open(
      _ sealed: some Collection<UInt8>, authenticating associated: some Collection<UInt8>
    ) throws(Failure) -> [UInt8] {
      try withBytes(of: sealed) { (sealed) throws(Failure) in
        try withBytes(of: associated) { (associated) throws(Failure) in
          try openMessage(sealed, authenticating: associated)
        }
      }
    }

    @usableFromInline
    func sealMessage(
      _ plaintext: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer
    ) throws(Failure) -> [UInt8] {
      guard messages.add(1, ordering: .relaxed).oldValue < GCMKey.recordsMax else {
        messages.store(GCMKey.recordsMax, ordering: .relaxed)
        throw .wornOut
      }
      return try seal(plaintext, authenticating: associated, nonce: Nonce(random))
    }

    /// With a nonce of the caller's: for tests of published vectors.
    package func seal(
      _ plaintext: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer, nonce: Nonce
    ) throws(Failure) -> [UInt8] {
      guard plaintext.count <= Self.plaintextByteCountMax, associated.count <= Self.associatedByteCountMax else {
        throw .tooLong
      }
      let size = plaintext.count + Self.overheadByteCount
      return [UInt8](unsafeUninitializedCapacity: size) { out, count in
        let start = out.baseAddress.unsafelyUnwrapped
        let text = start + SM4.nonceByteCount
        nonce.withBytes { nonce in
          start.update(from: nonce, count: SM4.nonceByteCount)
          key.withKey {
            guomi_sm4_ccm_seal(
              $0, nonce, associated.start, associated.count, plaintext.start, plaintext.count, text,
              text + plaintext.count)
          }
        }
        count = size
      }
    }

    @usableFromInline
    func openMessage(
      _ sealed: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer
    ) throws(Failure) -> [UInt8] {
      let length = sealed.count - Self.overheadByteCount
      guard length >= 0, let nonce = sealed.start else { throw .truncated }
      guard length <= Self.plaintextByteCountMax, associated.count <= Self.associatedByteCountMax else {
        throw .tooLong
      }
      var isAuthentic: Int32 = 0
      let plaintext = [UInt8](unsafeUninitializedCapacity: length) { out, count in
        isAuthentic = key.withKey {
          guomi_sm4_ccm_open(
            $0, nonce, associated.start, associated.count, nonce + SM4.nonceByteCount, length, out.baseAddress,
            nonce + SM4.nonceByteCount + length)
        }
        count = isAuthentic == 1 ? length : 0
      }
      guard isAuthentic == 1 else { throw .notAuthentic }
      return plaintext
    }
  }
}
