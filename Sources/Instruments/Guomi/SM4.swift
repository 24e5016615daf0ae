/// SM4 (GB/T 32907-2016), the block cipher of the Chinese commercial suite, for data of class *sensitive*.
///
/// Each use has a type of its own, so that one key never serves two: `GCMKey` for records, `SessionSealer` and
/// `SessionOpener` for the two directions of a session, `CCMKey` for small devices that speak CCM,
/// `SM4.Unauthenticated` for what checks its data by other means. Every path through the processor takes the same time
/// whatever key and data are; which path is taken is found out once.
public enum SM4 {
  /// Bytes of a key.
  public static let keyByteCount = 16
  /// Bytes of a block.
  public static let blockByteCount = 16
  /// Bytes of a nonce of GCM and CCM.
  public static let nonceByteCount = 12
  /// Bytes of a tag of GCM and CCM; shorter ones are not offered.
  public static let tagByteCount = 16

  /// Why nothing was sealed or opened.
  public enum Failure: Error, Equatable {
    /// A key has 16 bytes, not so many.
    case keyLength(Int)
    /// A nonce, an initial vector, a counter or a salt has another length.
    case nonceLength(Int)
    /// More bytes than the mode allows.
    case tooLong
    /// Fewer bytes than a nonce and a tag, or than one block: the end is missing.
    case truncated
    /// The tag is wrong: another key, another nonce, or data or associated data that were changed.
    case notAuthentic
    /// CBC takes whole blocks of 16 bytes.
    case notWholeBlocks
    /// The key has sealed as much as is safe; take a new one.
    case wornOut
    /// The random generator is out of order.
    case random(RandomFailure)
    /// The processor can not take the path that was asked for (tests and benchmarks only).
    case pathMissing
  }
}
