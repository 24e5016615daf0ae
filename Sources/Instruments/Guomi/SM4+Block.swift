import CGuomi

extension SM4 {
  /// An expanded key and its bare block operations: what modes are made of, not one of them. Wiped when it goes.
  package final class BlockKey: Sendable {
    // Written in `init` only, wiped in `deinit`, which no reference outlives.
    private nonisolated(unsafe) let raw: UnsafeMutablePointer<guomi_sm4>

    /// - Parameter path: the machine's best when nil.
    /// - Throws: `.keyLength`, `.pathMissing`.
    package init(_ secret: SecretBytes, path: Path? = nil) throws(Failure) {
      raw = .allocate(capacity: 1)
      raw.initialize(to: guomi_sm4())
      // All is initialized: when this throws, `deinit` gives back.
      guard secret.count == SM4.keyByteCount else { throw .keyLength(secret.count) }
      let code = (path ?? .best).code
      let answer = secret.withUnsafeBytes { guomi_sm4_init(raw, $0.start.unsafelyUnwrapped, code) }
      guard answer == 0 else { throw .pathMissing }
    }

    deinit {
      guomi_wipe(raw, MemoryLayout<guomi_sm4>.size)
      raw.deallocate()
    }

    /// Lends the expanded key to a mode.
    func withKey<Result>(_ body: (UnsafePointer<guomi_sm4>) -> Result) -> Result { body(raw) }

    /// Encrypts whole blocks, each by itself.
    package func encrypt(_ bytes: [UInt8]) -> [UInt8] { mapped(bytes, guomi_sm4_encrypt_blocks) }

    /// Decrypts whole blocks, each by itself.
    package func decrypt(_ bytes: [UInt8]) -> [UInt8] { mapped(bytes, guomi_sm4_decrypt_blocks) }

    private func mapped(
      _ bytes: [UInt8],
      _ body: (UnsafePointer<guomi_sm4>, UnsafePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, Int) -> Void
    ) -> [UInt8] {
      precondition(bytes.count % SM4.blockByteCount == 0, "whole blocks only")
      return [UInt8](unsafeUninitializedCapacity: bytes.count) { out, count in
        bytes.withUnsafeBufferPointer {
          body(raw, $0.baseAddress, out.baseAddress, $0.count / SM4.blockByteCount)
        }
        count = bytes.count
      }
    }
  }
}
