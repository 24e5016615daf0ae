import CLinux
import Crypto
import Foundation
package import Guomi
package import Kernel

/// A data key in memory, with what sealing needs of it. Wiped when the last reference goes.
package final class DataKeyMaterial: Sendable {
  let id: ID<DataKey>
  let suite: Suite
  private let secret: SecretBytes
  /// swift-crypto's own wiped form of the same bytes.
  private let symmetric: SymmetricKey

  /// What the deepest cipher takes of the stack: without optimisation each register has a place of its own there.
  #if DEBUG
    private static let frameBytesMax = 128 << 10
  #else
    private static let frameBytesMax = 16 << 10
  #endif

  /// - Throws: `.malformed` when the secret is not of the suite's length.
  package init(id: ID<DataKey>, suite: Suite, secret: SecretBytes) throws(VaultError) {
    guard secret.count == suite.dataKeyBytes else { throw .malformed }
    self.id = id
    self.suite = suite
    self.secret = secret
    symmetric = secret.withUnsafeBytes { SymmetricKey(data: $0) }
  }

  /// Seals bytes.
  ///
  /// - Parameters:
  ///   - salt: of a record key; nil for one of its own that goes with the ciphertext.
  ///   - fresh: 28 random bytes: a salt and a nonce.
  func seal(
    _ plaintext: UnsafeRawBufferPointer, at place: SealedPlace, recordSalt: [UInt8]?, fresh: [UInt8]
  ) throws(VaultError) -> [UInt8] {
    // Ciphers leave what was in registers, and so plaintext, in frames that are given back.
    defer { anju_burn_stack(Self.frameBytesMax) }
    var stored: [UInt8] = []
    stored.reserveCapacity(SealedLayout.headBytes + 28 + plaintext.count + SealedLayout.tagBytes)
    stored += [SealedLayout.format, suite.rawValue, recordSalt == nil ? SealedLayout.ownSalt : SealedLayout.recordSalt]
    for half in [id.high, id.low] { Swift.withUnsafeBytes(of: half.bigEndian) { stored += $0 } }
    let associated = place.associated(head: stored[...])
    let salt = recordSalt ?? Array(fresh[..<SealedLayout.saltBytes])
    if recordSalt == nil { stored += salt }
    let nonce = fresh[SealedLayout.saltBytes...]
    stored += nonce
    switch suite {
    case .aes256GCM:
      do {
        let box = try AES.GCM.seal(
          plaintext, using: recordKey(salt), nonce: AES.GCM.Nonce(data: nonce), authenticating: associated)
        stored += box.ciphertext
        stored += box.tag
      } catch {
        throw .malformed
      }
    case .sm4GCM:
      try sealSM4(plaintext, salt: salt, nonce: Array(nonce), associated: associated, into: &stored)
    }
    return stored
  }

  /// Opens what `seal` made.
  ///
  /// - Throws: `.notAuthentic`, `.erased` when it needs a record key and there is none.
  func open(_ stored: [UInt8], at place: SealedPlace, recordSalt: [UInt8]?) throws(VaultError) -> SecretBytes {
    defer { anju_burn_stack(Self.frameBytesMax) }
    let layout = try SealedLayout(stored)
    let associated = place.associated(head: stored[..<SealedLayout.headBytes])
    let salt: [UInt8]
    if let range = layout.salt {
      salt = Array(stored[range])
    } else if let recordSalt {
      salt = recordSalt
    } else {
      throw .erased
    }
    switch suite {
    case .aes256GCM:
      do {
        let box = try AES.GCM.SealedBox(
          nonce: AES.GCM.Nonce(data: stored[layout.nonce]), ciphertext: stored[layout.ciphertext],
          tag: stored[layout.tag])
        var opened = try AES.GCM.open(box, using: recordKey(salt), authenticating: associated)
        defer { opened.resetBytes(in: 0..<opened.count) }
        return SecretBytes(count: opened.count) { $0.copyBytes(from: opened) }
      } catch {
        throw .notAuthentic
      }
    case .sm4GCM:
      return try openSM4(stored, layout, salt: salt, associated: associated)
    }
  }

  /// One key a record: a nonce is never used twice with a key, whatever the generator does within reason.
  ///
  /// - Source: RFC 5869.
  private func recordKey(_ salt: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: symmetric, salt: salt, info: Self.info, outputByteCount: 32)
  }

  private static let info = Array("ANJU-REC-1 aes256-gcm".utf8)

  func withSecret<Result, Failure: Error>(
    _ body: (SecretBytes) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(secret)
  }
}
