/// Debian's libgcrypt.
struct GcryptPeer: CryptoPeer {
  private typealias Handle = OpaquePointer
  private typealias CheckVersion = @convention(c) (UnsafePointer<CChar>?) -> UnsafePointer<CChar>?
  private typealias Open = @convention(c) (UnsafeMutablePointer<Handle?>, Int32, Int32, UInt32) -> UInt32
  private typealias Set = @convention(c) (Handle?, UnsafeRawPointer?, Int) -> UInt32
  private typealias Crypt = @convention(c) (Handle?, UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int) -> UInt32
  private typealias Tag = @convention(c) (Handle?, UnsafeMutableRawPointer?, Int) -> UInt32
  private typealias Control = @convention(c) (Handle?, Int32, UnsafeMutableRawPointer?, Int) -> UInt32
  private typealias Hash = @convention(c) (Int32, UnsafeMutableRawPointer?, UnsafeRawPointer?, Int) -> Void

  // gcrypt.h
  private static let (sm4, sm3): (Int32, Int32) = (318, 326)
  private static let (modeCTR, modeGCM): (Int32, Int32) = (6, 9)
  private static let reset: Int32 = 4

  let name = "libgcrypt"
  let version: String
  private let library: SharedLibrary

  init?() {
    guard let library = SharedLibrary("libgcrypt.so.20") else { return nil }
    self.library = library
    guard let text = library.function("gcry_check_version", CheckVersion.self)(nil) else { return nil }
    version = "libgcrypt " + String(cString: text)
  }

  func operation(_ algorithm: CryptoCase.Algorithm, _ byteCount: Int) -> CryptoOperation? {
    switch algorithm {
    case .ctr: ctr(byteCount)
    case .gcm: gcm(byteCount)
    case .sm3: hash(byteCount)
    }
  }

  private func cipher(_ mode: Int32) -> Handle? {
    var handle: Handle?
    guard library.function("gcry_cipher_open", Open.self)(&handle, Self.sm4, mode, 0) == 0 else { return nil }
    _ = library.function("gcry_cipher_setkey", Set.self)(handle, CryptoCase.key, CryptoCase.key.count)
    return handle
  }

  private func ctr(_ byteCount: Int) -> CryptoOperation? {
    guard let handle = cipher(Self.modeCTR) else { return nil }
    let setCounter = library.function("gcry_cipher_setctr", Set.self)
    let encrypt = library.function("gcry_cipher_encrypt", Crypt.self)
    let text = CryptoCase.text(byteCount)
    var output = [UInt8](repeating: 0, count: byteCount)
    let step = {
      _ = setCounter(handle, CryptoCase.counter, 16)
      _ = encrypt(handle, &output, byteCount, text, byteCount)
    }
    return CryptoOperation(step: step, output: { output })
  }

  private func gcm(_ byteCount: Int) -> CryptoOperation? {
    guard let handle = cipher(Self.modeGCM) else { return nil }
    let control = library.function("gcry_cipher_ctl", Control.self)
    let setVector = library.function("gcry_cipher_setiv", Set.self)
    let authenticate = library.function("gcry_cipher_authenticate", Set.self)
    let encrypt = library.function("gcry_cipher_encrypt", Crypt.self)
    let getTag = library.function("gcry_cipher_gettag", Tag.self)
    let text = CryptoCase.text(byteCount)
    var output = [UInt8](repeating: 0, count: byteCount)
    var tag = [UInt8](repeating: 0, count: 16)
    let step = {
      _ = control(handle, Self.reset, nil, 0)
      _ = setVector(handle, CryptoCase.nonce, CryptoCase.nonce.count)
      _ = authenticate(handle, CryptoCase.associated, CryptoCase.associated.count)
      _ = encrypt(handle, &output, byteCount, text, byteCount)
      _ = getTag(handle, &tag, 16)
    }
    return CryptoOperation(step: step, output: { output + tag })
  }

  private func hash(_ byteCount: Int) -> CryptoOperation {
    let hash = library.function("gcry_md_hash_buffer", Hash.self)
    let text = CryptoCase.text(byteCount)
    var output = [UInt8](repeating: 0, count: 32)
    return CryptoOperation(step: { hash(Self.sm3, &output, text, byteCount) }, output: { output })
  }
}
