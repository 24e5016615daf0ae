internal import CGuomi

/// The hash SM3, 32 bytes.
///
/// A value: copying it forks the hash, so that a common beginning is hashed once.
/// - Source: GB/T 32905-2016.
public struct SM3: Sendable {
  /// How many bytes a digest has.
  public static let byteCount = 32

  private var state = guomi_sm3_state()

  public init() { guomi_sm3_start(&state) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guomi_sm3_update(&state, bytes.baseAddress, bytes.count)
  }

  @inlinable
  public mutating func update(_ bytes: some Collection<UInt8>) {
    withBytes(of: bytes) { update($0) }
  }

  /// The same for an array, which needs no looking at what kind of collection it is.
  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// The digest of what came so far; more may follow.
  public func digest() -> Digest {
    var copy = state
    return Digest { guomi_sm3_finish(&copy, $0) }
  }

  /// Hashes all at once.
  public static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
    Digest { guomi_sm3(bytes.baseAddress, bytes.count, $0) }
  }

  @inlinable
  public static func hash(_ bytes: some Collection<UInt8>) -> Digest {
    withBytes(of: bytes) { hash($0) }
  }

  /// The same for an array, which needs no looking at what kind of collection it is.
  public static func hash(_ bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { hash($0) }
  }

  /// Hashes a secret in place.
  public static func hash(_ secret: SecretBytes) -> Digest { secret.withUnsafeBytes { hash($0) } }

  /// How this processor computes SM3, for a report.
  public static var implementation: String { String(cString: guomi_sm3_path_name(guomi_sm3_path())) }
}

extension SM3 {
  /// What SM3 gives: 32 bytes. Not for comparing secrets with; `HMACSM3.Tag` is.
  public struct Digest: Hashable, Sendable, CustomStringConvertible {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(_ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
      Swift.withUnsafeMutableBytes(of: &words) { buffer in
        buffer.withMemoryRebound(to: UInt8.self) { bytes in
          if let base = bytes.baseAddress { fill(base) }
        }
      }
    }

    /// - Parameter bytes: nil when they are not 32.
    public init?(bytes: some Collection<UInt8>) {
      guard bytes.count == SM3.byteCount else { return nil }
      Swift.withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    public func withUnsafeBytes<Result, Failure: Error>(
      _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      try Swift.withUnsafeBytes(of: words, body)
    }

    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// Hexadecimal, lower case.
    public var description: String { hexadecimal(bytes) }

    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) { withUnsafeBytes { hasher.combine(bytes: $0) } }
  }
}

/// Lower-case hexadecimal.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
