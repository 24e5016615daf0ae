internal import CGuomi

/// A key of HMAC with SM3, made ready once: a short message then costs four compressions.
///
/// - Source: GB/T 15852.2-2012, RFC 2104.
public final class HMACSM3: Sendable {
  private let key: SecretBytes

  /// - Parameter key: any length; 32 bytes are right. Longer than 64 bytes it is hashed first.
  public convenience init(key: SecretBytes) {
    self.init { made in key.withUnsafeBytes { guomi_hmac_key_make(made, $0.baseAddress, $0.count) } }
  }

  /// For a key that is no secret, as the salt of an extraction.
  public convenience init(publicKey key: some Collection<UInt8>) {
    self.init { made in withBytes(of: key) { guomi_hmac_key_make(made, $0.baseAddress, $0.count) } }
  }

  private init(make: (UnsafeMutablePointer<guomi_hmac_key>) -> Void) {
    key = SecretBytes(count: MemoryLayout<guomi_hmac_key>.size) { buffer in
      if let made = buffer.bindMemory(to: guomi_hmac_key.self).baseAddress { make(made) }
    }
  }

  func withKey<Result>(_ body: (UnsafePointer<guomi_hmac_key>) -> Result) -> Result {
    key.withUnsafeBytes { buffer in
      // Bound in `init`, at an address that fits.
      guard let key = buffer.assumingMemoryBound(to: guomi_hmac_key.self).baseAddress else {
        preconditionFailure("a key of HMAC-SM3 is 64 bytes")
      }
      return body(key)
    }
  }

  public func tag(for message: UnsafeRawBufferPointer) -> Tag {
    var authentication = Authentication(key: self)
    authentication.update(message)
    return authentication.tag()
  }

  public func tag(for message: some Collection<UInt8>) -> Tag { withBytes(of: message) { tag(for: $0) } }

  /// The same for an array, which needs no looking at what kind of collection it is.
  public func tag(for message: [UInt8]) -> Tag { message.withUnsafeBytes { tag(for: $0) } }

  /// - Parameter tag: all 32 bytes.
  public func isValid(_ tag: some Collection<UInt8>, for message: some Collection<UInt8>) -> Bool {
    equalInConstantTime(self.tag(for: message).bytes, Array(tag))
  }

  /// A tag of a message that comes in parts.
  public struct Authentication: ~Copyable {
    private let key: HMACSM3
    private var state = guomi_sm3_state()

    public init(key: HMACSM3) {
      self.key = key
      key.withKey { guomi_hmac_start($0, &state) }
    }

    deinit {
      var state = state
      guomi_wipe(&state, MemoryLayout<guomi_sm3_state>.size)
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
      guomi_sm3_update(&state, bytes.baseAddress, bytes.count)
    }

    public mutating func update(_ bytes: some Collection<UInt8>) { withBytes(of: bytes) { update($0) } }

    public mutating func update(_ secret: SecretBytes) { secret.withUnsafeBytes { update($0) } }

    public consuming func tag() -> Tag {
      key.withKey { key in Tag(SM3.Digest { guomi_hmac_finish(key, &state, $0) }) }
    }

    /// The tag as a secret, where it serves as a key.
    consuming func secretTag() -> SecretBytes {
      SecretBytes(count: SM3.byteCount) { buffer in
        key.withKey { key in
          if let out = buffer.bindMemory(to: UInt8.self).baseAddress { guomi_hmac_finish(key, &state, out) }
        }
      }
    }
  }

  /// 32 bytes that prove a message. Comparing two takes the same time whatever they are.
  public struct Tag: Equatable, Sendable {
    private let digest: SM3.Digest

    init(_ digest: SM3.Digest) { self.digest = digest }

    public var bytes: [UInt8] { digest.bytes }

    public static func == (left: Tag, right: Tag) -> Bool { equalInConstantTime(left.bytes, right.bytes) }
  }
}
