import COpenSSL
import Guomi
import SecureElement

/// A pointer of OpenSSL's that is given back when the last reference goes.
final class Owned<Pointee> {
  let pointer: Pointee
  private let free: (Pointee) -> Void

  /// - Throws: `.inside` for nil.
  init(_ pointer: Pointee?, _ free: @escaping (Pointee) -> Void) throws(SecureElementError) {
    guard let pointer else { throw .inside }
    self.pointer = pointer
    self.free = free
  }

  deinit { free(pointer) }
}

/// - Throws: an error unless OpenSSL answered 1. Its own description of the error is thrown away unread.
func check(_ answer: Int32, else error: SecureElementError = .inside) throws(SecureElementError) {
  guard answer == 1 else {
    ERR_clear_error()
    throw error
  }
}

/// One generator for all that OpenSSL computes in this process.
enum OpenSSLRandom {
  private static let shared = SharedSource()

  private final class SharedSource: Sendable {
    let source = LockedBox<RandomSource?>(nil)
  }

  /// Makes OpenSSL draw from a source: for programs, since it is for the whole process.
  static func use(_ source: RandomSource) throws(SecureElementError) {
    shared.source.set(source)
    try check(
      openssl_use_random { bytes, count in
        guard let bytes, let source = OpenSSLRandom.shared.source.get() else { return 0 }
        let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))
        return (try? source.fill(buffer)) == nil ? 0 : 1
      }, else: .selfTest)
  }
}
