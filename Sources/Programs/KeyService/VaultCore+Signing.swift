import Crypto
import Guomi
import Kernel
import SQLStore
import Vault
import WireFormats

/// Keys that sign and never leave: certificate authorities', the audit log's.
extension VaultCore {
  /// The most bytes to sign at once.
  private static let messageBytesMax = 256 << 10

  /// Purposes whose keys only a quorum makes.
  static func needsQuorum(_ purpose: String) -> Bool { purpose.hasPrefix("ca") }

  func makeSigningKey(
    _ hierarchy: Hierarchy, _ organisation: ID<Organisation>, _ purpose: String, algorithm: String
  ) throws -> KeyRow {
    switch algorithm {
    case "p256":
      let key = P256.Signing.PrivateKey()
      var raw = Array(key.rawRepresentation)
      return try hierarchy.makeKey(
        organisation, purpose, .signP256, secret: SecretBytes(taking: &raw),
        publicKey: Array(key.publicKey.x963Representation))
    case "sm2":
      let key = try SM2.SigningKey.generate(random: environment.random)
      return try key.withUnsafeSecret { secret in
        try hierarchy.makeKey(
          organisation, purpose, .signSM2, secret: secret, publicKey: key.verifyingKey.point.x963)
      }
    default: throw VaultError.refused(code: "vault.algorithm", detail: "There is no such signature algorithm.")
    }
  }

  private func signingKey(
    _ hierarchy: Hierarchy, _ organisation: ID<Organisation>, _ arguments: VaultArguments
  ) throws -> KeyRow {
    try signingKey(
      hierarchy, organisation, purpose: arguments.purpose(), algorithm: arguments.text("algorithm"))
  }

  /// The key of a purpose that signs, made when there is none.
  func signingKey(
    _ hierarchy: Hierarchy, _ organisation: ID<Organisation>, purpose: String, algorithm: String
  ) throws -> KeyRow {
    guard algorithm == "sm2" || algorithm == "p256" else {
      throw VaultError.refused(code: "vault.algorithm", detail: "There is no such signature algorithm.")
    }
    let kind: KeyKind = algorithm == "sm2" ? .signSM2 : .signP256
    if let key = try hierarchy.primary(organisation, purpose, kind) { return key }
    guard !Self.needsQuorum(purpose) else {
      throw VaultError.refused(code: "vault.quorum", detail: "An authority's key is made with two approvals.")
    }
    return try makeSigningKey(hierarchy, organisation, purpose, algorithm: algorithm)
  }

  func publicKey(
    _ hierarchy: Hierarchy, _ organisation: ID<Organisation>, _ arguments: VaultArguments
  ) throws -> VaultFrame {
    let key = try signingKey(hierarchy, organisation, arguments)
    return VaultFrame([("key", .bytes(key.id.bytes)), ("public", .bytes(key.publicKey ?? []))])
  }

  func sign(
    _ hierarchy: Hierarchy, _ organisation: ID<Organisation>, _ arguments: VaultArguments
  ) throws -> VaultFrame {
    let key = try signingKey(hierarchy, organisation, arguments)
    let message = try arguments.bytes("message", max: Self.messageBytesMax)
    let secret = try hierarchy.usable(key)
    let signature: [UInt8]
    switch key.kind {
    case .signP256:
      let signing = try secret.withUnsafeBytes { try P256.Signing.PrivateKey(rawRepresentation: $0) }
      signature = Array(try signing.signature(for: message).derRepresentation)
    default:
      let signing = try SM2.SigningKey(secret: secret)
      signature = try signing.sign(message, random: environment.random).der
    }
    return VaultFrame([("key", .bytes(key.id.bytes)), ("signature", .bytes(signature))])
  }
}
