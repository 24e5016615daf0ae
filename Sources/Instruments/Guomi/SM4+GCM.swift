import CGuomi
import Synchronization

extension SM4 {
  /// A key that seals records with SM4-GCM: nobody without it reads them or changes a bit unnoticed.
  ///
  /// A sealed record is nonce (12) ‖ ciphertext ‖ tag (16). The nonce is random and made here, so that it can not be
  /// given twice; after 2^32 records the key refuses (NIST SP 800-38D, 8.3). The key is wiped when it goes and prints
  /// nothing.
  public final class GCMKey: Sendable {
    /// How much longer a sealed record is than its plaintext, in bytes.
    public static let overheadByteCount = SM4.nonceByteCount + SM4.tagByteCount
    /// The longest plaintext, in bytes (NIST SP 800-38D, 5.2.1.1).
    public static let plaintextByteCountMax = (1 << 36) - 32
    /// The longest associated data, in bytes.
    public static let associatedByteCountMax = (1 << 61) - 1
    /// Records that one key may seal.
    static let recordsMax: UInt64 = 1 << 32

    // Written in `init` only, wiped in `deinit`, which no reference outlives.
    fileprivate nonisolated(unsafe) let raw: UnsafeMutablePointer<guomi_sm4_gcm>
    private let random: RandomSource
    private let records: Atomic<UInt64>

    /// - Parameters:
    ///   - secret: 16 bytes that serve nothing else.
    ///   - random: where nonces come from.
    /// - Throws: `.keyLength`.
    public convenience init(_ secret: SecretBytes, random: RandomSource) throws(Failure) {
      try self.init(secret, random: random, path: nil)
    }

    /// - Parameters:
    ///   - path: the machine's best when nil.
    ///   - records: how many the key has sealed already, elsewhere.
    package init(
      _ secret: SecretBytes, random: RandomSource, path: Path?, records: UInt64 = 0
    ) throws(Failure) {
      raw = .allocate(capacity: 1)
      raw.initialize(to: guomi_sm4_gcm())
      self.random = random
      self.records = Atomic(records)
      // All is initialized: when this throws, `deinit` gives back.
      guard secret.count == SM4.keyByteCount else { throw .keyLength(secret.count) }
      let code = (path ?? .best).code
      let answer = secret.withUnsafeBytes { guomi_sm4_gcm_init(raw, $0.start.unsafelyUnwrapped, code) }
      guard answer == 0 else { throw .pathMissing }
    }

    deinit {
      guomi_wipe(raw, MemoryLayout<guomi_sm4_gcm>.size)
      raw.deallocate()
    }

    /// Seals a record.
    ///
    /// - Parameter associated: what the record belongs to (row, column, version); it is not in the result, but opening
    ///   needs the same.
    /// - Returns: nonce ‖ ciphertext ‖ tag.
    /// - Throws: `.tooLong`, `.wornOut`, `.random`.
    @inlinable
    public func seal(
      _ plaintext: some Collection<UInt8>, authenticating associated: some Collection<UInt8>
    ) throws(Failure) -> [UInt8] {
      try withBytes(of: plaintext) { (plaintext) throws(Failure) in
        try withBytes(of: associated) { (associated) throws(Failure) in
          try sealRecord(plaintext, authenticating: associated)
        }
      }
    }

    /// Seals a secret, as when one key wraps another.
    @inlinable
    public func seal(
      _ secret: SecretBytes, authenticating associated: some Collection<UInt8>
    ) throws(Failure) -> [UInt8] {
      try secret.withUnsafeBytes { (plaintext) throws(Failure) in
        try withBytes(of: associated) { (associated) throws(Failure) in
          try sealRecord(plaintext, authenticating: associated)
        }
      }
    }

    /// Opens a record.
    ///
    /// - Throws: `.truncated`, `.notAuthentic`; nothing of the plaintext is then in memory.
    @inlinable
    public func open(
      _ sealed: some Collection<UInt8>, authenticating associated: some Collection<UInt8>
    ) throws(Failure) -> [UInt8] {
      try withBytes(of: sealed) { (sealed) throws(Failure) in
        try withBytes(of: associated) { (associated) throws(Failure) in
          try openRecord(sealed, authenticating: associated)
        }
      }
    }

