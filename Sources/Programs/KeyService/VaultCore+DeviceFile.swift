import Guomi
import Kernel
import KeyLadder
import Vault
import WireFormats

/// Files of device keys for stations without a network (clauses 9.4 d, 9.2.2 b): made here, so that the platform never
/// has one of the keys.
extension VaultCore {
  /// The purpose of the key that signs what devices and stations get.
  static let platformPurpose = "devices"

  /// Derives the keys of many devices without a secure element into a file that one station opens.
  func deviceFile(
    _ hierarchy: Hierarchy, _ organisation: ID<Organisation>, _ arguments: VaultArguments
  ) throws -> VaultFrame {
    let root = try root(hierarchy, organisation, arguments)
    let secret = try hierarchy.usable(root)
    let holders = try arguments.devices("devices")
    let signer = try signingKey(hierarchy, organisation, purpose: Self.platformPurpose, algorithm: "sm2")
    let signing = try SM2.SigningKey(secret: try hierarchy.usable(signer))
    do {
      let entries = try holders.map { device, random in
        let holder = try KeyLadder.Holder(element: nil, device: device)
        return try ProvisioningBatch.Entry(
          holder: holder, random: random, key: KeyLadder.deviceKey(root: secret, holder: holder, random: random))
      }
      let head = try ProvisioningBatch.Head(
        id: try arguments.bytes("lot", max: 16), station: Array(try arguments.text("station").utf8),
        validity: try arguments.validity(), rootVersion: UInt32(clamping: root.version))
      let station = SM2.EncryptionKey(try SM2.PublicPoint(x963: try arguments.bytes("recipient", max: 65)))
      let file = try ProvisioningBatch.seal(entries, head: head, station: station, random: environment.random) {
        try signing.sign($0, random: environment.random).raw
      }
      return VaultFrame([
        ("version", .integer(root.version)), ("file", .bytes(file)),
        ("checkValues", .bytes(entries.flatMap { KeyLadder.checkValue($0.key) })),
      ])
    } catch let error as VaultError {
      throw error
    } catch {
      throw VaultError.refused(code: "vault.argument", detail: "The file can not be made of this.")
    }
  }
}

extension VaultArguments {
  /// Names and random numbers: one byte of length, the name, 32 bytes; again and again.
  fileprivate func devices(_ name: String) throws(VaultError) -> [(device: [UInt8], random: [UInt8])] {
    var rest = try bytes(name, max: VaultFrame.bodyBytesMax)[...]
    var devices: [(device: [UInt8], random: [UInt8])] = []
    while let length = rest.popFirst() {
      guard rest.count >= Int(length) + KeyLadder.deviceRandomByteCount else {
        throw .refused(code: "vault.argument", detail: "The list of devices is cut off.")
      }
      let device = Array(rest.prefix(Int(length)))
      rest = rest.dropFirst(Int(length))
      devices.append((device, Array(rest.prefix(KeyLadder.deviceRandomByteCount))))
      rest = rest.dropFirst(KeyLadder.deviceRandomByteCount)
    }
    return devices
  }

  fileprivate func validity() throws(VaultError) -> Range<UInt64> {
    let (from, until) = (try integer("from"), try integer("until"))
    guard 0 <= from, from < until else {
      throw .refused(code: "vault.argument", detail: "The file's time ends before it begins.")
    }
    return UInt64(from)..<UInt64(until)
  }
}
