import COpenSSL
import SecureElement
import Testing

/// What a business system does with an RSA key of the element: it has the public half alone.
struct PublicRSA {
  private let key: OpaquePointer

  init(_ der: [UInt8]) throws {
    key = try der.withUnsafeBufferPointer { bytes in
      var start = bytes.baseAddress
      return try #require(d2i_PublicKey(EVP_PKEY_RSA, nil, &start, bytes.count))
    }
  }

  func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
    let digest = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(digest) }
    var context: OpaquePointer?
    EVP_DigestVerifyInit(digest, &context, EVP_sha256(), nil, key)
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING)
    return EVP_DigestVerify(digest, signature, signature.count, message, message.count) == 1
  }

  func encrypt(_ message: [UInt8]) throws -> [UInt8] {
    let context = try #require(EVP_PKEY_CTX_new_from_pkey(nil, key, nil))
    defer { EVP_PKEY_CTX_free(context) }
    EVP_PKEY_encrypt_init(context)
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING)
    EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256())
    var count = Int(EVP_PKEY_get_size(key))
    var wrapped = [UInt8](repeating: 0, count: count)
    try #require(EVP_PKEY_encrypt(context, &wrapped, &count, message, message.count) == 1)
    return wrapped
  }
}
