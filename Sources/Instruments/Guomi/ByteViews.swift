/// Lends the bytes of a collection without copying where they lie side by side, as in an array, a slice or a buffer's
/// view; a copy that has to be made is wiped. Inlined into the caller's module, where the collection is known.
@inlinable
func withBytes<Result, Failure: Error>(
  of bytes: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
) throws(Failure) -> Result {
  let answer = bytes.withContiguousStorageIfAvailable { buffer -> Swift.Result<Result, Failure> in
    do throws(Failure) { return .success(try body(UnsafeRawBufferPointer(buffer))) } catch { return .failure(error) }
  }
  if let answer { return try answer.get() }
  return try SecretBytes(copying: bytes).withUnsafeBytes(body)
}

extension UnsafeRawBufferPointer {
  /// What C calls `const uint8_t *`; nil when empty.
  var start: UnsafePointer<UInt8>? { assumingMemoryBound(to: UInt8.self).baseAddress }

  /// A part of the same memory.
  func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }
}

extension UnsafeMutableRawBufferPointer {
  /// What C calls `uint8_t *`; nil when empty.
  var start: UnsafeMutablePointer<UInt8>? { assumingMemoryBound(to: UInt8.self).baseAddress }

  /// A part of the same memory.
  func part(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: self[range])
  }
}
