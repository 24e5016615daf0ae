import SecureElement

/// What the module and its algorithms are called (clause 9.5.1). Whoever changes the code of an algorithm raises its
/// version here, and the module's.
extension SoftElement {
  package static let model = "anju-element"
  package static let version = "1.0.0"

  static func identity(_ id: [UInt8]) -> ElementIdentity {
    ElementIdentity(id: id, model: model, version: version, algorithms: algorithms)
  }

  private static let algorithms = [
    ("anju.sm2-sign", "1"), ("anju.sm2-encrypt", "1"), ("anju.sm2-exchange", "1"), ("anju.sm3", "1"),
    ("anju.hmac-sm3", "1"), ("anju.kbkdf-hmac-sm3", "1"), ("anju.sm4-gcm", "1"), ("anju.hash-drbg-sm3", "1"),
    ("openssl.rsa-pss-sha256", openSSLVersion), ("openssl.rsa-oaep-sha256", openSSLVersion),
    ("openssl.aes-gcm", openSSLVersion), ("openssl.tdes-cbc-decrypt", openSSLVersion),
  ].map { ElementIdentity.Algorithm(id: $0.0, version: $0.1) }
}
