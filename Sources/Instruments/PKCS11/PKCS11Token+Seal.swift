import CPKCS11

extension PKCS11Token {
  /// The nonce's bytes before and the tag's behind a ciphertext.
  public static let overheadBytes = 12 + 16

  /// Encrypts with AES-256-GCM in the token.
  ///
  /// - Parameters:
  ///   - key: its label.
  ///   - associated: what the ciphertext is bound to; not empty, up to 4,096 bytes.
  /// - Returns: nonce (12 bytes, of the token's generator), ciphertext, tag (16 bytes).
  public func seal(
    _ plaintext: UnsafeRawBufferPointer, key label: String, associated: [UInt8]
  ) throws(PKCS11Error) -> [UInt8] {
    guard plaintext.count <= Self.bytesMax else { throw .tooLarge(bytes: plaintext.count, max: Self.bytesMax) }
    let key = try key(label)
    let nonce = try random(12)
    let sealed = try crypt(key, nonce, associated, plaintext.pin, plaintext.count, isSealing: true)
    return nonce + sealed
  }

  /// Decrypts what `seal` gave, into memory that the caller wipes.
  ///
  /// - Parameter body: gets the plaintext, which is wiped when it returns.
  /// - Throws: `.notAuthentic`, `.keyMissing`.
  public func open<T>(
    _ sealed: [UInt8], key label: String, associated: [UInt8], _ body: (UnsafeRawBufferPointer) -> T
  ) throws(PKCS11Error) -> T {
    guard sealed.count >= Self.overheadBytes else { throw .notAuthentic }
    guard sealed.count <= Self.bytesMax + Self.overheadBytes else {
      throw .tooLarge(bytes: sealed.count, max: Self.bytesMax)
    }
    let key = try key(label)
    let nonce = Array(sealed[..<12])
    let rest = Array(sealed[12...])
    var plaintext: [UInt8]
    do {
      plaintext = try rest.withPointer { (pointer, count) throws(PKCS11Error) in
        try crypt(key, nonce, associated, pointer, count, isSealing: false)
      }
    } catch {
      switch error {
      // SoftHSM2 says so when the tag does not fit.
      case .failed(_, code: UInt(CKR_GENERAL_ERROR)): throw .notAuthentic
      // A handle outlives its key when another process destroyed it.
      case .failed(_, code: UInt(CKR_KEY_HANDLE_INVALID)), .failed(_, code: UInt(CKR_OBJECT_HANDLE_INVALID)):
        cache(label, nil)
        throw .keyMissing(label)
      default: throw error
      }
    }
    let result = plaintext.withUnsafeBytes(body)
    plaintext.withUnsafeMutableBytes { wipe($0) }
    return result
  }

  private func crypt(
    _ key: CK_OBJECT_HANDLE, _ nonce: [UInt8], _ associated: [UInt8], _ input: UnsafePointer<UInt8>?,
    _ count: Int, isSealing: Bool
  ) throws(PKCS11Error) -> [UInt8] {
    guard (1...4_096).contains(associated.count) else { throw .tooLarge(bytes: associated.count, max: 4_096) }
    var (nonce, associated) = (nonce, associated)
    return try withSession { (session, table) throws(PKCS11Error) in
      var output = [UInt8](repeating: 0, count: count + 32)
      var outputCount = UInt(output.count)
      // No array moves while the module holds pointers into it.
      let code = nonce.withUnsafeMutableBufferPointer { nonce in
        associated.withUnsafeMutableBufferPointer { associated in
          var parameters = CK_GCM_PARAMS(
            pIv: nonce.baseAddress, ulIvLen: 12, ulIvBits: 96, pAAD: associated.baseAddress,
            ulAADLen: UInt(associated.count), ulTagBits: 128)
          return withUnsafeMutablePointer(to: &parameters) { parameters in
            var mechanism = CK_MECHANISM(
              mechanism: CK_MECHANISM_TYPE(CKM_AES_GCM), pParameter: parameters,
              ulParameterLen: UInt(MemoryLayout<CK_GCM_PARAMS>.size))
            // The module does not write through the input's pointer; the header only lacks a const.
            let input = UnsafeMutablePointer(mutating: input)
            let begun = isSealing
              ? table.C_EncryptInit?(session, &mechanism, key) : table.C_DecryptInit?(session, &mechanism, key)
            guard begun == CKR_OK else { return begun ?? Self.functionMissing }
            let done = isSealing
              ? table.C_Encrypt?(session, input, UInt(count), &output, &outputCount)
              : table.C_Decrypt?(session, input, UInt(count), &output, &outputCount)
            return done ?? Self.functionMissing
          }
        }
      }
      try PKCS11Error.check(code, isSealing ? "C_Encrypt" : "C_Decrypt")
      let result = Array(output[..<Int(outputCount)])
      output.withUnsafeMutableBytes { wipe($0) }
      return result
    }
  }
}

extension [UInt8] {
  fileprivate func withPointer<T>(
    _ body: (UnsafePointer<UInt8>?, Int) throws(PKCS11Error) -> T
  ) throws(PKCS11Error) -> T {
    let result = withUnsafeBufferPointer { buffer in
      Result { () throws(PKCS11Error) in try body(buffer.baseAddress, buffer.count) }
    }
    return try result.get()
  }
}