    /// Opens a record that holds a secret; no copy is left outside the secret.
    ///
    /// - Throws: `.truncated`, `.notAuthentic`.
    @inlinable
    public func openSecret(
      _ sealed: some Collection<UInt8>, authenticating associated: some Collection<UInt8>
    ) throws(Failure) -> SecretBytes {
      try withBytes(of: sealed) { (sealed) throws(Failure) in
        try withBytes(of: associated) { (associated) throws(Failure) in
          try openSecretRecord(sealed, authenticating: associated)
        }
      }
    }

    @usableFromInline
    func sealRecord(
      _ plaintext: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer
    ) throws(Failure) -> [UInt8] {
      try count()
      return try seal(plaintext, authenticating: associated, nonce: Nonce(random), isNonceInFront: true)
    }

    @usableFromInline
    func openRecord(
      _ sealed: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer
    ) throws(Failure) -> [UInt8] {
      let (nonce, rest) = try split(sealed)
      return try open(rest, authenticating: associated, nonce: nonce)
    }

    @usableFromInline
    func openSecretRecord(
      _ sealed: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer
    ) throws(Failure) -> SecretBytes {
      let (nonce, rest) = try split(sealed)
      return try SecretBytes(count: rest.count - SM4.tagByteCount) { (out) throws(Failure) in
        try open(rest, authenticating: associated, nonce: nonce, into: out)
      }
    }

    private func count() throws(Failure) {
      guard records.add(1, ordering: .relaxed).oldValue < Self.recordsMax else {
        // So that no number of further attempts brings the count back to nought.
        records.store(Self.recordsMax, ordering: .relaxed)
        throw .wornOut
      }
    }

    private func split(_ sealed: UnsafeRawBufferPointer) throws(Failure) -> (Nonce, UnsafeRawBufferPointer) {
      guard sealed.count >= Self.overheadByteCount else { throw .truncated }
      return (try Nonce(sealed.part(0..<SM4.nonceByteCount)), sealed.part(SM4.nonceByteCount..<sealed.count))
    }
  }
}

extension SM4.GCMKey {
  /// With a nonce of the caller's: for sessions, and for tests of published vectors.
  package func seal(
    _ plaintext: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer, nonce: SM4.Nonce,
    isNonceInFront: Bool = false
  ) throws(SM4.Failure) -> [UInt8] {
    guard plaintext.count <= Self.plaintextByteCountMax, associated.count <= Self.associatedByteCountMax else {
      throw .tooLong
    }
    let front = isNonceInFront ? SM4.nonceByteCount : 0
    let size = front + plaintext.count + SM4.tagByteCount
    return [UInt8](unsafeUninitializedCapacity: size) { out, count in
      let start = out.baseAddress.unsafelyUnwrapped
      nonce.withBytes { nonce in
        if isNonceInFront { start.update(from: nonce, count: SM4.nonceByteCount) }
        guomi_sm4_gcm_seal(
          raw, nonce, associated.start, associated.count, plaintext.start, plaintext.count, start + front,
          start + front + plaintext.count)
      }
      count = size
    }
  }

  /// Opens ciphertext ‖ tag.
  package func open(
    _ sealed: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer, nonce: SM4.Nonce
  ) throws(SM4.Failure) -> [UInt8] {
    guard sealed.count >= SM4.tagByteCount else { throw .truncated }
    var failure: SM4.Failure?
    let plaintext = [UInt8](unsafeUninitializedCapacity: sealed.count - SM4.tagByteCount) { out, count in
      do throws(SM4.Failure) {
        let out = UnsafeMutableRawBufferPointer(start: out.baseAddress, count: sealed.count - SM4.tagByteCount)
        try open(sealed, authenticating: associated, nonce: nonce, into: out)
        count = out.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return plaintext
  }

  /// Opens ciphertext ‖ tag into memory of the ciphertext's length.
  package func open(
    _ sealed: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer, nonce: SM4.Nonce,
    into out: UnsafeMutableRawBufferPointer
  ) throws(SM4.Failure) {
    let length = sealed.count - SM4.tagByteCount
    guard length >= 0, out.count == length else { throw .truncated }
    guard length <= Self.plaintextByteCountMax, associated.count <= Self.associatedByteCountMax else {
      throw .tooLong
    }
    let tag = sealed.part(length..<sealed.count)
    let isAuthentic = nonce.withBytes {
      guomi_sm4_gcm_open(
        raw, $0, associated.start, associated.count, sealed.start, length, out.start, tag.start.unsafelyUnwrapped)
    }
    guard isAuthentic == 1 else { throw .notAuthentic }
  }
}
