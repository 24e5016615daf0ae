import CGuomi

extension SM4 {
  /// Modes that hide data but let anyone change it unnoticed. Use them only where a format demands them and something
  /// else proves the data; else take `GCMKey`.
  public enum Unauthenticated {
    /// Counter mode.
    public final class CTRKey: Sendable {
      private let key: BlockKey

      /// - Throws: `.keyLength`.
      public convenience init(_ secret: SecretBytes) throws(Failure) { try self.init(secret, path: nil) }

      package init(_ secret: SecretBytes, path: Path?) throws(Failure) { key = try BlockKey(secret, path: path) }

      /// Encrypts or decrypts: it is the same.
      ///
      /// - Parameter counter: 16 bytes, big-endian, counted up for each block. No two texts of one key may share any
      ///   of the values it passes through.
      /// - Throws: `.nonceLength`.
      @inlinable
      public func apply(
        counter: some Collection<UInt8>, to text: some Collection<UInt8>
      ) throws(Failure) -> [UInt8] {
        guard counter.count == SM4.blockByteCount else { throw .nonceLength(counter.count) }
        return withBytes(of: counter) { counter in
          withBytes(of: text) { text in applied(counter, text) }
        }
      }

      @usableFromInline
      func applied(_ counter: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: text.count) { out, count in
          key.withKey {
            guomi_sm4_ctr($0, counter.start.unsafelyUnwrapped, text.start, out.baseAddress, text.count)
          }
          count = text.count
        }
      }
    }

    /// Cipher block chaining of whole blocks, without padding.
    public final class CBCKey: Sendable {
      private let key: BlockKey
      private let random: RandomSource

      /// - Parameter random: where initial vectors come from.
      /// - Throws: `.keyLength`.
      public convenience init(_ secret: SecretBytes, random: RandomSource) throws(Failure) {
        try self.init(secret, random: random, path: nil)
      }

      package init(_ secret: SecretBytes, random: RandomSource, path: Path?) throws(Failure) {
        key = try BlockKey(secret, path: path)
        self.random = random
      }

      /// - Returns: initial vector (16) ‖ ciphertext.
      /// - Throws: `.notWholeBlocks`, `.random`.
      public func encrypt(_ text: some Collection<UInt8>) throws(Failure) -> [UInt8] {
        guard text.count % SM4.blockByteCount == 0 else { throw .notWholeBlocks }
        let vector: [UInt8]
        do throws(RandomFailure) { vector = try random.bytes(SM4.blockByteCount) } catch { throw .random(error) }
        return withBytes(of: text) { text in
          [UInt8](unsafeUninitializedCapacity: SM4.blockByteCount + text.count) { out, count in
            let start = out.baseAddress.unsafelyUnwrapped
            start.update(from: vector, count: SM4.blockByteCount)
            let blocks = text.count / SM4.blockByteCount
            key.withKey { guomi_sm4_cbc_encrypt($0, vector, text.start, start + SM4.blockByteCount, blocks) }
            count = SM4.blockByteCount + text.count
          }
        }
      }

      /// Takes initial vector ‖ ciphertext.
      ///
      /// - Throws: `.truncated`, `.notWholeBlocks`.
      public func decrypt(_ bytes: some Collection<UInt8>) throws(Failure) -> [UInt8] {
        guard bytes.count >= SM4.blockByteCount else { throw .truncated }
        guard bytes.count % SM4.blockByteCount == 0 else { throw .notWholeBlocks }
        return withBytes(of: bytes) { bytes in
          let vector = bytes.start.unsafelyUnwrapped
          let length = bytes.count - SM4.blockByteCount
          return [UInt8](unsafeUninitializedCapacity: length) { out, count in
            key.withKey {
              guomi_sm4_cbc_decrypt(
                $0, vector, vector + SM4.blockByteCount, out.baseAddress, length / SM4.blockByteCount)
            }
            count = length
          }
        }
      }
    }
  }
}
