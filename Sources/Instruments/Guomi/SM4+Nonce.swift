extension SM4 {
  /// Twelve bytes that one key may see once only. Nobody outside this package makes one.
  package struct Nonce: Equatable, Sendable {
    private var first: UInt64 = 0
    private var last: UInt32 = 0

    /// Random: for at most 2^32 messages of one key (NIST SP 800-38D, 8.3).
    init(_ random: RandomSource) throws(Failure) {
      do throws(RandomFailure) {
        try withUnsafeMutableBytes(of: &first) { (bytes) throws(RandomFailure) in try random.fill(bytes) }
        try withUnsafeMutableBytes(of: &last) { (bytes) throws(RandomFailure) in try random.fill(bytes) }
      } catch {
        throw .random(error)
      }
    }

    /// Four bytes of salt, eight of sequence, big-endian.
    init(salt: UInt32, sequence: UInt64) {
      first = (UInt64(salt) << 32 | sequence >> 32).bigEndian
      last = UInt32(truncatingIfNeeded: sequence).bigEndian
    }

    /// - Throws: `.nonceLength` unless there are 12 bytes.
    package init(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
      guard bytes.count == SM4.nonceByteCount else { throw .nonceLength(bytes.count) }
      first = bytes.loadUnaligned(as: UInt64.self)
      last = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    }

    /// Lends the twelve bytes.
    func withBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
      withUnsafeTemporaryAllocation(byteCount: SM4.nonceByteCount, alignment: 8) { buffer in
        buffer.storeBytes(of: first, as: UInt64.self)
        buffer.storeBytes(of: last, toByteOffset: 8, as: UInt32.self)
        return body(UnsafePointer(buffer.assumingMemoryBound(to: UInt8.self).baseAddress.unsafelyUnwrapped))
      }
    }
  }
}
