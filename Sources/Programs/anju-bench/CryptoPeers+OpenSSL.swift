import COpenSSL

/// The system's OpenSSL through EVP. 3.0 has SM4-CTR and SM3, but no SM4-GCM.
struct OpenSSLPeer: CryptoPeer {
  let name = "OpenSSL"
  var version: String { String(cString: OpenSSL_version(OPENSSL_VERSION)) }

  func operation(_ algorithm: CryptoCase.Algorithm, _ byteCount: Int) -> CryptoOperation? {
    switch algorithm {
    case .ctr: ctr(byteCount)
    case .gcm: nil
    case .sm3: sm3(byteCount)
    }
  }

  private func ctr(_ byteCount: Int) -> CryptoOperation? {
    guard let context = EVP_CIPHER_CTX_new() else { return nil }
    guard EVP_EncryptInit_ex(context, EVP_sm4_ctr(), nil, CryptoCase.key, nil) == 1 else { return nil }
    let text = CryptoCase.text(byteCount)
    var output = [UInt8](repeating: 0, count: byteCount)
    var written: Int32 = 0
    let step = {
      _ = EVP_EncryptInit_ex(context, nil, nil, nil, CryptoCase.counter)
      _ = EVP_EncryptUpdate(context, &output, &written, text, Int32(byteCount))
    }
    return CryptoOperation(step: step, output: { output })
  }

  private func sm3(_ byteCount: Int) -> CryptoOperation? {
    guard let context = EVP_MD_CTX_new() else { return nil }
    let text = CryptoCase.text(byteCount)
    var output = [UInt8](repeating: 0, count: 32)
    let step = {
      _ = EVP_DigestInit_ex(context, EVP_sm3(), nil)
      _ = EVP_DigestUpdate(context, text, byteCount)
      _ = EVP_DigestFinal_ex(context, &output, nil)
    }
    return CryptoOperation(step: step, output: { output })
  }
}
