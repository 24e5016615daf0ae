import Guomi

/// One message's worth of work that can be repeated, and what came out last.
struct CryptoOperation {
  let step: () -> Void
  let output: () -> [UInt8]
}

/// What is measured: one algorithm at one size, ours on one path. Key, nonce and associated data are the same for all
/// peers, and so must be the results.
struct CryptoCase {
  enum Algorithm: String {
    case ctr = "SM4-CTR"
    case gcm = "SM4-GCM"
    case sm3 = "SM3"
  }

  let algorithm: Algorithm
  let byteCount: Int
  /// Nil for the path that a key takes by itself.
  let path: SM4.Path?
  let ours: CryptoOperation

  var name: String { algorithm.rawValue + (path.map { " (\($0.rawValue))" } ?? "") }

  static let key: [UInt8] = Array(0x30..<0x40)
  static let nonce: [UInt8] = Array(0x50..<0x5c)
  static let counter: [UInt8] = nonce + [0, 0, 0, 1]
  static let associated: [UInt8] = Array(0x60..<0x74)

  static func text(_ byteCount: Int) -> [UInt8] { (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) } }

  static func all() throws -> [CryptoCase] {
    var cases: [CryptoCase] = []
    for byteCount in [16_384, 1_024, 64] {
      cases.append(try ctr(byteCount, nil))
      cases.append(try gcm(byteCount, nil))
    }
    for path in SM4.Path.available where path != .best {
      cases.append(try ctr(16_384, path))
      cases.append(try gcm(16_384, path))
    }
    return cases + sm3()
  }

  private static func ctr(_ byteCount: Int, _ path: SM4.Path?) throws -> CryptoCase {
    let key = try SM4.Unauthenticated.CTRKey(SecretBytes(copying: key), path: path)
    let text = text(byteCount)
    var output: [UInt8] = []
    let step = { output = (try? key.apply(counter: counter, to: text)) ?? [] }
    return CryptoCase(
      algorithm: .ctr, byteCount: byteCount, path: path, ours: CryptoOperation(step: step, output: { output }))
  }

  private static func gcm(_ byteCount: Int, _ path: SM4.Path?) throws -> CryptoCase {
    let none = RandomSource { _ in [] }
    let key = try SM4.GCMKey(SecretBytes(copying: key), random: none, path: path)
    let nonce = try nonce.withUnsafeBytes { try SM4.Nonce($0) }
    let text = text(byteCount)
    var output: [UInt8] = []
    let step = {
      text.withUnsafeBytes { text in
        associated.withUnsafeBytes { associated in
          output = (try? key.seal(text, authenticating: associated, nonce: nonce)) ?? []
        }
      }
    }
    return CryptoCase(
      algorithm: .gcm, byteCount: byteCount, path: path, ours: CryptoOperation(step: step, output: { output }))
  }
}
