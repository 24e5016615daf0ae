import Guomi
import Kernel
import Vault
import WireFormats

/// What a call brings, read strictly.
struct VaultArguments {
  private let frame: VaultFrame

  init(_ frame: VaultFrame) {
    self.frame = frame
  }

  private func missing(_ name: String) -> VaultError {
    .refused(code: "vault.argument", detail: "The call lacks \(name), or it is of another form.")
  }

  func id<Entity>(_ name: String, _: Entity.Type = Entity.self) throws(VaultError) -> ID<Entity> {
    guard let bytes = frame.body[name]?.byteString, let id = ID<Entity>(bytes: bytes) else { throw missing(name) }
    return id
  }

  func text(_ name: String) throws(VaultError) -> String {
    guard let text = frame.body[name]?.string, text.utf8.count <= 256 else { throw missing(name) }
    return text
  }

  func integer(_ name: String) throws(VaultError) -> Int64 {
    guard let value = frame.body[name]?.integer else { throw missing(name) }
    return value
  }

  func bytes(_ name: String, max: Int) throws(VaultError) -> [UInt8] {
    guard let bytes = frame.body[name]?.byteString, bytes.count <= max else { throw missing(name) }
    return bytes
  }

  func organisation() throws(VaultError) -> ID<Organisation> { try id("organisation") }

  func purpose() throws(VaultError) -> String {
    let purpose = try text("purpose")
    try Hierarchy.checkPurpose(purpose)
    return purpose
  }

  var secret: SecretBytes? { frame.secret }

  /// A custodian's share, number and bytes, as the secret of the call.
  func share() throws(VaultError) -> Shamir.Share {
    guard let secret = frame.secret, (17...65).contains(secret.count) else { throw missing("share") }
    let number = secret.withUnsafeBytes { $0[0] }
    guard number > 0 else { throw missing("share") }
    return Shamir.Share(number: number, bytes: secret.part(1..<secret.count))
  }

  /// What the call is about, for the log: ids, names and counts, never a key.
  var subject: String {
    var parts: [String] = []
    for name in [
      "role", "organisation", "purpose", "suite", "key", "kek", "kind", "proposal", "id", "custodian", "name", "count",
    ] {
      switch frame.body[name] {
      case .text(let text)?: parts.append("\(name)=\(text.prefix(64))")
      case .bytes(let bytes)? where bytes.count == 16:
        parts.append("\(name)=\(ID<Organisation>(bytes: bytes)?.description ?? "")")
      case .number(let number)?: parts.append("\(name)=\(number.integer ?? 0)")
      default: break
      }
    }
    return parts.joined(separator: " ")
  }
}
