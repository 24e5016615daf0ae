import CGuomi

/// Bytes of a fixed number that nobody may read by accident: a key, a shared secret, a password.
///
/// They are wiped when the last reference goes, never copied by the type itself, and neither `print`, string
/// interpolation nor a mirror shows them. Equality takes the same time whatever the content.
public final class SecretBytes: Sendable {
  /// How many bytes there are; not a secret.
  public let count: Int

  // Immutable from the end of `init` to `deinit`, which no reference outlives: concurrent readers see the same bytes.
  private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

  /// Makes a secret in place, so that no other copy is left behind.
  ///
  /// - Parameter initialize: fills the bytes, which are zero before. When it throws they are wiped.
  public init<Failure: Error>(
    count: Int, initializingWith initialize: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(count >= 0, "a secret has no negative length")
    self.count = count
    storage = .allocate(byteCount: count, alignment: 64)
    guomi_wipe(storage.baseAddress, count)
    // All is initialized: when this throws, `deinit` wipes and gives back.
    try initialize(storage)
  }

  /// Copies bytes. The caller's own copy stays where it is; see `init(taking:)`.
  public convenience init(copying bytes: some Collection<UInt8>) {
    self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
  }

  /// Copies bytes, then overwrites the caller's with zeros (those of this array: copies made before are not reached).
  public convenience init(taking bytes: inout [UInt8]) {
    self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    bytes.withUnsafeMutableBytes { guomi_wipe($0.baseAddress, $0.count) }
  }

  deinit {
    guomi_wipe(storage.baseAddress, storage.count)
    storage.deallocate()
  }

  /// Lends the bytes. They must not leave the closure.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(storage))
  }

  /// A part as a secret of its own, as when derived material holds several keys.
  public func part(_ range: Range<Int>) -> SecretBytes {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the part lies outside the secret")
    return SecretBytes(count: range.count) { part in
      part.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[range]))
    }
  }
}

extension SecretBytes: Equatable {
  /// Takes the same time whatever the content; different lengths differ at once.
  public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
    left.count == right.count
      && guomi_equal(left.storage.baseAddress, right.storage.baseAddress, left.count) == 1
  }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// What stands for any secret in a text.
  public static let placeholder = "‹secret›"

  public var description: String { Self.placeholder }
  public var debugDescription: String { Self.placeholder }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Compares two byte strings of equal length without telling by its time where they differ.
///
/// For tags, check values and tokens. Different lengths differ at once: a length is not a secret.
public func equalInConstantTime(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  let count = left.count
  let answer = left.withContiguousStorageIfAvailable { left in
    right.withContiguousStorageIfAvailable { right in guomi_equal(left.baseAddress, right.baseAddress, count) == 1 }
  }
  if let answer, let answer { return answer }
  return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
