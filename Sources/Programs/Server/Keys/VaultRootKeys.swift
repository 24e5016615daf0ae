package import Guomi
package import KeyLadder
package import Kernel
package import Provisioning
package import Vault
import WireFormats

/// The roots of devices' keys, in the key service: what the platform gets of them are answers that only the asking
/// element opens, files that only their station opens, and communication keys.
///
/// - Source: clauses 9.2.2 b, 9.4 d and 9.4 e.
package struct VaultRootKeys: DeviceRootKeys {
  /// The purpose of the key that signs for the platform; the same as in the key service's own files.
  private static let purpose = "devices"

  private let source: any KeySource

  /// - Parameter source: many calls at once are good for it: the key service answers them in one commit.
  package init(_ source: any KeySource) { self.source = source }

  package func answer(
    _ request: ProvisioningRequest, for organisation: ID<Organisation>
  ) async throws(RootKeysError) -> IssuedDeviceKey {
    let arguments = Self.holder(request.holder, request.random, organisation)
    let made = try await call(
      .deviceKey, arguments + [("recipient", .bytes(request.encryptionKey.point.x963))])
    guard let version = made["version"]?.integer.flatMap({ UInt32(exactly: $0) }),
      let sealed = made["sealed"]?.byteString, let check = made["checkValue"]?.byteString,
      let draft = try? ProvisioningAnswer.Draft(request, sealedKey: sealed, checkValue: check, rootVersion: version)
    else { throw .refused }
    guard let answer = try? draft.signed(try await sign(draft.statement, for: organisation)) else { throw .refused }
    return IssuedDeviceKey(answer: answer.message, rootVersion: version, checkValue: check)
  }

  package func file(
    _ devices: [(holder: KeyLadder.Holder, random: [UInt8])], lot: [UInt8], station: [UInt8],
    encryptionKey: SM2.EncryptionKey, validity: Range<UInt64>, for organisation: ID<Organisation>
  ) async throws(RootKeysError) -> IssuedBatchFile {
    guard devices.allSatisfy({ $0.holder.element == nil }) else { throw .refused }
    let list = devices.flatMap { holder, random in [UInt8(holder.device.count)] + holder.device + random }
    let made = try await call(
      .deviceFile,
      [
        ("organisation", .bytes(organisation.bytes)), ("devices", .bytes(list)), ("lot", .bytes(lot)),
        ("station", .text(String(decoding: station, as: UTF8.self))),
        ("recipient", .bytes(encryptionKey.point.x963)), ("from", .integer(validity.lowerBound)),
        ("until", .integer(validity.upperBound)),
      ])
    guard let version = made["version"]?.integer.flatMap({ UInt32(exactly: $0) }), let file = made["file"]?.byteString,
      let checks = made["checkValues"]?.byteString, checks.count == 8 * devices.count
    else { throw .refused }
    return IssuedBatchFile(
      file: file, rootVersion: version,
      checkValues: stride(from: 0, to: checks.count, by: 8).map { Array(checks[$0..<($0 + 8)]) })
  }

  package func communicationKey(_ ask: CommunicationKeyAsk) async throws(RootKeysError) -> SecretBytes {
    let frame = VaultFrame.call(
      .communicationKey,
      Self.holder(ask.holder, ask.random, ask.organisation) + [
        ("version", .integer(ask.rootVersion)), ("start", .integer(ask.epoch.start)),
        ("platformRandom", .bytes(ask.platformRandom)), ("deviceRandom", .bytes(ask.deviceRandom)),
      ])
    guard let key = try await answer(frame).secret, key.count == KeyLadder.keyByteCount else { throw .refused }
    return key
  }

  package func platformKey(of organisation: ID<Organisation>) async throws(RootKeysError) -> SM2.VerifyingKey {
    let made = try await call(.publicKey, Self.signer(organisation))
    guard let key = made["public"]?.byteString, let point = try? SM2.PublicPoint(x963: key) else { throw .refused }
    return SM2.VerifyingKey(point)
  }

  package func sign(_ statement: [UInt8], for organisation: ID<Organisation>) async throws(RootKeysError) -> [UInt8] {
    let made = try await call(.sign, Self.signer(organisation) + [("message", .bytes(statement))])
    guard let der = made["signature"]?.byteString, let signature = try? SM2.Signature(der: der) else {
      throw .refused
    }
    return signature.raw
  }

  private static func signer(_ organisation: ID<Organisation>) -> [(String, WireValue)] {
    [("organisation", .bytes(organisation.bytes)), ("purpose", .text(purpose)), ("algorithm", .text("sm2"))]
  }

  private static func holder(
    _ holder: KeyLadder.Holder, _ random: [UInt8], _ organisation: ID<Organisation>
  ) -> [(String, WireValue)] {
    var arguments: [(String, WireValue)] = [
      ("organisation", .bytes(organisation.bytes)),
      ("device", .text(String(decoding: holder.device, as: UTF8.self))), ("random", .bytes(random)),
    ]
    if let element = holder.element { arguments.append(("element", .bytes(element))) }
    return arguments
  }

  private func call(
    _ operation: VaultOperation, _ arguments: [(String, WireValue)]
  ) async throws(RootKeysError) -> WireValue {
    try await answer(.call(operation, arguments)).body
  }

  private func answer(_ frame: VaultFrame) async throws(RootKeysError) -> VaultFrame {
    do { return try await source.call(frame).answer() } catch {
      switch error.kind {
      case .unavailable: throw .unavailable
      default: throw .refused
      }
    }
  }
}
