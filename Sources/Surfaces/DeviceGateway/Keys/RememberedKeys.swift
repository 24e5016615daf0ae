import Guomi
import KeyLadder
import Kernel
import Provisioning
import Synchronization

/// Communication keys of the epochs that count now, so that ten thousand devices that come back at once do not ask the
/// key service for ten thousand keys. In memory only: a platform that starts anew asks.
final class RememberedKeys: Sendable {
  /// Keys at most; when there are more, those of old epochs go, then all.
  static let countMax = 65_536

  private struct Place: Hashable {
    let key: ID<DeviceKeyRecord>
    let epoch: KeyEpoch
  }

  private let provisioning: Provisioning
  private let keys = Mutex<[Place: SecretBytes]>([:])

  init(_ provisioning: Provisioning) { self.provisioning = provisioning }

  func keep(_ key: SecretBytes, of record: ID<DeviceKeyRecord>, _ epoch: KeyEpoch) {
    keys.withLock { keys in
      if keys.count >= Self.countMax {
        keys = keys.filter { provisioning.isAccepted($0.key.epoch) }
        if keys.count >= Self.countMax { keys = [:] }
      }
      keys[Place(key: record, epoch: epoch)] = key
    }
  }

  /// nil too for an epoch that is over.
  func key(of record: ID<DeviceKeyRecord>, _ epoch: KeyEpoch) -> SecretBytes? {
    guard provisioning.isAccepted(epoch) else { return nil }
    return keys.withLock { $0[Place(key: record, epoch: epoch)] }
  }

  /// A key that is used no more.
  func forget(_ record: ID<DeviceKeyRecord>) {
    keys.withLock { keys in keys = keys.filter { $0.key.key != record } }
  }
}
