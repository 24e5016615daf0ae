import Guomi
import KeyLadder
import Kernel
import Provisioning
import Synchronization

/// The key service's part, with root keys in memory; it can be made to fail.
final class LocalRootKeys: DeviceRootKeys {
  let platform: SM2.SigningKey
  private let root: OpenedRoot
  private let failure = Mutex<RootKeysError?>(nil)

  init(random: RandomSource) throws {
    platform = try SM2.SigningKey.generate(random: random)
    root = OpenedRoot(
      try DeviceRoot(
        version: 1, withElement: random.secret(32), withoutElement: random.secret(32), signing: platform,
        random: random))
  }

  /// What it answers from now on in place of keys.
  func fail(_ error: RootKeysError?) { failure.withLock { $0 = error } }

  private func check() throws(RootKeysError) {
    if let error = failure.withLock({ $0 }) { throw error }
  }

  func answer(
    _ request: ProvisioningRequest, for organisation: ID<Organisation>
  ) async throws(RootKeysError) -> IssuedDeviceKey {
    try check()
    return try await root.answer(request, for: organisation)
  }

  func platformKey(of organisation: ID<Organisation>) async throws(RootKeysError) -> SM2.VerifyingKey {
    try check()
    return await root.platformKey(of: organisation)
  }

  func sign(_ statement: [UInt8], for organisation: ID<Organisation>) async throws(RootKeysError) -> [UInt8] {
    try check()
    return try await root.sign(statement, for: organisation)
  }

  func file(
    _ devices: [(holder: KeyLadder.Holder, random: [UInt8])], lot: [UInt8], station: [UInt8],
    encryptionKey: SM2.EncryptionKey, validity: Range<UInt64>, for organisation: ID<Organisation>
  ) async throws(RootKeysError) -> IssuedBatchFile {
    try check()
    return try await root.file(
      devices, lot: lot, station: station, encryptionKey: encryptionKey, validity: validity, for: organisation)
  }

  func communicationKey(_ ask: CommunicationKeyAsk) async throws(RootKeysError) -> SecretBytes {
    try check()
    return try await root.communicationKey(ask)
  }
}
