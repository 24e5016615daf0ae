import Guomi

extension CryptoCase {
  /// The hash at three sizes.
  static func sm3() -> [CryptoCase] {
    [16_384, 1_024, 64].map { byteCount in
      CryptoCase(algorithm: .sm3, byteCount: byteCount, path: nil, ours: ourSM3(byteCount))
    }
  }

  private static func ourSM3(_ byteCount: Int) -> CryptoOperation {
    let text = text(byteCount)
    var digest = SM3.hash([])
    return CryptoOperation(step: { digest = SM3.hash(text) }, output: { digest.bytes })
  }
}
