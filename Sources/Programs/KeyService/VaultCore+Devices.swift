import Guomi
import Kernel
import SQLStore
import Vault
import WireFormats

/// Keys of devices, derived from roots that never leave: one key a device, one communication key an epoch.
///
/// - Source: clauses 9.2.2 b, 9.4 d, e; SP 800-108 counter mode with HMAC-SM3.
extension VaultCore {
  /// The purpose of the root keys.
  private static let purpose = "devices"

  /// Derives a device's key and gives it encrypted to its secure element, or to the factory station that puts it into a
  /// device without. Nobody else sees it; the platform keeps random, version and check value.
  func deviceKey(
    _ hierarchy: Hierarchy, _ organisation: ID<Organisation>, _ arguments: VaultArguments
  ) throws -> VaultFrame {
    let root = try root(hierarchy, organisation, arguments)
    let key = try deviceSecret(try hierarchy.usable(root), arguments)
    let sealed: SM2.Ciphertext
    do throws(SM2Error) {
      let point = try SM2.PublicPoint(x963: try Self.recipient(arguments))
      sealed = try SM2.EncryptionKey(point).encrypt(key, random: environment.random)
    } catch {
      throw VaultError.refused(code: "vault.publicKey", detail: "The recipient is no SM2 public key.")
    }
    return VaultFrame([
      ("version", .integer(root.version)), ("sealed", .bytes(sealed.raw)),
      ("checkValue", .bytes(Self.checkValue(key))),
    ])
  }

  /// What both ends compare: as `KeyLadder` on the device's side.
  private static func checkValue(_ key: SecretBytes) -> [UInt8] {
    KBKDF.derive(secret: key, label: Array("LZGY-KCV-1".utf8), context: [UInt8](), byteCount: 32)
      .withUnsafeBytes { Array($0.prefix(8)) }
  }

  private static func recipient(_ arguments: VaultArguments) throws(SM2Error) -> [UInt8] {
    do { return try arguments.bytes("recipient", max: 65) } catch { throw .publicKeyInvalid }
  }

  /// The communication key of one epoch: CK = KBKDF(DK, "LZGY-CK-1", LP(DEV_ID) ‖ TS8 ‖ Rp16 ‖ Rd16).
  func communicationKey(
    _ hierarchy: Hierarchy, _ organisation: ID<Organisation>, _ arguments: VaultArguments
  ) throws -> VaultFrame {
    let root = try root(hierarchy, organisation, arguments)
    let key = try deviceSecret(try hierarchy.usable(root), arguments)
    let start = UInt64(bitPattern: try arguments.integer("start"))
    let platform = try arguments.bytes("platformRandom", max: 16)
    let device = try arguments.bytes("deviceRandom", max: 16)
    guard platform.count == 16, device.count == 16 else {
      throw VaultError.refused(code: "vault.argument", detail: "The randoms have 16 bytes each.")
    }
    let context = try Self.prefixed(arguments.text("device").utf8)
      + (0..<8).map { UInt8(truncatingIfNeeded: start >> (56 - 8 * $0)) } + platform + device
    let secret = KBKDF.derive(secret: key, label: Array("LZGY-CK-1".utf8), context: context, byteCount: 32)
    return VaultFrame([("version", .integer(root.version))], secret: secret)
  }

  /// DK = KBKDF(root, "LZGY-DK-1", LP(SE_ID) ‖ LP(DEV_ID) ‖ R32), or "LZGY-DK0-1" and another root without an SE.
  private func deviceSecret(_ root: SecretBytes, _ arguments: VaultArguments) throws -> SecretBytes {
    let random = try arguments.bytes("random", max: 32)
    guard random.count == 32 else {
      throw VaultError.refused(code: "vault.argument", detail: "The device's random has 32 bytes.")
    }
    let element = Self.element(arguments)
    let label = element == nil ? "LZGY-DK0-1" : "LZGY-DK-1"
    let context = try (element.map { Self.prefixed($0) } ?? []) + Self.prefixed(arguments.text("device").utf8) + random
    return KBKDF.derive(secret: root, label: Array(label.utf8), context: context, byteCount: 32)
  }

  /// LP(x): two bytes of length, then x.
  private static func prefixed(_ bytes: some Collection<UInt8>) -> [UInt8] {
    [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes
  }

  /// The secure element's id, any bytes or a text; nil without one.
  private static func element(_ arguments: VaultArguments) -> [UInt8]? {
    (try? arguments.bytes("element", max: 128)) ?? (try? arguments.text("element")).map { Array($0.utf8) }
  }

  /// The root of a version, or the newest, made when there is none.
  func root(
    _ hierarchy: Hierarchy, _ organisation: ID<Organisation>, _ arguments: VaultArguments
  ) throws -> KeyRow {
    let kind: KeyKind = Self.element(arguments) == nil ? .deviceRootBare : .deviceRoot
    if let version = try? arguments.integer("version") {
      let row = try hierarchy.sql.row(
        """
        SELECT * FROM vault_key WHERE organisation = \(organisation) AND purpose = \(Self.purpose)
          AND kind = \(kind.rawValue) AND version = \(version)
        """)
      guard let row else { throw VaultError.keyUnknown }
      return try KeyRow(row)
    }
    return try hierarchy.primary(organisation, Self.purpose, kind)
      ?? hierarchy.makeKey(organisation, Self.purpose, kind, secret: try environment.random.secret(32))
  }
}
