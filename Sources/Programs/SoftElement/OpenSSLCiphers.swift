import COpenSSL
import Guomi
import SecureElement

/// AES-GCM, nonce 12 and tag 16 bytes, keys of 128 or 256 bits.
struct AESKey {
  private static let nonceByteCount = 12
  private static let tagByteCount = 16

  let secret: SecretBytes

  private var cipher: OpaquePointer? { secret.count == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm() }

  func seal(
    _ data: [UInt8], _ associated: [UInt8], random: RandomSource
  ) throws(SecureElementError) -> [UInt8] {
    let nonce: [UInt8]
    do throws(RandomFailure) { nonce = try random.bytes(Self.nonceByteCount) } catch { throw .randomness }
    let context = try begin(isSealing: true, nonce: nonce, associated: associated)
    var sealed = [UInt8](repeating: 0, count: data.count)
    var count: Int32 = 0
    try check(EVP_EncryptUpdate(context.pointer, &sealed, &count, data, Int32(data.count)))
    var last = [UInt8](repeating: 0, count: 16)
    try check(EVP_EncryptFinal_ex(context.pointer, &last, &count))
    var tag = [UInt8](repeating: 0, count: Self.tagByteCount)
    try check(EVP_CIPHER_CTX_ctrl(context.pointer, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag))
    return nonce + sealed + tag
  }

  func open(_ sealed: [UInt8], _ associated: [UInt8]) throws(SecureElementError) -> [UInt8] {
    guard sealed.count >= Self.nonceByteCount + Self.tagByteCount else { throw .notAuthentic }
    let context = try begin(isSealing: false, nonce: Array(sealed.prefix(Self.nonceByteCount)), associated: associated)
    let body = Array(sealed.dropFirst(Self.nonceByteCount).dropLast(Self.tagByteCount))
    var tag = Array(sealed.suffix(Self.tagByteCount))
    var data = [UInt8](repeating: 0, count: body.count)
    var count: Int32 = 0
    try check(EVP_DecryptUpdate(context.pointer, &data, &count, body, Int32(body.count)), else: .notAuthentic)
    try check(EVP_CIPHER_CTX_ctrl(context.pointer, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag))
    var last = [UInt8](repeating: 0, count: 16)
    try check(EVP_DecryptFinal_ex(context.pointer, &last, &count), else: .notAuthentic)
    return data
  }

  private func begin(
    isSealing: Bool, nonce: [UInt8], associated: [UInt8]
  ) throws(SecureElementError) -> Owned<OpaquePointer> {
    let context = try Owned(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free)
    let answer = secret.withUnsafeBytes { key in
      EVP_CipherInit_ex(
        context.pointer, cipher, nil, key.bindMemory(to: UInt8.self).baseAddress, nonce, isSealing ? 1 : 0)
    }
    try check(answer)
    var count: Int32 = 0
    if !associated.isEmpty {
      try check(EVP_CipherUpdate(context.pointer, nil, &count, associated, Int32(associated.count)))
    }
    return context
  }
}

/// Triple DES with three keys in CBC mode, to read what old devices wrote. It does not encrypt: a new message under it
/// would not be safe (NIST withdrew it at the end of 2023).
struct TDESKey {
  static let blockByteCount = 8

  let secret: SecretBytes

  /// Three keys that differ, else it is no more than single DES.
  ///
  /// - Throws: `.notAuthentic`.
  init(_ secret: SecretBytes) throws(SecureElementError) {
    guard secret.count == 24, secret.part(0..<8) != secret.part(8..<16), secret.part(8..<16) != secret.part(16..<24),
      secret.part(0..<8) != secret.part(16..<24)
    else { throw .notAuthentic }
    self.secret = secret
  }

  /// - Parameter sealed: initial vector (8) ‖ whole blocks.
  /// - Returns: the blocks; padding is the caller's, as its format has it.
  func open(_ sealed: [UInt8]) throws(SecureElementError) -> [UInt8] {
    guard sealed.count > Self.blockByteCount, sealed.count.isMultiple(of: Self.blockByteCount) else { throw .malformed }
    let vector = Array(sealed.prefix(Self.blockByteCount))
    let body = Array(sealed.dropFirst(Self.blockByteCount))
    let context = try Owned(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free)
    let answer = secret.withUnsafeBytes { key in
      EVP_DecryptInit_ex(
        context.pointer, EVP_des_ede3_cbc(), nil, key.bindMemory(to: UInt8.self).baseAddress, vector)
    }
    try check(answer)
    EVP_CIPHER_CTX_set_padding(context.pointer, 0)
    var data = [UInt8](repeating: 0, count: body.count + Self.blockByteCount)
    var count: Int32 = 0
    try check(EVP_DecryptUpdate(context.pointer, &data, &count, body, Int32(body.count)))
    return Array(data.prefix(Int(count)))
  }
}
