import Glibc

/// Another implementation, found on this machine when the benchmark runs. The product needs none of them but OpenSSL.
protocol CryptoPeer {
  var name: String { get }
  var version: String { get }

  /// The same work on the same bytes; nil when the library has not got it.
  func operation(_ algorithm: CryptoCase.Algorithm, _ byteCount: Int) -> CryptoOperation?
}

enum CryptoPeers {
  static func all() -> [any CryptoPeer] {
    let peers: [(any CryptoPeer)?] = [OpenSSLPeer(), GcryptPeer(), BotanPeer()]
    return peers.compactMap(\.self)
  }
}

/// A library opened by name; its functions are looked up by name and called with the types that its header gives.
struct SharedLibrary {
  private let handle: UnsafeMutableRawPointer

  init?(_ name: String) {
    guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { return nil }
    self.handle = handle
  }

  /// - Parameter type: the C type of the function, as `@convention(c)`.
  func function<Function>(_ name: String, _ type: Function.Type) -> Function {
    guard let symbol = dlsym(handle, name) else { fatalError("no \(name) in the library") }
    return unsafeBitCast(symbol, to: type)
  }
}
