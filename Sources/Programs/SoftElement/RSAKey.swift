import COpenSSL
import Guomi
import SecureElement

/// An RSA key pair: signs with PSS, or decrypts keys with OAEP, both with SHA-256.
///
/// - Source: PKCS #1 2.2; clauses 9.5.6 and 9.5.7.
struct RSAKey {
  static let bitsMin: Int32 = 2_048

  private let key: Owned<OpaquePointer>

  /// Makes a key; both primes are checked, then the key as a whole.
  static func generate(bits: Int32) throws(SecureElementError) -> RSAKey {
    guard bits >= bitsMin else { throw .usage }
    let context = try Owned(EVP_PKEY_CTX_new_from_name(nil, "RSA", nil), EVP_PKEY_CTX_free)
    try check(EVP_PKEY_keygen_init(context.pointer))
    try check(EVP_PKEY_CTX_set_rsa_keygen_bits(context.pointer, bits))
    var raw: OpaquePointer?
    try check(EVP_PKEY_generate(context.pointer, &raw), else: .randomness)
    let key = RSAKey(key: try Owned(raw, EVP_PKEY_free))
    try key.checkWhole()
    return key
  }

  private init(key: Owned<OpaquePointer>) { self.key = key }

  /// - Parameter secret: RSAPrivateKey in DER, as `secret` gives it.
  init(secret: SecretBytes) throws(SecureElementError) {
    let raw = secret.withUnsafeBytes { bytes -> OpaquePointer? in
      var start = bytes.bindMemory(to: UInt8.self).baseAddress
      return d2i_PrivateKey(EVP_PKEY_RSA, nil, &start, bytes.count)
    }
    key = try Owned(raw, EVP_PKEY_free)
  }

  /// Both primes prime, the exponents each other's inverse, and a message that comes back.
  func checkWhole() throws(SecureElementError) {
    let context = try Owned(EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil), EVP_PKEY_CTX_free)
    try check(EVP_PKEY_check(context.pointer), else: .selfTest)
    guard EVP_PKEY_get_bits(key.pointer) >= Self.bitsMin else { throw .selfTest }
    let probe = Array("pairwise".utf8)
    guard try isValid(try sign(probe), for: probe) else { throw .selfTest }
  }

  var secret: SecretBytes {
    get throws(SecureElementError) {
      var start: UnsafeMutablePointer<UInt8>?
      let count = i2d_PrivateKey(key.pointer, &start)
      guard count > 0, let start else { throw .inside }
      defer { CRYPTO_clear_free(start, Int(count), nil, 0) }
      return SecretBytes(count: Int(count)) {
        $0.copyMemory(from: UnsafeRawBufferPointer(start: start, count: Int(count)))
      }
    }
  }

  /// RSAPublicKey in DER.
  var publicKey: [UInt8] {
    get throws(SecureElementError) {
      var start: UnsafeMutablePointer<UInt8>?
      let count = i2d_PublicKey(key.pointer, &start)
      guard count > 0, let start else { throw .inside }
      defer { CRYPTO_free(start, nil, 0) }
      return Array(UnsafeBufferPointer(start: start, count: Int(count)))
    }
  }

  func sign(_ message: [UInt8]) throws(SecureElementError) -> [UInt8] {
    let digest = try Owned(EVP_MD_CTX_new(), EVP_MD_CTX_free)
    var context: OpaquePointer?
    try check(EVP_DigestSignInit(digest.pointer, &context, EVP_sha256(), nil, key.pointer))
    try Self.choosePSS(context)
    var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(key.pointer)))
    var count = signature.count
    try check(EVP_DigestSign(digest.pointer, &signature, &count, message, message.count), else: .randomness)
    return Array(signature.prefix(count))
  }

  func isValid(_ signature: [UInt8], for message: [UInt8]) throws(SecureElementError) -> Bool {
    let digest = try Owned(EVP_MD_CTX_new(), EVP_MD_CTX_free)
    var context: OpaquePointer?
    try check(EVP_DigestVerifyInit(digest.pointer, &context, EVP_sha256(), nil, key.pointer))
    try Self.choosePSS(context)
    defer { ERR_clear_error() }
    return EVP_DigestVerify(digest.pointer, signature, signature.count, message, message.count) == 1
  }

  private static func choosePSS(_ context: OpaquePointer?) throws(SecureElementError) {
    try check(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING))
    // As long as the hash.
    try check(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, -1))
  }

  /// Opens a key that was encrypted to this one.
  ///
  /// - Throws: `.notAuthentic`, whatever is wrong with it.
  func unwrap(_ wrapped: [UInt8]) throws(SecureElementError) -> SecretBytes {
    let context = try Owned(EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil), EVP_PKEY_CTX_free)
    try check(EVP_PKEY_decrypt_init(context.pointer))
    try check(EVP_PKEY_CTX_set_rsa_padding(context.pointer, RSA_PKCS1_OAEP_PADDING))
    try check(EVP_PKEY_CTX_set_rsa_oaep_md(context.pointer, EVP_sha256()))
    try check(EVP_PKEY_CTX_set_rsa_mgf1_md(context.pointer, EVP_sha256()))
    var count = Int(EVP_PKEY_get_size(key.pointer))
    var answer: Int32 = 0
    let buffer = SecretBytes(count: count) { buffer in
      let start = buffer.bindMemory(to: UInt8.self).baseAddress
      answer = EVP_PKEY_decrypt(context.pointer, start, &count, wrapped, wrapped.count)
    }
    try check(answer, else: .notAuthentic)
    return buffer.part(0..<count)
  }
}
