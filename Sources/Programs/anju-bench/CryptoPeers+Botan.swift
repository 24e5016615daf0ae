/// Debian's Botan 2, through its interface for C.
struct BotanPeer: CryptoPeer {
  private typealias Handle = OpaquePointer
  private typealias Version = @convention(c) () -> UnsafePointer<CChar>?
  private typealias Open = @convention(c) (UnsafeMutablePointer<Handle?>, UnsafePointer<CChar>, UInt32) -> Int32
  private typealias Set = @convention(c) (Handle?, UnsafePointer<UInt8>?, Int) -> Int32
  private typealias Update = @convention(c) (
    Handle?, UInt32, UnsafeMutablePointer<UInt8>?, Int, UnsafeMutablePointer<Int>, UnsafePointer<UInt8>?, Int,
    UnsafeMutablePointer<Int>
  ) -> Int32
  private typealias Final = @convention(c) (Handle?, UnsafeMutablePointer<UInt8>?) -> Int32

  private static let finish: UInt32 = 1

  let name = "Botan"
  let version: String
  private let library: SharedLibrary

  init?() {
    guard let library = SharedLibrary("libbotan-2.so.19") else { return nil }
    self.library = library
    guard let text = library.function("botan_version_string", Version.self)() else { return nil }
    version = String(cString: text)
  }

  func operation(_ algorithm: CryptoCase.Algorithm, _ byteCount: Int) -> CryptoOperation? {
    switch algorithm {
    case .ctr: cipher("SM4/CTR-BE", byteCount, nonce: CryptoCase.counter, associated: [], tag: 0)
    case .gcm: cipher("SM4/GCM", byteCount, nonce: CryptoCase.nonce, associated: CryptoCase.associated, tag: 16)
    case .sm3: hash(byteCount)
    }
  }

  private func cipher(
    _ name: String, _ byteCount: Int, nonce: [UInt8], associated: [UInt8], tag: Int
  ) -> CryptoOperation? {
    var handle: Handle?
    guard library.function("botan_cipher_init", Open.self)(&handle, name, 0) == 0 else { return nil }
    let cipher = handle
    _ = library.function("botan_cipher_set_key", Set.self)(cipher, CryptoCase.key, CryptoCase.key.count)
    let associate = library.function("botan_cipher_set_associated_data", Set.self)
    let start = library.function("botan_cipher_start", Set.self)
    let update = library.function("botan_cipher_update", Update.self)
    let text = CryptoCase.text(byteCount)
    var output = [UInt8](repeating: 0, count: byteCount + tag)
    var (written, taken) = (0, 0)
    let step = {
      if !associated.isEmpty { _ = associate(cipher, associated, associated.count) }
      _ = start(cipher, nonce, nonce.count)
      _ = update(cipher, Self.finish, &output, byteCount + tag, &written, text, byteCount, &taken)
    }
    return CryptoOperation(step: step, output: { output })
  }

  private func hash(_ byteCount: Int) -> CryptoOperation? {
    var handle: Handle?
    guard library.function("botan_hash_init", Open.self)(&handle, "SM3", 0) == 0 else { return nil }
    let hash = handle
    let update = library.function("botan_hash_update", Set.self)
    let final = library.function("botan_hash_final", Final.self)
    let text = CryptoCase.text(byteCount)
    var output = [UInt8](repeating: 0, count: 32)
    let step = {
      _ = update(hash, text, byteCount)
      _ = final(hash, &output)
    }
    return CryptoOperation(step: step, output: { output })
  }
}
