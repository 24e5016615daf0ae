import CGuomi

extension SM4 {
  /// How a key does its work. All paths give the same bytes; tests and benchmarks force each.
  package enum Path: String, CaseIterable, Sendable {
    /// Any processor.
    case scalar
    /// AES-NI, AVX2, PCLMULQDQ.
    case aesni
    /// GFNI, AVX-512, VPCLMULQDQ.
    case gfni

    /// The fastest of this machine.
    package static var best: Path { Path(guomi_sm4_best()) }

    /// Those that this machine can take, slowest first.
    package static var available: [Path] { allCases.filter { guomi_sm4_supports($0.code) == 1 } }

    var code: guomi_sm4_path {
      switch self {
      case .scalar: GUOMI_SM4_SCALAR
      case .aesni: GUOMI_SM4_AESNI
      case .gfni: GUOMI_SM4_GFNI
      }
    }

    private init(_ code: guomi_sm4_path) {
      switch code {
      case GUOMI_SM4_GFNI: self = .gfni
      case GUOMI_SM4_AESNI: self = .aesni
      default: self = .scalar
      }
    }
  }
}
