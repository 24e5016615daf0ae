import Synchronization

extension SM4 {
  /// The sending end of one direction of a session: SM4-GCM with nonce = salt (4) ‖ sequence (8).
  ///
  /// The sequence counts up from where it starts and never comes back; a nonce is therefore never used twice, also when
  /// several tasks seal at once. One key and salt belong to one direction of one session: make the object once, where
  /// the session keys are agreed.
  public final class SessionSealer: Sendable {
    /// Bytes of a salt.
    public static let saltByteCount = 4

    private let key: GCMKey
    private let salt: UInt32
    private let next: Atomic<UInt64>

    /// - Parameters:
    ///   - secret: 16 bytes, of this direction only.
    ///   - salt: 4 bytes agreed with the key.
    ///   - sequence: the first to be used.
    /// - Throws: `.keyLength`, `.nonceLength`.
    public convenience init(
      _ secret: SecretBytes, salt: some Collection<UInt8>, startingAt sequence: UInt64 = 0
    ) throws(Failure) {
      try self.init(secret, salt: salt, startingAt: sequence, path: nil)
    }

    package init(
      _ secret: SecretBytes, salt: some Collection<UInt8>, startingAt sequence: UInt64 = 0, path: Path?
    ) throws(Failure) {
      key = try .ofSession(secret, path: path)
      self.salt = try Self.number(salt)
      next = Atomic(sequence)
    }

    /// Seals the next message.
    ///
    /// - Returns: its sequence, which the receiver needs (in the header, or counted on both sides), and
    ///   ciphertext ‖ tag.
    /// - Throws: `.wornOut` after sequence 2^64 - 2, `.tooLong`.
    @inlinable
    public func seal(
      _ plaintext: some Collection<UInt8>, authenticating header: some Collection<UInt8>
    ) throws(Failure) -> (sequence: UInt64, sealed: [UInt8]) {
      let sequence = try take()
      let sealed = try withBytes(of: plaintext) { (plaintext) throws(Failure) in
        try withBytes(of: header) { (header) throws(Failure) in try sealMessage(plaintext, header, sequence) }
      }
      return (sequence, sealed)
    }

    /// Seals the next message under a header that names its sequence.
    ///
    /// - Parameter header: makes the header when the sequence is known.
    /// - Returns: the header, and ciphertext ‖ tag.
    @inlinable
    public func seal(
      _ plaintext: some Collection<UInt8>, header: (_ sequence: UInt64) -> [UInt8]
    ) throws(Failure) -> (header: [UInt8], sealed: [UInt8]) {
      let sequence = try take()
      let header = header(sequence)
      let sealed = try withBytes(of: plaintext) { (plaintext) throws(Failure) in
        try withBytes(of: header) { (header) throws(Failure) in try sealMessage(plaintext, header, sequence) }
      }
      return (header, sealed)
    }

    @usableFromInline
    func sealMessage(
      _ plaintext: UnsafeRawBufferPointer, _ header: UnsafeRawBufferPointer, _ sequence: UInt64
    ) throws(Failure) -> [UInt8] {
      try key.seal(plaintext, authenticating: header, nonce: Nonce(salt: salt, sequence: sequence))
    }

    /// The last number is never given, so that the count can not wrap.
    @usableFromInline
    func take() throws(Failure) -> UInt64 {
      var sequence = next.load(ordering: .relaxed)
      while true {
        guard sequence < .max else { throw .wornOut }
        let (isTaken, found) = next.compareExchange(expected: sequence, desired: sequence + 1, ordering: .relaxed)
        if isTaken { return sequence }
        sequence = found
      }
    }

    static func number(_ salt: some Collection<UInt8>) throws(Failure) -> UInt32 {
      guard salt.count == saltByteCount else { throw .nonceLength(salt.count) }
      return salt.reduce(0) { $0 << 8 | UInt32($1) }
    }
  }

  /// The receiving end of one direction of a session. It does not remember what it has seen: whoever uses it keeps the
  /// replay window.
  public final class SessionOpener: Sendable {
    private let key: GCMKey
    private let salt: UInt32

    /// - Throws: `.keyLength`, `.nonceLength`.
    public convenience init(_ secret: SecretBytes, salt: some Collection<UInt8>) throws(Failure) {
      try self.init(secret, salt: salt, path: nil)
    }

    package init(_ secret: SecretBytes, salt: some Collection<UInt8>, path: Path?) throws(Failure) {
      key = try .ofSession(secret, path: path)
      self.salt = try SessionSealer.number(salt)
    }

    /// Opens ciphertext ‖ tag.
    ///
    /// - Throws: `.truncated`, `.notAuthentic`.
    @inlinable
    public func open(
      _ sealed: some Collection<UInt8>, sequence: UInt64, authenticating header: some Collection<UInt8>
    ) throws(Failure) -> [UInt8] {
      try withBytes(of: sealed) { (sealed) throws(Failure) in
        try withBytes(of: header) { (header) throws(Failure) in try openMessage(sealed, header, sequence) }
      }
    }

    @usableFromInline
    func openMessage(
      _ sealed: UnsafeRawBufferPointer, _ header: UnsafeRawBufferPointer, _ sequence: UInt64
    ) throws(Failure) -> [UInt8] {
      try key.open(sealed, authenticating: header, nonce: Nonce(salt: salt, sequence: sequence))
    }
  }
}

extension SM4.GCMKey {
  /// A key whose nonces are counted; asking it for a random one fails.
  fileprivate static func ofSession(_ secret: SecretBytes, path: SM4.Path?) throws(SM4.Failure) -> SM4.GCMKey {
    let none = RandomSource { (_: UnsafeMutableRawBufferPointer) throws(RandomFailure) in
      throw RandomFailure(reason: "the nonces of a session are counted")
    }
    return try SM4.GCMKey(secret, random: none, path: path)
  }
}
