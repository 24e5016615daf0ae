import Guomi
import KeyLadder
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

  func answer(_ request: ProvisioningRequest) async throws(RootKeysError) -> IssuedDeviceKey {
    try check()
    return try await root.answer(request)
  }

  func file(
    _ devices: [(holder: KeyLadder.Holder, random: [UInt8])], lot: [UInt8], station: [UInt8],
    encryptionKey: SM2.EncryptionKey, validity: Range<UInt64>
  ) async throws(RootKeysError) -> IssuedBatchFile {
    try check()
    return try await root.file(devices, lot: lot, station: station, encryptionKey: encryptionKey, validity: validity)
  }

  func communicationKey(_ ask: CommunicationKeyAsk) async throws(RootKeysError) -> SecretBytes {
    try check()
    return try await root.communicationKey(ask)
  }
}
