package import Guomi
package import KeyLadder
package import Kernel

/// Root keys that are open in this process: what the key service is made of, and what tests use in its place.
package struct OpenedRoot: DeviceRootKeys {
  private let root: DeviceRoot

  package init(_ root: DeviceRoot) { self.root = root }

  package func answer(
    _ request: ProvisioningRequest, for _: ID<Organisation>
  ) async throws(RootKeysError) -> IssuedDeviceKey {
    do throws(KeyLadderError) {
      let (answer, check) = try root.answer(request)
      return IssuedDeviceKey(answer: answer.message, rootVersion: root.version, checkValue: check)
    } catch {
      throw .refused
    }
  }

  package func file(
    _ devices: [(holder: KeyLadder.Holder, random: [UInt8])], lot: [UInt8], station: [UInt8],
    encryptionKey: SM2.EncryptionKey, validity: Range<UInt64>, for _: ID<Organisation>
  ) async throws(RootKeysError) -> IssuedBatchFile {
    do throws(KeyLadderError) {
      let (file, checks) = try root.file(
        devices, lot: lot, station: station, encryptionKey: encryptionKey, validity: validity)
      return IssuedBatchFile(file: file, rootVersion: root.version, checkValues: checks)
    } catch {
      throw .refused
    }
  }

  package func communicationKey(_ ask: CommunicationKeyAsk) async throws(RootKeysError) -> SecretBytes {
    guard ask.rootVersion == root.version else { throw .refused }
    do throws(KeyLadderError) {
      return try root.communicationKey(
        ask.holder, random: ask.random, epoch: ask.epoch, platformRandom: ask.platformRandom,
        deviceRandom: ask.deviceRandom)
    } catch {
      throw .refused
    }
  }

  package func platformKey(of _: ID<Organisation>) async -> SM2.VerifyingKey { root.platformKey }

  package func sign(_ statement: [UInt8], for _: ID<Organisation>) async throws(RootKeysError) -> [UInt8] {
    do { return try root.sign(statement) } catch { throw .unavailable }
  }
}
