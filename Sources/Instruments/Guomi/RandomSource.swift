/// Where nonces, salts and keys come from: handed in by the program (or a test), never taken from the air.
public struct RandomSource: Sendable {
  /// Fills a buffer completely, or throws.
  public typealias Fill = @Sendable (UnsafeMutableRawBufferPointer) throws(RandomFailure) -> Void

  private let fill: Fill

  public init(fill: @escaping Fill) { self.fill = fill }

  /// - Parameter bytes: answers exactly as many bytes as it is asked for.
  public init(bytes: @escaping @Sendable (Int) -> [UInt8]) {
    fill = { (buffer: UnsafeMutableRawBufferPointer) throws(RandomFailure) in
      let made = bytes(buffer.count)
      guard made.count == buffer.count else { throw RandomFailure(reason: "the source gave a wrong number of bytes") }
      buffer.copyBytes(from: made)
    }
  }

  /// Fills a buffer.
  ///
  /// - Throws: `RandomFailure` when the generator is out of order; nothing may then be sealed or signed.
  public func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(RandomFailure) { try fill(buffer) }

  /// Fresh bytes that are no secret: a nonce, a salt, a challenge.
  public func bytes(_ count: Int) throws(RandomFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var failure: RandomFailure?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(RandomFailure) { try fill(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  /// A fresh secret.
  public func secret(_ count: Int) throws(RandomFailure) -> SecretBytes {
    try SecretBytes(count: count) { (buffer: UnsafeMutableRawBufferPointer) throws(RandomFailure) in try fill(buffer) }
  }
}

/// The random generator is out of order.
public struct RandomFailure: Error, Equatable {
  public let reason: String

  public init(reason: String) { self.reason = reason }
}
