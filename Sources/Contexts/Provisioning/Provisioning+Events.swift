package import Kernel

/// A device got a key, showed that it has it, or must not use it any more.
package struct DeviceKeyChanged: JournalEvent {
  package static let kind = "deviceKey.changed"
  /// The device's name.
  package let device: String
  package let key: ID<DeviceKeyRecord>
  package let state: String

  package var subject: String { device }

  init(_ record: DeviceKeyRecord, _ state: DeviceKeyRecord.State) {
    device = record.device
    key = record.id
    self.state = state.rawValue
  }
}

/// The communication keys of a device were forgotten: it has to renew, and its session ends.
package struct DeviceEpochsEnded: JournalEvent {
  package static let kind = "deviceKey.epochsEnded"
  /// The device's name.
  package let device: String
  package let key: ID<DeviceKeyRecord>

  package var subject: String { device }

  init(_ record: DeviceKeyRecord) {
    device = record.device
    key = record.id
  }
}
