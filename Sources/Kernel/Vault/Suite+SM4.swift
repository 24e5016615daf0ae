import Guomi

extension DataKeyMaterial {
  /// Seals with a key of the record's own, which is wiped at the end.
  func sealSM4(
    _ plaintext: UnsafeRawBufferPointer, salt: [UInt8], nonce: [UInt8], associated: [UInt8], into stored: inout [UInt8]
  ) throws(VaultError) {
    let key = try sm4Key(salt)
    let sealed = nonce.withUnsafeBytes { nonce in
      associated.withUnsafeBytes { associated in
        Result { () throws(SM4.Failure) in
          try key.seal(plaintext, authenticating: associated, nonce: try SM4.Nonce(nonce))
        }
      }
    }
    do { stored += try sealed.get() } catch { throw .malformed }
  }

  func openSM4(
    _ stored: [UInt8], _ layout: SealedLayout, salt: [UInt8], associated: [UInt8]
  ) throws(VaultError) -> SecretBytes {
    let key = try sm4Key(salt)
    do {
      return try SecretBytes(count: layout.ciphertext.count) { (out) throws(SM4.Failure) in
        let outcome = stored.withUnsafeBytes { stored in
          associated.withUnsafeBytes { associated in
            Result { () throws(SM4.Failure) in
              let nonce = try SM4.Nonce(UnsafeRawBufferPointer(rebasing: stored[layout.nonce]))
              try key.open(
                UnsafeRawBufferPointer(rebasing: stored[layout.ciphertext.lowerBound...]), authenticating: associated,
                nonce: nonce, into: out)
            }
          }
        }
        try outcome.get()
      }
    } catch {
      throw .notAuthentic
    }
  }

  private static let sm4Info = Array("ANJU-REC-1 sm4-gcm".utf8)

  /// Nonces are given here: the key makes none.
  private static let noRandom = RandomSource { (_: UnsafeMutableRawBufferPointer) throws(RandomFailure) in
    throw RandomFailure(reason: "a record's key makes no nonces")
  }

  /// One key a record, as for the other suite.
  private func sm4Key(_ salt: [UInt8]) throws(VaultError) -> SM4.GCMKey {
    let secret = withSecret { secret in
      HKDFSM3.derive(secret: secret, salt: salt, info: Self.sm4Info, byteCount: SM4.keyByteCount)
    }
    do { return try SM4.GCMKey(secret, random: Self.noRandom) } catch { throw .malformed }
  }
}
