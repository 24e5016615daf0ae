/// What a key is of.
public enum KeyAlgorithm: UInt8, Hashable, Sendable, CaseIterable {
  case sm2Signing = 0x01
  case sm2Encryption = 0x02
  case sm2Exchange = 0x03
  case rsa2048 = 0x11
  case rsa3072 = 0x12
  case sm4 = 0x21
  case aes128 = 0x31
  case aes256 = 0x32
  /// Three keys of 56 bits, to read what old devices wrote: it decrypts only, and is never made, only imported.
  case tdes = 0x41
  /// The key of the device: made by provisioning only.
  case deviceKey = 0x51
  /// The key of an epoch: made by renewal only.
  case communicationKey = 0x52

  public var isAsymmetric: Bool { rawValue < 0x20 }

  /// Bytes of a secret key; nil for key pairs.
  public var secretByteCount: Int? {
    switch self {
    case .sm2Signing, .sm2Encryption, .sm2Exchange, .rsa2048, .rsa3072: nil
    case .sm4, .aes128: 16
    case .aes256, .deviceKey, .communicationKey: 32
    case .tdes: 24
    }
  }

  /// What a key of it can be for; a slot gets a part of that.
  public var usages: KeyUsage {
    switch self {
    case .sm2Signing: .sign
    case .sm2Encryption: .unwrap
    case .sm2Exchange: .exchange
    case .rsa2048, .rsa3072: [.sign, .unwrap]
    case .sm4, .aes128, .aes256: [.seal, .open]
    case .tdes: .open
    case .deviceKey, .communicationKey: .derive
    }
  }
}

/// What a key may be used for.
public struct KeyUsage: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let sign = KeyUsage(rawValue: 1)
  /// Decrypts keys that then stay inside.
  public static let unwrap = KeyUsage(rawValue: 2)
  public static let exchange = KeyUsage(rawValue: 4)
  public static let seal = KeyUsage(rawValue: 8)
  public static let open = KeyUsage(rawValue: 16)
  public static let derive = KeyUsage(rawValue: 32)
}

/// A place for a key, as it is seen from outside.
public struct KeySlot: Hashable, Sendable {
  public typealias Number = UInt16

  /// What may be done with the slot's key.
  public enum State: UInt8, Hashable, Sendable {
    case active = 1
    /// It is kept but never used again.
    case disabled = 2
  }

  public let number: Number
  public let algorithm: KeyAlgorithm
  public let usage: KeyUsage
  public let state: State
  /// False for a key that ends with the element's process.
  public let isLasting: Bool
  public let label: String
  /// SM2: x963, 65 bytes. RSA: RSAPublicKey in DER. Empty for secret keys.
  public let publicKey: [UInt8]

  public init(
    number: Number, algorithm: KeyAlgorithm, usage: KeyUsage, state: State, isLasting: Bool, label: String,
    publicKey: [UInt8]
  ) {
    self.number = number
    self.algorithm = algorithm
    self.usage = usage
    self.state = state
    self.isLasting = isLasting
    self.label = label
    self.publicKey = publicKey
  }
}
